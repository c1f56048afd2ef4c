"""`helpdesk trace`: what became of a question, across the agents that run on this machine."""

import time
from datetime import UTC, datetime
from typing import Final

from rich.table import Table
from rich.text import Text

from portal._environment import state_directory, typed
from portal._errors import CommandFailed
from portal.stack import TRACES
from portal.terminal import Output, printable
from portal.traces import Row, Span, Summary, read, rows, summaries, traces_of

NEWEST: Final = 20
SHORTEST: Final = 6
BAR: Final = 16
NAME: Final = 48


async def trace(output: Output, wanted: str | None) -> None:
    """Shows the traces of a task, or one by its id; without either, the newest ones.

    Raises:
        CommandFailed: there is none, or no traces are kept.
    """
    spans = read(state_directory() / TRACES)
    if not spans:
        raise CommandFailed(
            f"No traces are kept: start the help desk with `{typed('up --traces')}`, and ask something."
        )
    if wanted is None:
        _list(output, summaries(spans)[-NEWEST:])
        return
    if len(wanted) < SHORTEST:
        raise CommandFailed(f"Give at least {SHORTEST} characters of the task's or the trace's id.")
    found = traces_of(spans, wanted)
    if not found:
        raise CommandFailed(f"There is no trace of {printable(wanted)}. `{typed('trace')}` lists the newest.")
    for spans_of_one in found:
        _show(output, rows(spans_of_one))


def _list(output: Output, found: list[Summary]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("began", "trace", "what", "ms", "who took part"):
        table.add_column(name, justify="right" if name == "ms" else "left")
    for each in found:
        root = each.root
        output.emit(_document(root) | {"services": list(each.services), "spans": each.spans, "failed": each.failed})
        began = time.strftime("%H:%M:%S", time.localtime(root.began / 1e9))
        what = Text(printable(root.name), style="red" if each.failed else "")
        table.add_row(began, root.trace_id[:16], what, f"{root.milliseconds:.1f}", ", ".join(each.services))
    output.say(table)


def _show(output: Output, placed: list[Row]) -> None:
    first = placed[0].span
    tasks = {
        str(row.span.attributes["helpdesk.task.id"]) for row in placed if "helpdesk.task.id" in row.span.attributes
    }
    output.say(
        Text.assemble(("trace ", "dim"), first.trace_id, ("  tasks ", "dim"), ", ".join(sorted(tasks))), whole=True
    )
    linked = dict.fromkeys(trace_id for row in placed for trace_id in row.span.linked)
    if linked:
        output.say(Text.assemble(("  linked to trace ", "dim"), printable(", ".join(linked))), whole=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(5):
        table.add_column(no_wrap=True)
    table.columns[3].justify = "right"
    for row in placed:
        output.emit(_document(row.span) | {"depth": row.depth, "attributes": dict(row.span.attributes)})
        reason = str(row.span.attributes.get("error.type", ""))
        table.add_row(
            Text(printable(row.span.service), style="dim"),
            Text(f"{' ' * row.depth}{printable(row.span.name)}"[:NAME], style="red" if row.span.failed else ""),
            Text(_bar(row), style="red" if row.span.failed else "cyan"),
            f"{row.span.milliseconds:.1f} ms",
            Text(printable(reason), style="red" if row.span.failed else "yellow"),
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
