"""SCIM filters: what they mean, and that nothing in them reaches the database as SQL."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.directory._errors import OktaError
from local.directory._filter import Attribute, Dialect
from tests.directory._world import World

HOSTILE = [
    '"; DROP TABLE users; --',
    'profile.login eq "x" OR 1=1',
    'profile.x\') FROM users -- eq "1"',
    "profile.login eq 'amelia'",
    'profile..login eq "x"',
    'profile.login. eq "x"',
    'profile.login eq "unended',
    'profile.login eq "\\x41"',
    'profile.login eq "\\ud800"',
    "profile.login eq",
    "(" * 500,
    '(status eq "ACTIVE"',
    'status eq "ACTIVE")',
    'status zz "ACTIVE"',
    'status eq "ACTIVE" and',
    'published gt "2020-01-01T00:00:00Z"',
    "a" * 5000,
    "not not not",
    "password_hash pr",
    'profile.login eq "x" ; select 1',
]


@pytest.mark.parametrize(
    ("path", "parameter"), [("/users", "search"), ("/users", "filter"), ("/logs", "filter"), ("/devices", "search")]
)
async def test_what_cannot_be_understood_is_refused(world: World, path: str, parameter: str) -> None:
    for expression in HOSTILE:
        response = await world.get(path, **{parameter: expression})

        assert response.status_code == 400, expression
        assert response.json()["errorCode"] in {"E0000031", "E0000053"}
    assert len(world.rows("SELECT id FROM users")) > 25


async def test_a_quote_in_a_value_is_a_value(world: World) -> None:
    world.set_profile("tomas.reyes", nickName='To"m\\as')

    found = (await world.get("/users", search='profile.nickName eq "To\\"m\\\\as"')).json()

    assert [user["profile"]["firstName"] for user in found] == ["Tomas"]


DIALECT = Dialect(
    lambda name: Attribute(name) if name in {"a", "b"} else None,
    frozenset({"eq", "ne", "sw", "ew", "co", "gt", "pr", "not"}),
    error="E0000031",
    ignores_case=True,
)


@settings(max_examples=300)
@given(st.text(alphabet="ab ()\"\\'eqnorpt;-%_1.", max_size=60))
def test_an_expression_is_compiled_or_refused_and_its_values_are_bound(expression: str) -> None:
    """Our own choice: whatever comes in, the SQL has placeholders for values and no quote of theirs."""
    try:
        condition = DIALECT.compile(expression)
    except OktaError:
        return
    assert '"' not in condition.sql
    assert ";" not in condition.sql
    assert condition.sql.count("?") == len(condition.values)


def test_and_binds_tighter_than_or() -> None:
    condition = DIALECT.compile('a eq "1" or a eq "2" and not b eq "3"')

    assert (
        condition.sql.replace("coalesce(fold(a) = ?, 0)", "A").replace("coalesce(fold(b) = ?, 0)", "B")
        == "(A OR (A AND NOT (B)))"
    )
    assert condition.values == ("1", "2", "3")
