from shared import tasks


def test_what_is_exported_is_sorted_and_there() -> None:
    assert tasks.__all__ == sorted(tasks.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(tasks, name) for name in tasks.__all__)
