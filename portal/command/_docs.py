"""`helpdesk docs`: the index of the knowledge base, made, asked and read on this machine, without any agent."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from knowledge import Article, BedrockEmbedder, Embedder, Filters, Hit, IndexUnusable, KnowledgeIndex
from knowledge.building import BuildReport, Defaults, build_index
from portal._environment import ROOT, state_directory, typed
from portal._errors import CommandFailed, ExitCode
from portal.terminal import Answer, Output, printable

_LEVEL = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


def index(output: Output, folder: Path | None, *, index_file: Path | None, embeddings: str | None) -> ExitCode:
    """Makes the index or brings it up to date; FAILED where a file could not be read."""
    folder = folder or ROOT / "agents" / "docs_search" / "articles"
    path = index_file or _usual_index()
    try:
        with _progress(output) as progress:
            report = build_index(folder, path, progress=progress, embedder=_embedder(embeddings))
    except OSError as error:
        raise CommandFailed(f"The index cannot be made: {error}.") from error
    output.emit({"folder": str(folder), "index": str(path), **asdict(report)})
    for file in report.unreadable:
        output.say(Text.assemble((printable(file.path), "bold"), f": {printable(file.reason)}"))
    if report.embedding_problem:
        output.say(f"Not every article has vectors: {printable(report.embedding_problem)}.")
    output.say(_summary(report, path))
    return (
        ExitCode.OK if report.articles and not report.unreadable and not report.embedding_problem else ExitCode.FAILED
    )


def search(
    output: Output, question: str, filters: Filters, *, limit: int, index_file: Path | None, embeddings: str | None
) -> ExitCode:
    """Asks the index; shows what it quotes, and how sure it is."""
    with _opened(index_file, _embedder(embeddings)) as opened:
        result = opened.search(question, filters=filters, limit=limit)
    hits = [_plain(asdict(hit)) | {"location": hit.location} for hit in result.hits]
    output.emit({"question": question, "hits": hits, "corrections": dict(result.corrections)})
    for number, hit in enumerate(result.hits, 1):
        _show_hit(output, number, hit)
    if not result.hits:
        output.say("Nothing in the knowledge base fits.")
    for word, meant in result.corrections:
        output.say(f"(“{printable(word)}” was read as “{printable(meant)}”.)", style="dim")
    return ExitCode.OK


def show(output: Output, slug: str, *, index_file: Path | None) -> ExitCode:
    """Shows one article whole."""
    with _opened(index_file) as opened:
        article = opened.article(slug)
    if article is None:
        raise CommandFailed(f"There is no article {slug!r} in the index.")
    output.emit(_plain(asdict(article)))
    output.say(Text(printable(article.title), style="bold"))
    about = (article.audience, article.owner, _updated(article.updated), article.language, *article.tags)
    output.say(Text(printable(" · ".join(filter(None, about))), style="dim"))
    output.say()
    output.say(Answer(_markdown(article)))
    return ExitCode.OK


def _usual_index() -> Path:
    """The one that `helpdesk up` gives the gateway."""
    return state_directory() / "gateway" / "knowledge.sqlite3"


def _embedder(model: str | None) -> Embedder | None:
    try:
        return BedrockEmbedder(model) if model else None
    except ValueError as error:
        raise CommandFailed(f"{error}.") from error


@contextmanager
def _opened(index_file: Path | None, embedder: Embedder | None = None) -> Iterator[KnowledgeIndex]:
    path = index_file or _usual_index()
    try:
        with KnowledgeIndex(path, embedder=embedder) as opened:
            yield opened
    except IndexUnusable as error:
        made = f"{typed('docs index')} FOLDER --index {path}" if index_file else typed("docs index")
        raise CommandFailed(f"{str(error)[:1].upper()}{str(error)[1:]} (`{made}`).") from error


@contextmanager
def _progress(output: Output) -> Iterator[Callable[[int, int], None]]:
    """A bar where somebody watches."""
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
    with Progress(*columns, console=output.people, transient=True, disable=not output.interactive) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _summary(report: BuildReport, path: Path) -> str:
    did = [f"{report.parsed} read anew", f"{report.removed} removed"]
    if report.embedded:
        did.append(f"{report.embedded} given vectors")
    if report.unreadable:
        did.append(f"{len(report.unreadable)} left out")
    if report.others:
        did.append(f"{report.others} other files passed over")
    state = "" if report.written else "; nothing had changed"
    return f"{report.articles} articles in {path}: {', '.join(did)}{state}"


def _show_hit(output: Output, number: int, hit: Hit) -> None:
    name = f"{hit.title} {_LEVEL} {hit.section}" if hit.section else hit.title
    if number > 1:
        output.say()
    output.say(Text(f"{number}. {printable(name)}", style="bold"))
    about = (hit.location, hit.audience, hit.owner, _updated(hit.updated), f"confidence {hit.confidence:.2f}")
    output.say(Text(printable(" · ".join(filter(None, about))), style="dim"))
    output.say(Answer(hit.quote))


def _updated(day: date) -> str:
    return f"updated {day.isoformat()}" if day != Defaults().updated else ""


def _markdown(article: Article) -> str:
    parts = []
    for section in article.sections:
        heading = f"{'#' * min(6, len(section.path) + 1)} {section.path[-1]}\n\n" if section.path else ""
        parts.append(f"{heading}{section.text}")
    return "\n\n".join(parts)


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """With dates as text."""
    return dict(json.loads(json.dumps(fields, default=date.isoformat)))
