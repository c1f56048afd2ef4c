"""What the demonstration takes for right, and that it finds what is wrong."""

import pytest

from portal.conversation import Reply
from portal.demo._play import judge
from portal.demo._script import SCENES, Turn

TURN = Turn("hello", frozenset({"docs_search"}), mentions=(r"VPN",), must_not=(r"https?://",))


def reply(**changes: object) -> Reply:
    made = Reply("c", state="completed", said={"docs_search": "The vpn guide."}, agents=["docs_search"])
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_what_is_right_is_right() -> None:
    assert judge(TURN, reply()) == []
    assert judge(Turn("x", frozenset()), reply(agents=["supervisor"], said={"supervisor": "No."})) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"state": "failed"}, "the task is failed"),
        ({"state": ""}, "the task is not ended"),
        ({"agents": ["docs_search", "password_reset"]}, "asked docs_search and password_reset, not docs_search"),
        ({"agents": []}, "asked nobody, not docs_search"),
        ({"said": {}}, "nothing was said"),
        ({"said": {"docs_search": "Something else."}}, "does not say /VPN/"),
        ({"said": {"docs_search": "VPN: http://x"}}, "says /https?:///"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], problem: str) -> None:
    assert problem in judge(TURN, reply(**changes))


def test_the_script_shows_what_it_has_to() -> None:
    turns = [turn for scene in SCENES for turn in scene.turns]
    assert {scene.login for scene in SCENES} == {"amelia.hart", "oscar.lind"}
    assert any(len(turn.agents) > 1 and not turn.without for turn in turns), "several intents"
    assert any(not turn.agents for turn in turns), "out of scope"
    assert any(turn.without for turn in turns), "a part away"
    assert {turn.asks[1] for turn in turns if turn.asks} == {"approve", "deny"}
    assert {agent for turn in turns for agent in turn.agents} == {"account_lookup", "password_reset", "docs_search"}
