from shared import audit


def test_what_is_exported_is_sorted_and_there() -> None:
    assert audit.__all__ == sorted(audit.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(audit, name) for name in audit.__all__)
