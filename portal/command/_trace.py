"""`helpdesk trace`: what became of a question, across the agents that run on this machine."""

from datetime import UTC, datetime
from typing import Final

from rich.table import Table
from rich.text import Text

from portal._environment import state_directory, typed
from portal._errors import CommandFailed
from portal.stack import TRACES
from portal.terminal import Output, one_line
from portal.traces import ACT, Row, Span, Summary, read, rows, summaries, traces_of

NEWEST: Final = 20
SHORTEST: Final = 6
BAR: Final = 16
NAME: Final = 48


async def trace(output: Output, wanted: str | None, *, everything: bool = False, most: int = NEWEST) -> None:
    """Shows the traces of a task or an act, or one by its id; without either, the newest ones.

    Args:
        output: Where to.
        wanted: The beginning of an id.
        everything: Whether those are listed, too, that no request began: of keys that an agent fetches at start, say.
        most: How many are listed at most.

    Raises:
        CommandFailed: there is none, or no traces are kept.
    """
    spans = read(state_directory() / TRACES)
    if not spans:
        raise CommandFailed(
            f"No traces are kept: start the help desk with `{typed('up --traces')}`, and ask something."
        )
    if wanted is None:
        found = [each for each in summaries(spans) if each.asked or everything]
        if not found:
            raise CommandFailed(
                f"Nothing has been asked yet. `{typed('trace --all')}` lists what parts do by themselves."
            )
        _list(output, found[-most:])
        if len(found) > most:
            output.note(f"These are the newest {most} of {len(found)}. For more: --limit.")
        return
    if len(wanted) < SHORTEST:
        raise CommandFailed(f"Give at least {SHORTEST} characters of the task's, the trace's or the act's id.")
    those = traces_of(spans, wanted)
    if not those:
        raise CommandFailed(f"There is no trace of {one_line(wanted)}. `{typed('trace')}` lists the newest.")
    for spans_of_one in those:
        _show(output, rows(spans_of_one))


def _list(output: Output, found: list[Summary]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("began", "trace", "what", "ms", "who took part"):
        table.add_column(name, justify="right" if name == "ms" else "left")
    for each in found:
        root = each.root
        output.emit(_document(root) | {"services": list(each.services), "spans": each.spans, "failed": each.failed})
        began = f"{datetime.fromtimestamp(root.began / 1e9, UTC):%H:%M:%SZ}"
        what = Text(one_line(root.name), style="red" if each.failed else "")
        table.add_row(
            began, one_line(root.trace_id[:16]), what, f"{root.milliseconds:.1f}", one_line(", ".join(each.services))
        )
    output.say(table)


def _show(output: Output, placed: list[Row]) -> None:
    first = placed[0].span
    tasks = {
        str(row.span.attributes["helpdesk.task.id"]) for row in placed if "helpdesk.task.id" in row.span.attributes
    }
    output.say(
        Text.assemble(
            ("trace ", "dim"), one_line(first.trace_id), ("  tasks ", "dim"), one_line(", ".join(sorted(tasks)))
        ),
        whole=True,
    )
    acts = dict.fromkeys(str(row.span.attributes[ACT]) for row in placed if ACT in row.span.attributes)
    for act in map(one_line, acts):
        output.say(
            Text.assemble(("  act ", "dim"), act, ("  on record: ", "dim"), typed(f"audit --id {act}")), whole=True
        )
    linked = dict.fromkeys(trace_id for row in placed for trace_id in row.span.linked)
    if linked:
        output.say(Text.assemble(("  linked to trace ", "dim"), one_line(", ".join(linked))), whole=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(5):
        table.add_column(no_wrap=True)
    table.columns[3].justify = "right"
    for row in placed:
        output.emit(_document(row.span) | {"depth": row.depth, "attributes": dict(row.span.attributes)})
        reason = str(row.span.attributes.get("error.type", ""))
        table.add_row(
            Text(one_line(row.span.service), style="dim"),
            Text(f"{' ' * row.depth}{one_line(row.span.name)}"[:NAME], style="red" if row.span.failed else ""),
            Text(_bar(row), style="red" if row.span.failed else "cyan"),
            f"{row.span.milliseconds:.1f} ms",
            Text(one_line(reason), style="red" if row.span.failed else "yellow"),
        )
    output.say(table)


def _bar(row: Row) -> str:
    """Where in the whole it was, at least one mark long."""
    start = min(int(row.start * BAR), BAR - 1)
    length = max(1, min(round(row.length * BAR), BAR - start))
    return f"{' ' * start}{'━' * length}{' ' * (BAR - start - length)}"


def _document(span: Span) -> dict[str, object]:
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent": span.parent or None,
        "service": span.service,
        "name": span.name,
        "began": datetime.fromtimestamp(span.began / 1e9, UTC).isoformat(),
        "milliseconds": round(span.milliseconds, 3),
        "failed": span.failed,
        "linked": list(span.linked),
    }
