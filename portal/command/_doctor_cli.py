"""`helpdesk doctor`: what can be said there."""

from pathlib import Path

import click

from portal._errors import ExitCode
from portal.command._options import Options
from portal.command._surface import common, run


@click.command()
@click.argument("checks", nargs=-1, metavar="[CHECK]...")
@click.option("--list", "as_list", is_flag=True, help="Show what is looked for, and look for nothing.")
@click.option(
    "--settings",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="The agents' settings: AGENT.env for each.  [default: what runs here]",
)
@click.option(
    "--tenant",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The Auth0 tenant, as the Deploy CLI exported it.  [default: deploy/auth0/tenant.yaml]",
)
@click.option(
    "--deployment",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The deployment file of a help desk on AWS: its agents' settings, and what they run in.",
)
@common()
@click.pass_obj
def doctor(
    options: Options,
    checks: tuple[str, ...],
    *,
    as_list: bool,
    settings: Path | None,
    tenant: Path | None,
    deployment: Path | None,
) -> ExitCode:
    """Find what is configured wrongly.

    Looks for mistakes that people make, by name: in the agents' settings, the Auth0 tenant, the relationship store,
    PostgreSQL, and on AWS. Says which setting, why it matters and what to do, and changes nothing. CHECK is a check's
    name, or a family's; all of them where none is named. The exit code is 1 where an error was found.

    \b
    Examples:
      helpdesk doctor
      helpdesk doctor auth0/token-dialect settings
      helpdesk doctor --settings deployed/ --tenant exported/tenant.yaml
      helpdesk doctor --deployment deployment.yaml
      helpdesk doctor --list
    """
    from portal.command import _doctor

    if settings and deployment:
        raise click.UsageError("--settings and --deployment both say what the agents' settings are: give one of them.")
    sources = _doctor.Named(settings=settings, tenant=tenant, deployment=deployment)
    return run(options, lambda output: _doctor.doctor(output, checks, sources, as_list=as_list))
