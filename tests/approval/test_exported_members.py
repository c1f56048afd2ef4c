import shared.approval


def test_what_is_exported_is_there_and_sorted() -> None:
    assert all(hasattr(shared.approval, name) for name in shared.approval.__all__)
    assert shared.approval.__all__ == sorted(shared.approval.__all__, key=lambda name: (not name.isupper(), name))
