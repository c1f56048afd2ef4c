"""What the package offers is listed, and is where it says."""

import shared.credentials


def test_every_exported_name_is_offered_in_order() -> None:
    names = shared.credentials.__all__
    assert list(names) == sorted(names)
    public = {name for name, value in vars(shared.credentials).items() if not name.startswith("_")}
    assert public == set(names)


def test_every_exported_name_is_documented() -> None:
    for name in shared.credentials.__all__:
        assert getattr(shared.credentials, name).__doc__, name
