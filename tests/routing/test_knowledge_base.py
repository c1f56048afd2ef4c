"""The card of docs_search is as broad as its knowledge base: what an article is called by is routed to it.

The cards alone decide. An article's title and aliases are the knowledge base's own words; some are also what another
agent is for ("unlock my account"), and many are bare words that say little without a sentence around them.
"""

from pathlib import Path

import pytest
import yaml
from strands.types.tools import ToolSpec

from benchmarks.routing import load_worlds
from shared.models import OfflinePlanner

ARTICLES = Path(__file__).resolve().parents[2] / "agents" / "docs_search" / "articles"


@pytest.fixture(scope="module")
def helpdesk() -> list[ToolSpec]:
    return load_worlds()["helpdesk"]


@pytest.fixture(scope="module")
def articles() -> list[tuple[str, list[str]]]:
    """The title and the aliases of each English article."""
    heads = [yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1]) for path in sorted(ARTICLES.glob("*.md"))]
    return [(head["title"], head.get("aliases", [])) for head in heads if head["language"] == "en"]


def _agents(said: str, helpdesk: list[ToolSpec], planner: OfflinePlanner) -> list[str]:
    plan = planner.plan([{"role": "user", "content": [{"text": str(said)}]}], helpdesk)
    return [call.tool for call in plan.calls]


def test_nearly_every_article_is_found_by_its_title(
    articles: list[tuple[str, list[str]]], helpdesk: list[ToolSpec]
) -> None:
    planner = OfflinePlanner()
    lost = [title for title, _ in articles if "docs_search" not in _agents(title, helpdesk, planner)]
    assert len(lost) / len(articles) <= 0.1, lost


def test_every_article_is_found_by_some_of_its_aliases(
    articles: list[tuple[str, list[str]]], helpdesk: list[ToolSpec]
) -> None:
    planner = OfflinePlanner()
    found = {
        title: sum("docs_search" in _agents(alias, helpdesk, planner) for alias in aliases) / len(aliases)
        for title, aliases in articles
        if not title.startswith(("Locked out", "Password policy"))  # which password_reset answers as well
    }
    assert sum(found.values()) / len(found) >= 0.65
    assert {title: share for title, share in found.items() if share < 0.2} == {}
