"""However many ways lead to an answer, it is found: each object is looked at once."""

from itertools import pairwise
from typing import Any

import pytest

from shared.openfga_language import parse_model
from tests.fga._servers import Api

MODEL = parse_model(
    "model\n  schema 1.1\ntype user\ntype group\n  relations\n    define member: [user, group#member]\n"
    "type folder\n  relations\n    define parent: [folder]\n    define viewer: [user] or viewer from parent\n"
    "type level\n  relations\n    define blocked: [user]\n    define below: [level]\n"
    "    define seen: [user] or both from below\n    define both: seen but not blocked\n"
)
PLAIN = parse_model(
    "model\n  schema 1.1\ntype user\ntype folder\n  relations\n    define parent: [folder]\n"
    "    define viewer: [user] or viewer from parent\n"
)
WIDE = 30


def member(group: object, of: object) -> dict[str, str]:
    return {"object": f"group:{group}", "relation": "member", "user": f"{of}"}


async def asked(api: Api, store: str, of: str, relation: str, name: str) -> tuple[Any, Any, Any]:
    """What a check, a list of users and a list of objects say."""
    key = {"object": of, "relation": relation, "user": "user:a"}
    _, allowed = await api.call("POST", f"{store}/check", {"tuple_key": key})
    body = {"object": {"type": name, "id": of.partition(":")[2]}, "relation": relation}
    _, users = await api.call("POST", f"{store}/list-users", body | {"user_filters": [{"type": "user"}]})
    wanted = {"type": name, "relation": relation, "user": "user:a"}
    _, objects = await api.call("POST", f"{store}/list-objects", wanted)
    return allowed.get("allowed", allowed), users.get("users", users), objects.get("objects", objects)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("is_member", [True, False])
async def test_groups_that_are_all_in_each_other_are_looked_at_once(ours: Api, *, is_member: bool) -> None:
    store = await ours.store(MODEL)
    tuples = [member(one, f"group:{two}#member") for one in range(WIDE) for two in range(WIDE) if one != two]
    await ours.write(store, [*tuples, *([member(WIDE - 1, "user:a")] if is_member else [])])

    allowed, users, objects = await asked(ours, store, "group:0", "member", "group")

    assert allowed is is_member
    assert users == ([{"object": {"type": "user", "id": "a"}}] if is_member else [])
    assert len(objects) == (WIDE if is_member else 0)


@pytest.mark.timeout(20)
async def test_many_ways_through_layers_are_gone_once(ours: Api) -> None:
    """Two groups in each of 22 layers, each holding both of the next: four million ways."""
    store = await ours.store(MODEL)
    layers = [[f"{layer}-{side}" for side in "ab"] for layer in range(22)]
    tuples = [
        member(upper, f"group:{lower}#member")
        for above, below in pairwise(layers)
        for upper in above
        for lower in below
    ]
    await ours.write(store, [*tuples, member("21-b", "user:z")])

    allowed, users, objects = await asked(ours, store, "group:0-a", "member", "group")

    assert (allowed, users, objects) == (False, [{"object": {"type": "user", "id": "z"}}], [])


@pytest.mark.timeout(50)
async def test_what_would_take_for_ever_is_given_up(ours: Api) -> None:
    """Where what goes round is also excluded, every way matters; OpenFGA gives up after three seconds."""
    store = await ours.store(MODEL)
    tuples = [
        {"object": f"level:{one}", "relation": "below", "user": f"level:{two}"}
        for one in range(WIDE)
        for two in range(WIDE)
        if one != two
    ]
    await ours.write(store, tuples)

    allowed, _, _ = await asked(ours, store, "level:0", "both", "level")

    assert allowed is False or allowed["code"] in {
        "deadline_exceeded",
        "authorization_model_resolution_too_complex",
    }


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("model", "length", "expected"),
    [(PLAIN, 900, 900), (MODEL, 25, 25), (MODEL, 26, "authorization_model_resolution_too_complex")],
    ids=["plain", "candidates", "candidates that lie too far"],
)
async def test_a_long_chain_of_folders_is_listed(api: Api, model: Any, length: int, expected: object) -> None:
    """A list of objects goes as far as it leads, but where an exclusion lies on a way that goes round in the model."""
    store = await api.store(model)
    chain = [
        {"object": f"folder:{number}", "relation": "parent", "user": f"folder:{number - 1}"}
        for number in range(1, length)
    ]
    await api.write(store, [*chain, {"object": "folder:0", "relation": "viewer", "user": "user:a"}])

    wanted = {"type": "folder", "relation": "viewer", "user": "user:a"}
    status, answer = await api.call("POST", f"{store}/list-objects", wanted)

    assert (len(answer["objects"]) if status == 200 else answer["code"]) == expected
