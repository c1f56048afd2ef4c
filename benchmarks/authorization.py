"""What it costs to ask who may do what: a question by itself, and its share of a whole request.

The store is the stand-in that `make run` starts; the client is the agents' own. The questions and the requests are
measured in turn, in one run.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Final

from benchmarks.agents import PERSON, RunningDesk, help_desk
from benchmarks.report import Report, table
from portal.conversation import Conversation
from portal.relationships import RelationshipSettings, local_settings, read_roster
from shared.authorization import Check, Consistency, Fact, OpenFga, object_name, user_name
from shared.settings import FgaSettings

TITLE: Final = "Authorization: one question, and its share of a request (two hops, one tool, offline planner)"
REQUEST: Final = "Which groups am I in?"
ASKED: Final = 10
ARTICLES: Final = 60
MAX_SHARE: Final = 0.25
"""Of a request's time, what the question that its tool asks takes at most."""

_FIELDS: Final = ("can_view_profile", "can_view_contact", "can_view_state", "can_view_security")


def run(arguments: argparse.Namespace) -> Report:
    """Measures in turn, as often as there are rounds."""
    return asyncio.run(_run(rounds=arguments.rounds))


async def _run(*, rounds: int) -> Report:
    async with help_desk() as desk:
        store = OpenFga(_settings(desk))
        questions = await _questions(desk)
        milliseconds: dict[str, list[float]] = {name: [] for name in questions}
        requests: list[float] = []
        try:
            conversation = Conversation(desk.desk)
            await conversation.turn(REQUEST, lambda _: None)
            for _ in range(rounds):
                for name, checks in questions.items():
                    milliseconds[name] += [await _question(store, checks) for _ in range(ASKED)]
                for _ in range(ASKED):
                    conversation.begin_another()
                    requests.append((await conversation.turn(REQUEST, lambda _: None)).seconds * 1000)
        finally:
            await store.aclose()
    return _report(milliseconds, requests)


def _here(desk: RunningDesk) -> RelationshipSettings:
    plan = desk.plan
    return local_settings(plan.state, fga_url=plan.url("fga"), directory_url=plan.url("directory"), issuer=plan.issuer)


def _settings(desk: RunningDesk) -> FgaSettings:
    here = _here(desk)
    return FgaSettings.load(
        fga_api_url=here.fga_api_url,
        fga_api_token=here.fga_api_token,
        fga_store_id=here.fga_store_id,
        fga_model_id=here.fga_model_id,
        fga_timeout_seconds=10.0,
    )


async def _questions(desk: RunningDesk) -> dict[str, Sequence[Check]]:
    """What tools ask: of a person and of an agent, each time."""
    here = _here(desk)
    token = here.directory_token.get_secret_value() if here.directory_token else ""
    roster = await read_roster(here.directory_url, token, desk.http)
    account = next(each for each in roster.accounts if each.login.startswith(PERSON))
    both = (user_name(here.auth0_issuer, account.subject), "agent:account_lookup")
    own = object_name("account", account.id)
    articles = [object_name("document", f"article-{number}") for number in range(ARTICLES)]
    return {
        "one relation to an account": [Check(who, "can_view_groups", own) for who in both],
        "an account's four groups of fields": [Check(who, each, own) for each in _FIELDS for who in both],
        f"{ARTICLES} articles": [
            Check(who, "can_read", each, (Fact("audience:everyone", "audience", each),))
            for each in articles
            for who in both
        ],
    }


async def _question(store: OpenFga, checks: Sequence[Check]) -> float:
    begun = time.perf_counter()
    await store.ask(checks, consistency=Consistency.MINIMIZE_LATENCY)
    return (time.perf_counter() - begun) * 1000


def _report(milliseconds: dict[str, list[float]], requests: list[float]) -> Report:
    whole = statistics.median(requests)
    medians = {name: statistics.median(found) for name, found in milliseconds.items()}
    share = next(iter(medians.values())) / whole
    rows = [[name, f"{median:.1f}", f"{median / whole:.0%}"] for name, median in medians.items()]
    text = table(["a question, answered in one go", "p50, ms", "of a request"], rows)
    text += f"\n\nA whole request ({REQUEST}) takes {whole:.1f} ms; it asks the first of these once.\n"
    missed = [f"a question takes {share:.0%} of a request, not {MAX_SHARE:.0%}"] if share > MAX_SHARE else []
    return Report(text, {"questions_ms": milliseconds, "requests_ms": requests, "share": share}, missed)
