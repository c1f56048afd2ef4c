"""`helpdesk fga ...`: who may do what, and why; for operators."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
from rich.text import Text
from rich.tree import Tree

from portal._environment import state_directory, typed
from portal._errors import CommandFailed, ExitCode
from portal.relationships import (
    OWNED,
    Changes,
    Explainer,
    Names,
    Relationship,
    RelationshipSettings,
    RelationshipStore,
    Roster,
    Why,
    local_settings,
    read_roster,
    synchronise,
    until,
    write_model,
)
from portal.stack import running
from portal.terminal import Output, printable
from shared.errors import ConfigurationError
from shared.http import create_http_client

CONDITION = "until"
_SHOWN = 200


class _Desk:
    """What every command works with: the settings, the store, and what the directory calls things."""

    def __init__(self, settings: RelationshipSettings, store: RelationshipStore, http: httpx.AsyncClient) -> None:
        self.settings = settings
        self.store = store
        self.http = http
        self.now = datetime.now(UTC)

    @property
    def context(self) -> dict[str, str]:
        """What conditions see."""
        return {"current_time": self.now.isoformat()}

    async def names(self) -> Names:
        """The names of the directory; without one, only those of the store."""
        token = self.settings.directory_token
        roster: Roster | None = None
        if self.settings.directory_url and token is not None:
            roster = await read_roster(self.settings.directory_url, token.get_secret_value(), self.http)
        return Names(roster, self.settings.auth0_issuer)


@contextlib.asynccontextmanager
async def _opened(*, with_store: bool = True) -> AsyncIterator[_Desk]:
    settings = _settings()
    if with_store and not settings.fga_store_id:
        raise ConfigurationError(f"FGA_STORE_ID is not set: make a store with `{typed('fga model --create-store')}`.")
    store = RelationshipStore(settings, settings.fga_store_id, settings.fga_model_id)
    try:
        async with create_http_client() as http:
            yield _Desk(settings, store, http)
    finally:
        await store.aclose()


def _settings() -> RelationshipSettings:
    """What the environment names; where it names nothing, the local world that runs here."""
    given = RelationshipSettings.load()
    if given.fga_api_url:
        return given
    here = running()
    urls = {part.name: part.url for part in here.parts} if here else {}
    if here is None or "fga" not in urls:
        raise ConfigurationError(
            f"FGA_API_URL is not set, and no help desk runs here: set it, or start one with `{typed('up')}`."
        )
    return local_settings(state_directory(), fga_url=urls["fga"], directory_url=urls["directory"], issuer=here.issuer)


async def model(output: Output, *, create_store: bool) -> None:
    """Writes the model where the newest differs from ours."""
    async with _opened(with_store=not create_store) as desk:
        if create_store:
            desk.store.store_id = await desk.store.create("helpdesk")
        model_id, written = await write_model(desk.store)
        output.emit({"store_id": desk.store.store_id, "model_id": model_id, "written": written})
        output.say("Written." if written else "The store has it already.")
        output.say(f"FGA_STORE_ID={desk.store.store_id}")
        output.say(f"FGA_MODEL_ID={model_id}")


async def sync(output: Output, *, dry_run: bool, force: bool) -> None:
    """Brings the store to what the directory says."""
    async with _opened() as desk:
        what = await synchronise(desk.settings, desk.store, desk.http, force=force, dry_run=dry_run)
        _show(output, what, await desk.names(), dry_run=dry_run)


def _show(output: Output, what: Changes, names: Names, *, dry_run: bool) -> None:
    output.emit(
        {
            "add": [str(each) for each in what.add],
            "remove": [str(each) for each in what.remove],
            "kept": what.kept,
            "by_hand": what.by_hand,
            "dry_run": dry_run,
        }
    )
    lines = [*(("-", each) for each in what.remove), *(("+", each) for each in what.add)]
    for sign, each in lines[:_SHOWN]:
        output.say(Text(f"{sign} {printable(names.readable(str(each)))}", style="red" if sign == "-" else "green"))
    if len(lines) > _SHOWN:
        output.say(f"… and {len(lines) - _SHOWN} more (all of them with --json)", style="dim")
    verb = "would be" if dry_run else "were"
    output.say(
        f"{len(what.add)} {verb} added, {len(what.remove)} removed; {what.kept} are as they should be, "
        f"{what.by_hand} were written by hand and left alone."
    )


async def check(output: Output, who: str, relation: str, object_: str, *, through: str | None) -> ExitCode:
    """Says whether somebody has a relation to something; the exit code says it too."""
    async with _opened() as desk:
        names = await desk.names()
        users = [names.user(who), *([names.user(f"agent:{through}")] if through else [])]
        thing = names.object(object_)
        answers = {user: await desk.store.check(Relationship(thing, relation, user), desk.context) for user in users}
        allowed = all(answers.values())
        output.emit({"allowed": allowed, "answers": [{"user": user, "allowed": it} for user, it in answers.items()]})
        for user, it in answers.items():
            output.say(_verdict(it, f"{names.readable(user)} {relation} {names.readable(thing)}"))
        return ExitCode.OK if allowed else ExitCode.NOT_ALLOWED


async def explain(output: Output, who: str, relation: str, object_: str, *, through: str | None) -> ExitCode:
    """Says why, as a tree."""
    async with _opened() as desk:
        names = await desk.names()
        ends = {
            each.relationship: datetime.fromisoformat(dict(each.context)["expires_at"])
            for each in await desk.store.all()
            if each.condition == CONDITION
        }
        allowed = True
        for user in [names.user(who), *([names.user(f"agent:{through}")] if through else [])]:
            explainer = Explainer(desk.store, user, desk.context, ends)
            why = await explainer.why(names.object(object_), relation)
            allowed = allowed and why.holds
            output.emit({"user": user, **_as_json(why)})
            how = f"  ({why.how})" if why.how else ""
            tree = Tree(_verdict(why.holds, f"{names.readable(user)} {names.readable(why.what)}{how}"))
            _grow(tree, why, names)
            output.say(tree)
        return ExitCode.OK if allowed else ExitCode.NOT_ALLOWED


async def grant(output: Output, who: str, relation: str, object_: str, *, end: str | None) -> None:
    """Writes a relationship by hand: for a while, or of a relation that is never synchronised."""
    async with _opened() as desk:
        names = await desk.names()
        wanted = Relationship(names.object(object_), relation, names.user(who))
        if end is None:
            if (wanted.object.partition(":")[0], relation) in OWNED:
                raise CommandFailed(
                    f"{relation} is synchronised from the directory, so that the next synchronisation would take it "
                    "away again: say until when it holds, with --until, or change the directory."
                )
            await desk.store.write([wanted])
        else:
            moment = until(end, desk.now)
            await desk.store.write([wanted], condition=CONDITION, context={"expires_at": moment.isoformat()})
            end = f"{moment:%Y-%m-%d %H:%M} UTC"
        output.emit({"granted": str(wanted), "until": end})
        output.say(f"Granted: {names.readable(str(wanted))}" + (f", until {end}." if end else "."))


async def revoke(output: Output, who: str, relation: str, object_: str) -> None:
    """Takes back what was granted by hand."""
    async with _opened() as desk:
        names = await desk.names()
        gone = Relationship(names.object(object_), relation, names.user(who))
        await desk.store.delete([gone])
        output.emit({"revoked": str(gone)})
        output.say(f"Not there any more: {names.readable(str(gone))}.")


def _verdict(holds: bool, words: str) -> Text:
    return Text.assemble(("✓ ", "green") if holds else ("✗ ", "red"), printable(words))


def _grow(tree: Tree, why: Why, names: Names) -> None:
    for part in why.parts:
        words = names.readable(part.what)
        how = f"  ({part.how})" if part.how and part.how != part.what else ""
        _grow(tree.add(_verdict(part.holds, f"{words}{how}")), part, names)


def _as_json(why: Why) -> dict[str, Any]:
    return {"what": why.what, "holds": why.holds, "how": why.how, "parts": [_as_json(part) for part in why.parts]}
