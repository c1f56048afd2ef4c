"""`helpdesk fga`: what can be said there."""

from collections.abc import Callable
from typing import TypeVar

import click

from portal._errors import ExitCode
from portal.command._options import Options
from portal.command._surface import common, run


@click.group()
def fga() -> None:
    """Look after who may do what: the authorization model and its relationships. For operators.

    Works on the help desk that runs on this machine, or on what FGA_API_URL and FGA_STORE_ID name.
    """


Command = TypeVar("Command", bound=Callable[..., object])


def _relationship(command: Command) -> Command:
    """Takes who, which relation, and to what."""
    for name, metavar in (("object_", "OBJECT"), ("relation", None), ("who", None)):
        command = click.argument(name, metavar=metavar)(command)
    return command


_through = click.option("--through", metavar="AGENT", help="Ask about the agent too: both need the relation.")


@fga.command("model")
@click.option("--create-store", is_flag=True, help="Make a new store first.")
@common()
@click.pass_obj
def fga_model(options: Options, *, create_store: bool) -> ExitCode:
    """Write the authorization model, unless the newest is the same.

    Agents ask by the model that FGA_MODEL_ID names, until they are started with another.

    \b
    Examples:
      helpdesk fga model
      helpdesk fga model --create-store
    """
    from portal.command import _fga

    return run(options, lambda output: _fga.model(output, create_store=create_store))


@fga.command("sync")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--force", is_flag=True, help="Remove even a large part of what is there.")
@common()
@click.pass_obj
def fga_sync(options: Options, *, dry_run: bool, force: bool) -> ExitCode:
    """Bring the relationships to what the directory says.

    Adds what is missing and removes what is gone; does nothing the second time. What was granted for a while is
    left alone.

    \b
    Examples:
      helpdesk fga sync --dry-run
      helpdesk fga sync
    """
    from portal.command import _fga

    return run(options, lambda output: _fga.sync(output, dry_run=dry_run, force=force))


@fga.command("check")
@_relationship
@_through
@common()
@click.pass_obj
def fga_check(options: Options, *, who: str, relation: str, object_: str, through: str | None) -> ExitCode:
    """Say whether somebody may; the exit code is 4 where not.

    \b
    Examples:
      helpdesk fga check oscar.lind can_unlock account:amelia.hart
      helpdesk fga check oscar.lind can_unlock account:amelia.hart --through password_reset
    """
    from portal.command import _fga

    return run(options, lambda output: _fga.check(output, who, relation, object_, through=through))


@fga.command("explain")
@_relationship
@_through
@common()
@click.pass_obj
def fga_explain(options: Options, *, who: str, relation: str, object_: str, through: str | None) -> ExitCode:
    """Say why somebody may or may not, as a tree.

    \b
    Examples:
      helpdesk fga explain oscar.lind can_reset account:adm.piotr
      helpdesk fga explain casey.moreno can_reset account:casey.moreno --through password_reset
    """
    from portal.command import _fga

    return run(options, lambda output: _fga.explain(output, who, relation, object_, through=through))


@fga.command("grant")
@_relationship
@click.option("--until", "end", metavar="WHEN", help="How long (8h, 3d) or until when (2026-12-24T18:00).")
@common()
@click.pass_obj
def fga_grant(options: Options, *, who: str, relation: str, object_: str, end: str | None) -> ExitCode:
    """Grant something by hand, for a while.

    Without --until only what is never synchronised: to withhold an article, say.

    \b
    Examples:
      helpdesk fga grant hana.morimoto helper account:casey.moreno --until 8h
      helpdesk fga grant lena.fisker operator department:Security --until 3d
      helpdesk fga grant 'user:*' withheld document:vpn-setup
    """
    from portal.command import _fga

    return run(options, lambda output: _fga.grant(output, who, relation, object_, end=end))


@fga.command("revoke")
@_relationship
@common()
@click.pass_obj
def fga_revoke(options: Options, *, who: str, relation: str, object_: str) -> ExitCode:
    """Take back what was granted by hand.

    \b
    Examples:
      helpdesk fga revoke hana.morimoto helper account:casey.moreno
    """
    from portal.command import _fga

    return run(options, lambda output: _fga.revoke(output, who, relation, object_))
