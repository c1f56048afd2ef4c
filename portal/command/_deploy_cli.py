"""`helpdesk deploy`: what can be said there."""

from pathlib import Path

import click

from portal._errors import ExitCode
from portal.command._options import Options
from portal.command._surface import common, quiet


@click.command()
@click.argument("action", type=click.Choice(["plan", "apply", "status", "destroy"]))
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("deployment.yaml"),
    show_default=True,
    metavar="FILE",
    help="The deployment file.",
)
@click.option("--yes", is_flag=True, help="For destroy: it is meant.")
@common()
@click.pass_obj
def deploy(options: Options, action: str, targets: tuple[str, ...], *, file: Path, yes: bool) -> ExitCode:
    """Run the help desk on AWS.

    A TARGET is an agent, or "platform"; all of them where none is named. Each is a stack of its own, and can be
    applied alone, in any order, and again: what is as it should be is left alone.

    \b
    Examples:
      helpdesk deploy plan                        what would change, and nothing else
      helpdesk deploy apply account_lookup        one agent
      helpdesk deploy status
      helpdesk deploy destroy docs_search --yes
    """
    from portal.command import _deploy
    from portal.terminal import Output

    quiet(options)
    return _deploy.deploy(Output(options.as_json), action, targets, file=file, yes=yes)
