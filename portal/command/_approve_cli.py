"""`helpdesk approve`: what can be said there."""

import click

from portal._errors import ExitCode
from portal.command._options import Options
from portal.command._surface import common, quiet, run


@click.group(invoke_without_command=True)
@click.option("--yes", metavar="CODE", help="Approve what has this code.")
@click.option("--no", metavar="CODE", help="Deny what has this code, or this id.")
@click.option("--wait", is_flag=True, help="Where nothing waits, wait until something does.")
@common()
@click.pass_context
def approve(context: click.Context, *, yes: str | None, no: str | None, wait: bool) -> ExitCode | None:
    """See what waits for your approval, and approve or deny it.

    This terminal stands in for your phone, once it is enrolled. It shows what is asked, by whom, through which
    agents, and until when. To approve, type the code that the help desk shows where it was asked: this terminal
    does not show it. Where nobody is there to ask, it lists what waits, and exits with 6 if anything does.

    \b
    Examples:
      helpdesk approve enroll           make this terminal one of your devices
      helpdesk approve
      helpdesk approve --wait           keep it open beside a conversation
      helpdesk approve --yes K7QF
      helpdesk approve --json | jq 'select(.event=="asked")'
    """
    if context.invoked_subcommand is not None:
        return None
    from portal.command import _approve
    from portal.terminal import Output

    options = context.ensure_object(Options)
    if yes and no:
        raise click.UsageError("--yes and --no are two answers: give one of them.")
    if named := yes or no:
        return run(options, lambda output: _approve.answer(options, output, named, approved=bool(yes)))
    quiet(options)
    return _approve.approve(options, Output(options.as_json), wait=wait)


@approve.command("enroll")
@common()
@click.pass_obj
def approve_enroll(options: Options) -> ExitCode:
    """Make this terminal one of your devices.

    Asks for the ticket that your page of approvals makes, or reads it from standard input. The key is made here, kept
    in a private file, and never leaves this machine.

    \b
    Examples:
      helpdesk approve enroll
    """
    from portal.command import _approve
    from portal.terminal import Output

    quiet(options)
    ticket = _approve.ticket(options, Output(options.as_json))
    return run(options, lambda output: _approve.enroll(options, output, ticket))


@approve.command("forget")
@common()
@click.pass_obj
def approve_forget(options: Options) -> ExitCode:
    """Have this terminal approve nothing any more.

    Its key is removed here. The tenant still lists the device, which nobody can answer with.

    \b
    Examples:
      helpdesk approve forget
    """
    from portal.command import _approve

    return run(options, lambda output: _approve.forget(options, output))
