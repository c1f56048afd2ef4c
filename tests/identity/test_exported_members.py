"""What the package offers is listed, and is where it says."""

import shared.identity


def test_every_exported_name_is_offered_in_order() -> None:
    names = shared.identity.__all__
    assert list(names) == sorted(names)
    public = {name for name, value in vars(shared.identity).items() if not name.startswith("_")}
    assert public == set(names)


def test_every_exported_name_is_documented() -> None:
    for name in shared.identity.__all__:
        assert getattr(shared.identity, name).__doc__, name
