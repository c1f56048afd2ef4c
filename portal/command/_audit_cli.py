"""`helpdesk audit`: what can be said there."""

import json
from pathlib import Path

import click

from portal._errors import ExitCode
from portal.command._options import Options
from portal.command._surface import common, run

AGENTS = ("supervisor", "account_lookup", "password_reset", "docs_search")
OUTCOMES = ("attempted", "succeeded", "failed", "unknown", "allowed", "denied")

_file = click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An audit trail; several times for several.  [default: those of this machine]",
)
_database = click.option(
    "--database",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file with the URL of a PostgreSQL database: all trails that may be read there.",
)
_kept_in = click.option(
    "--database",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file with the URL of the database, as the role that keeps the trails.",
)


@click.group(invoke_without_command=True)
@_file
@_database
@click.option("--person", default="", metavar="WHO", help="On whose behalf: a login, or a subject.")
@click.option("--agent", default="", help="Whose record.")
@click.option("--resource", default="", metavar="TYPE:NAME", help="What it was done to.")
@click.option("--task", default="", metavar="ID", help="In which task.")
@click.option("--action", default="", metavar="PATTERN", help="Which action, as account:*")
@click.option(
    "--id", "named", default="", metavar="ID", help="Which names it: a request, a trace, an act, an approval."
)
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
    database: Path | None,
    person: str,
    agent: str,
    resource: str,
    task: str,
    action: str,
    named: str,
    outcome: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    ocsf: bool,
    follow: bool,
) -> ExitCode | None:
    """Read the audit trail: who asked, what was decided and done. For operators.

    Reads the trails of the agents on this machine, or those that --file or --database names. A record says on whose
    behalf, not what stood in what was read.

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
    from shared.audit import Wanted

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
        holding=json.dumps(named, ensure_ascii=False) if named else "",
    )
    form = "ocsf" if ocsf else "json" if options.as_json else "table"
    place = _audit.Place(files=files, database=database)
    return run(
        options, lambda output: _audit.show(output, place, wanted, most=limit, form=form, follow=follow), laid_out=True
    )


@audit.command("verify")
@_file
@_database
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The public keys of who may have sealed it, in PEM, or a folder of them for each agent.  "
    "[default: those of this machine]",
)
@click.option(
    "--anchors",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Its newest seals, from where they were kept.",
)
@click.option("--keep", is_flag=True, help="Put the newest seals of what is whole to the anchors, for the next time.")
@common()
@click.pass_obj
def audit_verify(
    options: Options,
    *,
    files: tuple[Path, ...],
    database: Path | None,
    keys: Path | None,
    anchors: Path | None,
    keep: bool,
) -> ExitCode:
    """Say whether the record is whole; the exit code is 1 where not.

    Names the first record of each chain that was changed, left out, moved, put in or cut off.

    \b
    Examples:
      helpdesk audit verify
      helpdesk audit verify --file audit.sqlite3 --keys keys --anchors anchors
      helpdesk audit verify --database auditor.url --keys keys --anchors anchors --keep
    """
    from portal.command import _audit

    if anchors is not None and len(files) + (database is not None) != 1:
        raise click.UsageError("--anchors are those of one trail, or of a database: name it with --file or --database.")
    if keep and anchors is None:
        raise click.UsageError("--keep needs a folder to keep them in: name it with --anchors.")
    place = _audit.Place(files=files, database=database, keys=keys, anchors=anchors)
    return run(options, lambda output: _audit.verify(output, place, keep=keep))


@audit.command("story")
@click.argument("task")
@_file
@_database
@common()
@click.pass_obj
def audit_story(options: Options, *, task: str, files: tuple[Path, ...], database: Path | None) -> ExitCode:
    """Tell the whole story of one task, across all agents that had a part in it.

    \b
    Examples:
      helpdesk audit story 8d0c2d4e-6b0f-4f35-9a77-3f1f6a0f9c11
    """
    from portal.command import _audit

    place = _audit.Place(files=files, database=database)
    return run(options, lambda output: _audit.tell(output, place, task), laid_out=True)


@audit.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_file
@_database
@click.option("--replace", is_flag=True, help="Write over files of that name.  [default: write nothing then]")
@common()
@click.pass_obj
def audit_export(
    options: Options, *, folder: Path, files: tuple[Path, ...], database: Path | None, replace: bool
) -> ExitCode:
    """Write each trail to a file of JSON lines in FOLDER, with its seals: it can be read and verified from there.

    A file is named after the agent, or after the --file; where two would have the same name, the folders that they come
    from are put before it.

    \b
    Examples:
      helpdesk audit export --database auditor.url copies
      helpdesk audit verify --file copies/supervisor.jsonl --keys keys
    """
    from portal.command import _audit

    place = _audit.Place(files=files, database=database)
    return run(options, lambda output: _audit.write_out(output, place, folder, instead=replace))


@audit.command("prepare")
@_kept_in
@click.option(
    "--agent",
    "agents",
    multiple=True,
    default=AGENTS,
    show_default=True,
    metavar="NAME",
    help="Whose trail, and whose role; several times for several.",
)
@click.option("--reader", "readers", multiple=True, metavar="ROLE", help="A role that may read all of them.")
@common()
@click.pass_obj
def audit_prepare(options: Options, *, database: Path, agents: tuple[str, ...], readers: tuple[str, ...]) -> ExitCode:
    """Make the tables of trails in PostgreSQL, or bring them up to date: before agents of a new release start.

    They belong to the role that does this. Each agent's own role may read its trail and append to it, and no more.

    \b
    Examples:
      helpdesk audit prepare --database keeper.url --reader auditor
    """
    from portal.command import _audit

    return run(options, lambda output: _audit.prepare(output, database, agents, readers))


@audit.command("sweep")
@_kept_in
@click.option(
    "--keys",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The public keys of who may let records go, in PEM, or a folder of them for each agent.",
)
@click.option(
    "--days",
    required=True,
    type=click.FloatRange(min=0),
    help="Leave what the server has not had for so many days, whatever the agent says.",
)
@common()
@click.pass_obj
def audit_sweep(options: Options, *, database: Path, keys: Path, days: float) -> ExitCode:
    """Delete from PostgreSQL what agents have let go, as it is older than AUDIT_RETENTION_DAYS.

    An agent signs what may go and cannot delete; who deletes cannot sign.

    \b
    Examples:
      helpdesk audit sweep --database keeper.url --keys keys --days 400
    """
    from portal.command import _audit

    place = _audit.Place(keys=keys)
    return run(options, lambda output: _audit.sweep(output, place, database, days=days))
