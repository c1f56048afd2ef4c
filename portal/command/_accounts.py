"""`helpdesk accounts`: the accounts in which agents act as the person."""

import contextlib
import webbrowser
from collections.abc import AsyncIterator

from rich.table import Table
from rich.text import Text

from portal._environment import typed
from portal._errors import CommandFailed
from portal.accounts import Account, Accounts, ConnectRequest
from portal.command._desk import profiles, signed_in
from portal.command._options import Options
from portal.session import Session
from portal.stack import running
from portal.terminal import Output, printable
from shared.http import create_http_client


async def list_accounts(options: Options, output: Output) -> None:
    """Shows what is connected, and what could be."""
    async with opened(options) as accounts:
        connected, connections = await accounts.connected(), await accounts.connections()
    missing = [name for name in connections if name not in {account.connection for account in connected}]
    for account in connected:
        output.emit({"event": "account", "connection": account.connection, "id": account.id, "scopes": account.scopes})
    output.emit({"event": "accounts", "connected": [one.connection for one in connected], "not_connected": missing})
    if output.as_json:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for account in connected:
        since = printable(account.created_at.partition("T")[0])
        table.add_row(Text("✓", style="green"), Text(printable(account.connection), "bold"), f"connected on {since}")
        table.add_row("", "", Text(printable(" ".join(account.scopes)), style="dim"))
    for name in missing:
        table.add_row(Text("-", style="dim"), Text(printable(name), "bold"), "not connected")
    output.people.print(table)
    if missing:
        output.say(f"Connect them: {typed('accounts connect')}", style="dim")


async def connect(options: Options, output: Output, connection: str | None) -> None:
    """Connects one account, or all that are not connected yet, one after the other."""
    async with opened(options) as accounts:
        wanted = [connection] if connection is not None else await _not_connected(accounts)
        if not wanted:
            output.say("Everything is connected.", style="dim")
        for name in wanted:
            await connect_one(output, accounts, name)


async def connect_one(output: Output, accounts: Accounts, connection: str) -> Account:
    """Connects one account in the person's browser, and says so."""
    account = await accounts.connect(connection, lambda request: _show(output, request))
    output.emit({"event": "connected", "connection": account.connection, "id": account.id, "scopes": account.scopes})
    output.say(Text.assemble(("✓ ", "green"), f"{printable(account.connection)} is connected."))
    return account


async def disconnect(options: Options, output: Output, connection: str | None) -> None:
    """Disconnects the accounts of one connection, or all."""
    async with opened(options) as accounts:
        connected = await accounts.connected()
        found = [one for one in connected if connection in {None, one.connection}]
        if not found and connection is not None:
            raise CommandFailed(f"Nothing of {connection} is connected: see `{typed('accounts')}`.")
        if not found:
            output.say("Nothing is connected.", style="dim")
        for account in found:
            await accounts.disconnect(account)
            output.emit({"event": "disconnected", "connection": account.connection, "id": account.id})
            output.say(Text.assemble(("✓ ", "green"), f"{printable(account.connection)} is disconnected."))


@contextlib.asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Accounts]:
    """The accounts of who is signed in under the profile."""
    sign_in = signed_in(options)
    async with create_http_client() as http:
        yield Accounts(sign_in.desk.issuer, Session(profiles().of(options.profile), http), http)


async def _not_connected(accounts: Accounts) -> list[str]:
    connected = {account.connection for account in await accounts.connected()}
    return [name for name in await accounts.connections() if name not in connected]


def _show(output: Output, request: ConnectRequest) -> None:
    output.emit(
        {
            "event": "connect",
            "connection": request.connection,
            "url": request.url,
            "expires_in": request.expires_in,
        }
    )
    is_open = output.interactive and webbrowser.open(request.url)
    output.say(
        Text.assemble(
            "To connect ",
            (printable(request.connection), "bold"),
            ", agree in the browser that has opened; or open this:" if is_open else ", open this in a browser here:",
        )
    )
    output.say(Text(request.url, style="cyan"), whole=True)
    here = running()
    if here is not None:
        codes = here.people.replace("/tenant/", "/directory/")
        output.say(f"      The example people and their passkey codes there: {codes}", style="dim")
    output.say(f"Waiting, {request.expires_in / 60:.0f} minutes at most (Ctrl-C gives up) ...", style="dim")
