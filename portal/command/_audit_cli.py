"""`helpdesk audit`: what can be said there."""

from pathlib import Path

import click

from portal._errors import ExitCode
from portal.command._options import Options
from portal.command._surface import common, run

OUTCOMES = ("attempted", "succeeded", "failed", "unknown", "allowed", "denied")

_file = click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An audit trail; several times for several.  [default: those of this machine]",
)


@click.group(invoke_without_command=True)
@_file
@click.option("--person", default="", metavar="WHO", help="On whose behalf: a login, or a subject.")
@click.option("--agent", default="", help="Whose record.")
@click.option("--resource", default="", metavar="TYPE:NAME", help="What it was done to.")
@click.option("--task", default="", metavar="ID", help="In which task.")
@click.option("--action", default="", metavar="PATTERN", help="Which action, as account:*")
@click.option("--decision", "outcome", type=click.Choice(OUTCOMES), help="What was decided, or came of it.")
@click.option("--since", metavar="WHEN", help="How long ago (2h, 3d), or from when on (2026-12-24T18:00, UTC).")
@click.option("--until", metavar="WHEN", help="Until when, in the same way.")
@click.option("--limit", default=200, type=click.IntRange(1, 100_000), show_default=True, help="The newest so many.")
@click.option("--ocsf", is_flag=True, help="Write events of the Open Cybersecurity Schema Framework, one a line.")
@click.option("--follow", is_flag=True, help="Go on with what is recorded from now on, until Ctrl-C.")
@common()
@click.pass_context
def audit(
    context: click.Context,
    *,
    files: tuple[Path, ...],
    person: str,
    agent: str,
    resource: str,
    task: str,
    action: str,
    outcome: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    ocsf: bool,
    follow: bool,
) -> ExitCode | None:
    """Read the audit trail: who asked, what was decided and done. For operators.

    Reads the trails of the agents on this machine, or those that --file names. A record says on whose behalf,
    not what stood in what was read.

    \b
    Examples:
      helpdesk audit --since 2h
      helpdesk audit --person amelia.hart --decision denied
      helpdesk audit --action 'account:*' --resource account:amelia.hart --json
      helpdesk audit --ocsf --follow
    """
    if context.invoked_subcommand is not None:
        return None
    from portal.command import _audit
    from portal.record import Wanted

    options = context.ensure_object(Options)
    wanted = Wanted(
        subject=person,
        agent=agent,
        resource=resource,
        task=task,
        action=action,
        outcome=outcome or "",
        since=_audit.moment(since),
        until=_audit.moment(until),
    )
    form = "ocsf" if ocsf else "json" if options.as_json else "table"
    place = _audit.Place(files=files)
    return run(
        options, lambda output: _audit.show(output, place, wanted, most=limit, form=form, follow=follow), laid_out=True
    )


@audit.command("verify")
@_file
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The public keys of who may have sealed it, in PEM.  [default: those of this machine]",
)
@click.option(
    "--anchors",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Its newest seals, from where they were kept.",
)
@common()
@click.pass_obj
def audit_verify(options: Options, *, files: tuple[Path, ...], keys: Path | None, anchors: Path | None) -> ExitCode:
    """Say whether the record is whole; the exit code is 1 where not.

    Names the first record of each chain that was changed, left out, moved, put in or cut off.

    \b
    Examples:
      helpdesk audit verify
      helpdesk audit verify --file audit.sqlite3 --keys keys --anchors anchors
    """
    from portal.command import _audit

    if anchors is not None and len(files) != 1:
        raise click.UsageError("--anchors are those of one trail: name it with --file.")
    place = _audit.Place(files=files, keys=keys, anchors=anchors)
    return run(options, lambda output: _audit.verify(output, place))


@audit.command("story")
@click.argument("task")
@_file
@common()
@click.pass_obj
def audit_story(options: Options, *, task: str, files: tuple[Path, ...]) -> ExitCode:
    """Tell the whole story of one task, across all agents that had a part in it.

    \b
    Examples:
      helpdesk audit story 8d0c2d4e-6b0f-4f35-9a77-3f1f6a0f9c11
    """
    from portal.command import _audit

    return run(options, lambda output: _audit.tell(output, _audit.Place(files=files), task), laid_out=True)
