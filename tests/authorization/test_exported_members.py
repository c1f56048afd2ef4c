from shared import authorization


def test_what_is_exported_is_sorted_and_there() -> None:
    assert authorization.__all__ == sorted(authorization.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(authorization, name) for name in authorization.__all__)
