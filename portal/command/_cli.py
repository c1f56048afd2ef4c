"""The command's surface: what can be said, and what each word does.

A command imports what it needs when it runs, so that `helpdesk --help` answers at once.
"""

import sys

import click

from portal._errors import ExitCode
from portal.command._approve_cli import approve
from portal.command._audit_cli import audit
from portal.command._deploy_cli import deploy
from portal.command._docs_cli import docs
from portal.command._doctor_cli import doctor
from portal.command._fga_cli import fga
from portal.command._options import Options
from portal.command._surface import common, quiet, run

EXIT_CODES = """
\b
Exit codes:
  0 done   1 failed   2 wrong usage   3 not signed in   4 not allowed
  5 a part is away   6 it waits for you   130 interrupted
"""


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        from portal.command._version import version

        click.echo(f"helpdesk {version()}")
        context.exit()


@click.group(
    invoke_without_command=True,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@common("HELPDESK_PROFILE")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Ask the IT help desk: accounts, passwords, documents.

    \b
    Examples:
      helpdesk up                  start everything on this machine
      helpdesk login               sign in
      helpdesk ask "I am locked out, and where is the VPN guide?"
      helpdesk ask -c "and which devices do I have?"
      helpdesk approve             see what waits for your approval
      helpdesk status              see how every part is doing
      helpdesk docs search "VPN"   ask the knowledge base itself
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command()
@click.option(
    "--port-base",
    type=click.IntRange(1, 65535),
    envvar="HELPDESK_PORT_BASE",
    metavar="PORT",
    help="Use ports that count up from PORT.  [default: 8400, 8401, 8403, 8404 and 9000 to 9003]",
)
@click.option("--traces", is_flag=True, help="Have the agents keep traces, for helpdesk trace.")
@common()
@click.pass_obj
def up(options: Options, port_base: int | None, *, traces: bool) -> ExitCode:
    """Start everything on this machine.

    Runs until Ctrl-C. Whatever dies is started again. Keys, passwords and conversations are kept
    in var/ (HELPDESK_VAR names another folder).

    \b
    Examples:
      helpdesk up
      helpdesk up --port-base 18400     where the usual ports are taken
      helpdesk up --traces              see each question's way with helpdesk trace
      MODEL_PROVIDER=ollama MODEL_ID=qwen3 helpdesk up
    """
    from portal.command import _up

    return run(options, lambda output: _up.up(output, port_base=port_base, traces=traces))


@cli.command()
@click.option("--browser", is_flag=True, help="Sign in in a browser on this machine, without a code.")
@click.option("--issuer", envvar="HELPDESK_ISSUER", metavar="URL", help="The issuer, for a help desk elsewhere.")
@click.option("--client-id", envvar="HELPDESK_CLIENT_ID", metavar="ID", help="This command's client there.")
@click.option("--audience", envvar="HELPDESK_AUDIENCE", metavar="API", help="The supervisor's API identifier there.")
@click.option("--url", envvar="HELPDESK_URL", metavar="URL", help="Where the supervisor is.")
@common()
@click.pass_obj
def login(
    options: Options, *, browser: bool, issuer: str | None, client_id: str | None, audience: str | None, url: str | None
) -> ExitCode:
    """Sign in.

    Shows a code to confirm in any browser, on this device or another. Without further options it signs in at
    the help desk that runs on this machine.

    \b
    Examples:
      helpdesk login
      helpdesk login --browser
      helpdesk login --as oscar         a second person, beside the first
      helpdesk login --issuer https://TENANT.auth0.com/ --client-id ID \\
                     --audience https://API/supervisor --url https://HOST/
    """
    from portal.command import _login

    return run(
        options,
        lambda output: _login.login(
            options, output, browser=browser, issuer=issuer, client_id=client_id, audience=audience, url=url
        ),
    )


@cli.command()
@common()
@click.pass_obj
def logout(options: Options) -> ExitCode:
    """Sign out.

    Revokes the sign-in at the authorization server and forgets it here.

    \b
    Examples:
      helpdesk logout
      helpdesk logout --as oscar
    """
    from portal.command import _login

    return run(options, lambda output: _login.logout(options, output))


_go_on = click.option("--continue", "-c", "go_on", is_flag=True, help="Go on with the last conversation.")
_context_id = click.option("--context", "context_id", metavar="ID", help="Go on with the conversation ID.")


@cli.command()
@click.argument("question", nargs=-1)
@_go_on
@_context_id
@click.option("--task", "task_id", metavar="ID", help="Take up a question that was left waiting.")
@click.option("--no-wait", is_flag=True, help="Where the answer waits for approval, leave it: --task takes it up.")
@common()
@click.pass_obj
def ask(
    options: Options,
    question: tuple[str, ...],
    *,
    go_on: bool,
    context_id: str | None,
    task_id: str | None,
    no_wait: bool,
) -> ExitCode:
    """Ask a question and see the answer as it is said.

    Without a question it reads one from standard input. Ctrl-C cancels. With --json each event is a line; the
    last one holds the whole answer. Where somebody has to approve what was asked for, it says who, where and with which
    code, and waits.

    \b
    Examples:
      helpdesk ask "I am locked out, and where is the VPN guide?"
      helpdesk ask -c "and which devices do I have?"
      echo "what is the password policy" | helpdesk ask
      helpdesk ask --json "unlock my account" | jq -r 'select(.event=="ended").answer'
      helpdesk ask --no-wait "reset my password"
    """
    from portal.command import _ask

    if task_id is not None:
        if question or go_on or context_id:
            raise click.UsageError("--task takes up a question that was asked: give it alone.")
        return run(options, lambda output: _ask.take_up(options, output, task_id, wait=not no_wait))
    text = " ".join(question) if question else sys.stdin.read()
    if not text.strip():
        raise click.UsageError('Say what you want to ask: helpdesk ask "I am locked out".')
    _not_both(go_on, context_id)
    return run(
        options, lambda output: _ask.ask(options, output, text, context_id=context_id, go_on=go_on, wait=not no_wait)
    )


@cli.command()
@_go_on
@_context_id
@common()
@click.pass_obj
def chat(options: Options, go_on: bool, context_id: str | None) -> ExitCode:
    """Talk with the help desk.

    What you type is one conversation: a later line may refer to an earlier one. Ctrl-C cancels an answer,
    Ctrl-D ends.

    \b
    Examples:
      helpdesk chat
      helpdesk chat -c                  go on with the last conversation
    """
    from portal.command import _ask
    from portal.terminal import Output

    _not_both(go_on, context_id)
    quiet(options)
    return _ask.chat(options, Output(options.as_json), context_id=context_id, go_on=go_on)


@cli.group(invoke_without_command=True)
@common()
@click.pass_context
def accounts(context: click.Context) -> ExitCode | None:
    """See, connect and disconnect the accounts in which agents act as you.

    An agent acts in the company directory with your own rights, through an account that you connect once. Without a
    command it lists them.

    \b
    Examples:
      helpdesk accounts
      helpdesk accounts connect             all that are not connected yet
      helpdesk accounts disconnect directory-manage
    """
    if context.invoked_subcommand is not None:
        return None
    from portal.command import _accounts

    options = context.ensure_object(Options)
    return run(options, lambda output: _accounts.list_accounts(options, output))


@accounts.command("connect")
@click.argument("connection", required=False)
@common()
@click.pass_obj
def accounts_connect(options: Options, connection: str | None) -> ExitCode:
    """Connect an account, in a browser on this machine.

    Without CONNECTION it connects everything that is not connected yet, one after the other.

    \b
    Examples:
      helpdesk accounts connect
      helpdesk accounts connect directory-read
    """
    from portal.command import _accounts

    return run(options, lambda output: _accounts.connect(options, output, connection))


@accounts.command("disconnect")
@click.argument("connection", required=False)
@common()
@click.pass_obj
def accounts_disconnect(options: Options, connection: str | None) -> ExitCode:
    """Disconnect an account: what agents were given for it is forgotten and revoked.

    Without CONNECTION it disconnects all.

    \b
    Examples:
      helpdesk accounts disconnect
      helpdesk accounts disconnect directory-manage
    """
    from portal.command import _accounts

    return run(options, lambda output: _accounts.disconnect(options, output, connection))


@cli.command()
@click.option("--since", metavar="WHEN", help="How long ago (2h, 3d), or from when on (2026-12-24T18:00, UTC).")
@click.option("--until", metavar="WHEN", help="Until when, in the same way.")
@click.option("--limit", default=100, type=click.IntRange(1, 500), show_default=True, help="The newest so many.")
@common()
@click.pass_obj
def activity(options: Options, *, since: str | None, until: str | None, limit: int) -> ExitCode:
    """See what was done on your behalf: by which agents, with which rights, until when.

    You see your own alone. It comes from the agents' audit trails.

    \b
    Examples:
      helpdesk activity
      helpdesk activity --since 1d --json
    """
    from portal.command import _activity

    return run(
        options,
        lambda output: _activity.activity(options, output, since=since, until=until, limit=limit),
        laid_out=True,
    )


@cli.command()
@common()
@click.pass_obj
def status(options: Options) -> ExitCode:
    """See how every part is doing, and who is signed in.

    Says what is wrong and what to do about it; the exit code is 1 where anything is.

    \b
    Examples:
      helpdesk status
      helpdesk status --json | jq '.findings[] | select(.state=="wrong")'
    """
    from portal.command import _status

    return run(options, lambda output: _status.status(options, output))


@cli.command()
@click.argument("wanted", required=False, metavar="[ID]")
@click.option("--all", "everything", is_flag=True, help="List also what no request began, as fetches at start.")
@click.option("--limit", default=20, type=click.IntRange(1, 100_000), show_default=True, help="The newest so many.")
@common()
@click.pass_obj
def trace(options: Options, wanted: str | None, *, everything: bool, limit: int) -> ExitCode:
    """See the way of a question through the agents of this machine.

    ID is a task's, a trace's or an act's, or its beginning; without one it lists the newest traces of requests. Traces
    are kept while the help desk runs with --traces.

    \b
    Examples:
      helpdesk trace
      helpdesk trace 5f3c9a01
      helpdesk trace --json 5f3c9a01 | jq -r 'select(.failed).name'
    """
    from portal.command import _trace

    return run(options, lambda output: _trace.trace(output, wanted, everything=everything, most=limit))


@cli.command()
@common()
@click.pass_obj
def demo(options: Options) -> ExitCode:
    """Start everything, play two conversations, check what they did, stop.

    Uses free ports and a folder of its own, so that it disturbs nothing that runs here. The exit code is 1
    where anything was not as it should be.

    \b
    Examples:
      helpdesk demo
    """
    from portal.demo import demo

    return run(options, demo, laid_out=True)


def _not_both(go_on: bool, context_id: str | None) -> None:
    if go_on and context_id:
        raise click.UsageError("--continue and --context name two conversations: give one of them.")


cli.add_command(approve)
cli.add_command(audit)
cli.add_command(deploy)
cli.add_command(docs)
cli.add_command(doctor)
cli.add_command(fga)
