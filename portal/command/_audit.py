"""`helpdesk audit ...`: what is on record, and whether the record is whole; for operators."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

from rich.text import Text

from portal._environment import state_directory, typed
from portal._errors import CommandFailed, ExitCode
from portal.record import (
    LATEST,
    Database,
    Follower,
    Source,
    check,
    export,
    file_names,
    in_order,
    local_trails,
    ocsf,
    search,
    story,
    why,
    words_for,
)
from portal.relationships import Roster, local_settings, read_roster
from portal.stack import running
from portal.terminal import Output, one_line
from shared.audit import Fault, Problem, VerifyingKeys, Wanted
from shared.errors import ConfigurationError, HelpdeskError
from shared.http import create_http_client

FOLLOW_SECONDS: Final = 0.5
TRIES: Final = 2
"""How often a trail may not be readable before that is said: one that is being made is not, for a moment."""

_AGO: Final = re.compile(r"(\d+)([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MILLISECOND: Final = timedelta(milliseconds=1)
_FAULTS: Final = {
    Fault.CHANGED: "was changed",
    Fault.MISSING: "is missing",
    Fault.INSERTED: "was put in, or its seal was removed",
    Fault.CUT_OFF: "is missing, with all after it",
    Fault.SEAL_FORGED: "has a seal of nobody who may seal it",
    Fault.EXPIRY_FORGED: "was deleted without leave",
    Fault.MISPLACED: "and all after it are of a chain that is not of this trail's agent",
}
_COLOURS: Final = {"denied": "red", "failed": "red", "unknown": "yellow", "attempted": "dim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which trails are read: those that are named, or those of this machine.

    Attributes:
        files: The trails.
        database: A file with the URL of a database; all trails that may be read there.
        keys: A folder of public keys; or one in it for each agent, which then may have sealed its own alone.
        anchors: A folder of newest seals; with one file alone, or a database.
    """

    files: tuple[Path, ...] = ()
    database: Path | None = None
    keys: Path | None = None
    anchors: Path | None = None

    def sources(self) -> list[Source]:
        """The trails.

        Raises:
            CommandFailed: there are none, or none in the database.
        """
        found = self.there()
        if self.database is None and not found:
            raise CommandFailed(
                f"There is no audit trail in {state_directory()}: start the help desk (`{typed('up')}`), "
                "or name one with --file."
            )
        if self.database is not None and len(found) == len(self.files):
            raise CommandFailed(f"There is no audit trail in what {self.database} names that may be read from there.")
        return found

    def there(self) -> list[Source]:
        """The trails that are there now.

        Raises:
            CommandFailed: the file with the database's URL cannot be read.
            ConfigurationError: the database cannot be reached.
        """
        if self.database is None and not self.files:
            return local_trails(state_directory())
        kept = self._kept_in(url_in(self.database)) if self.database is not None else []
        return [*kept, *(Source(file, self._keys(), self.anchors) for file in self.files)]

    def keys_of(self, agent: str) -> tuple[Path, ...]:
        """The public keys of who may have sealed an agent's trail."""
        return self._keys(agent if self.keys is not None and (self.keys / agent).is_dir() else "")

    def _kept_in(self, url: str) -> list[Source]:
        return [
            Source(Database(url, agent), self.keys_of(agent), self.anchors, agent=agent)
            for agent in postgres().trails_in(url)
        ]

    def _keys(self, agent: str = "") -> tuple[Path, ...]:
        if self.keys is None:
            return ()
        if not self.keys.is_dir():
            raise CommandFailed(f"{self.keys} is no folder of keys.")
        return tuple(sorted(path for path in (self.keys / agent).iterdir() if path.is_file()))


def postgres() -> ModuleType:
    """What knows trails in PostgreSQL.

    Raises:
        CommandFailed: its driver is not installed.
    """
    try:
        from shared.audit import postgres as found  # noqa: PLC0415 -- needs a driver that not all have
    except ImportError as error:
        raise CommandFailed(
            "There is no driver for PostgreSQL here: install the extra 'postgres' of 'shared'."
        ) from error
    return found


def url_in(file: Path) -> str:
    """The URL of a database, from a file: it may hold a password, and no command line is the place for one.

    Raises:
        CommandFailed: the file cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file} cannot be read ({type(error).__name__}).") from error


class People:
    """Who is who: logins for what the record has as ids; nobody, where the directory cannot be asked."""

    def __init__(self, roster: Roster | None) -> None:
        accounts = roster.accounts if roster else ()
        self._logins = {one.subject: one.login.partition("@")[0] for one in accounts if one.subject}
        self._subjects = {login.casefold(): subject for subject, login in self._logins.items()}
        self._resources = {f"account:{one.id}": f"account:{one.login.partition('@')[0]}" for one in accounts}
        self._ids = {said.casefold(): name for name, said in self._resources.items()}

    def subject(self, said: str) -> str:
        """The `sub` of whom somebody calls by their login, or as it is."""
        return self._subjects.get(said.partition("@")[0].casefold(), said)

    def resource(self, said: str) -> str:
        """The name on record of what somebody calls by a login, or as it is."""
        return self._ids.get(said.casefold(), said)

    def shown(self, record: dict[str, Any]) -> str:
        """On whose behalf, as people say it."""
        subject = str(record.get("who", {}).get("subject", ""))
        return self._logins.get(subject, subject)

    def about(self, record: dict[str, Any]) -> str:
        """What it was done to, as people say it."""
        resource = str(record.get("resource", ""))
        return self._resources.get(resource, resource)


async def people() -> People:
    """Who is in the directory of this machine, if it runs."""
    here = running()
    if here is None:
        return People(None)
    url = {part.name: part.url for part in here.parts}
    with contextlib.suppress(HelpdeskError, CommandFailed, OSError, KeyError):
        settings = local_settings(
            state_directory(), fga_url=url["fga"], directory_url=url["directory"], issuer=here.issuer
        )
        if settings.directory_token is not None and settings.directory_url:
            token = settings.directory_token.get_secret_value()
            async with create_http_client() as http:
                return People(await read_roster(settings.directory_url, token, http))
    return People(None)


async def show(output: Output, place: Place, wanted: Wanted, *, most: int, form: str, follow: bool) -> ExitCode:
    """Shows records.

    Args:
        output: Where to.
        place: Which trails.
        wanted: Which records; person and resource as people say them.
        most: How many at most, the newest.
        form: `table`, `json` or `ocsf`.
        follow: Whether to go on with what is recorded from now on.
    """
    who = await people()
    asked = replace(wanted, subject=who.subject(wanted.subject), resource=who.resource(wanted.resource))
    view = _View(output, who, form)
    if follow:
        await _follow(output, place, Follower(asked), view, most=most)
    records = search(place.sources(), asked, most=most + 1)
    view.show(records[-most:])
    if not records:
        output.say("Nothing of that kind is on record.", style="dim")
    if len(records) > most:
        output.note(left_out(int(records[-most]["at"]), most))
    return ExitCode.OK


async def verify(output: Output, place: Place, *, keep: bool = False) -> ExitCode:
    """Says whether the trails are whole, and of each that is not which record is the first that is bad.

    Args:
        output: Where to.
        place: Which trails.
        keep: Whether the newest seals of those that are whole are put to the anchors.
    """
    if place.anchors is not None and not keep and not place.anchors.is_dir():
        raise CommandFailed(f"{place.anchors} is no folder of anchors; --keep makes it.")
    bad = 0
    for source in place.sources():
        if not source.keys:
            raise CommandFailed(f"Nobody's key is known for {source.name}: name a folder of public keys with --keys.")
        is_anchored = source.anchors is not None and source.anchors.is_dir()
        report = check(source, keep=keep)
        # A trail in a file begins with its first record: one without any is none, or no longer.
        is_whole = report.is_whole and (report.writers > 0 or isinstance(source.where, Database))
        bad += not is_whole
        output.emit(
            {
                "event": "trail",
                "trail": source.name,
                **({"file": str(source.where)} if isinstance(source.where, Path) else {}),
                "whole": is_whole,
                "records": report.records,
                "chains": report.writers,
                "not_ended": list(report.unclosed),
                "anchored": is_anchored,
                "problems": [
                    {"chain": one.writer, "record": one.sequence, "latest": one.latest, "fault": one.fault.value}
                    for one in report.problems
                ],
            }
        )
        state = ("whole", "green") if is_whole else ("NOT WHOLE", "bold red")
        found = f", {report.records} records in {report.writers} chains" if report.writers else ", nothing is on record"
        without = "" if is_anchored else "; without anchors an end that was cut off is not missed"
        output.say(Text.assemble(f"{one_line(source.name)}: ", state, found, (without, "dim")))
        for problem in report.problems:
            output.say(Text(f"  {_problem(problem)}", style="red"))
    return ExitCode.FAILED if bad else ExitCode.OK


async def write_out(output: Output, place: Place, folder: Path, *, instead: bool) -> ExitCode:
    """Writes each trail to a file of its own, as lines of JSON.

    Args:
        output: Where to.
        place: Which trails.
        folder: Where the files are put.
        instead: Whether they take the place of what is there already.

    Raises:
        CommandFailed: a file is there already; then none is written.
    """
    files = {source: folder / name for source, name in file_names(place.sources()).items()}
    there = [file for file in files.values() if file.exists()]
    if there and not instead:
        raise CommandFailed(f"{there[0]} is there already: name another folder, or write over it with --replace.")
    for source, file in files.items():
        done = export(source, file, instead=instead)
        told = {"trail": source.name, "file": str(file), "records": done.records, "changed": done.changed}
        output.emit({"event": "exported", **told})
        output.say(f"{one_line(source.name)}: {done.records} records in {one_line(str(file))}")
        if done.changed:
            output.say(f"  {done.changed} of them cannot be read, as they were changed: verify the trail.", style="red")
    return ExitCode.OK


async def prepare(output: Output, database: Path, agents: Sequence[str], readers: Sequence[str]) -> ExitCode:
    """Makes the tables of trails in a database, or brings them up to date."""
    postgres().prepare(url_in(database), agents, readers=readers)
    for agent in agents:
        output.emit({"event": "prepared", "trail": agent})
        output.say(f"{agent}: its role may read its trail, and append to it.")
    return ExitCode.OK


async def sweep(output: Output, place: Place, database: Path, *, days: float) -> ExitCode:
    """Deletes what agents have let go and what is old, from the trails of a database."""
    swept = postgres().sweep(url_in(database), lambda agent: VerifyingKeys.read(list(place.keys_of(agent))), days=days)
    for one in swept:
        output.emit({"event": "swept", "trail": one.agent, "records": one.records, "kept": list(one.kept)})
        output.say(f"{one_line(one.agent)}: {one.records} records deleted")
        for writer in one.kept:
            output.say(
                f"  chain {one_line(writer)}: more was to go, and is not old yet, or nobody signed that it may",
                style="yellow",
            )
    return ExitCode.OK


async def tell(output: Output, place: Place, task: str) -> ExitCode:
    """Tells the whole story of one task."""
    who = await people()
    begun: int | None = None
    with contextlib.closing(story(place.sources(), task)) as steps:
        for step in steps:
            record = step.record
            if begun is None:
                begun = int(record["at"])
                client = one_line(str(record.get("who", {}).get("client", "")))
                asked = f" asked on {_moment(begun):%d %B %Y at %H:%M:%S} UTC, through client {client}"
                output.say(Text.assemble((one_line(who.shown(record)) or "somebody", "bold"), asked))
            output.emit({"event": "step", "depth": step.depth, "record": record})
            after = f"+{(int(record['at']) - begun) / 1000:.3f} s"
            agent = f"{'  ' * step.depth}{one_line(record['agent'])}"
            output.say(Text.assemble((f"{after:>12}  ", "dim"), f"{agent:<18}", *_what(record, who)))
    if begun is None:
        raise CommandFailed(f"No task {task!r} is on record.")
    return ExitCode.OK


def moment(said: str | None) -> int | None:
    """A time as people say it, in milliseconds since 1970: `2h` ago, or a date with or without a time.

    It is UTC, unless it names another offset.

    Raises:
        CommandFailed: it is none.
    """
    if said is None:
        return None
    try:
        if ago := _AGO.fullmatch(said):
            found = datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        else:
            found = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        raise CommandFailed(f"{said!r} is no time: say how long ago (90s, 2h, 3d), or 2026-12-24T18:00.") from None
    return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - datetime.fromtimestamp(0, UTC)) // _MILLISECOND


def left_out(oldest: int, shown: int) -> str:
    """What is said where there is more on record than was shown; of the same moment as the oldest, too.

    Args:
        oldest: When what is shown begins, in milliseconds since 1970.
        shown: How many records that is.
    """
    until = _moment(min(oldest + 1, LATEST)).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"These are the newest {shown}. For older ones: --until {until}, or more at once with --limit."


class _View:
    """Shows records in one form or another."""

    def __init__(self, output: Output, who: People, form: str) -> None:
        self._output = Output(as_json=True) if form != "table" else output
        self._who = who
        self._form = form

    def show(self, records: Sequence[dict[str, Any]]) -> None:
        """Shows some more."""
        for record in records:
            self._output.emit(ocsf(record) if self._form == "ocsf" else record)
        if self._form != "table" or not records:
            return
        for record in records:
            self._output.say(
                Text.assemble(
                    (f"{_moment(record['at']):%Y-%m-%d %H:%M:%SZ}  ", "dim"),
                    f"{one_line(record['agent']):<14}  {one_line(self._who.shown(record)):<16}  ",
                    *_what(record, self._who),
                )
            )


async def _follow(output: Output, place: Place, follower: Follower, view: _View, *, most: int) -> NoReturn:
    """Shows the newest of what is there, and goes on until it is interrupted.

    A trail that cannot be read is waited for, and one that is made meanwhile is read from its beginning.
    """
    sources = _by_trail(place.there())
    if not sources:
        output.complain("There is no audit trail yet. It is waited for.")
    begun = [record for source in sources.values() for record in follower.begin(source, most=most + 1)]
    newest = sorted(begun, key=in_order)[-most:]
    view.show(newest)
    if len(begun) > most:
        output.note(left_out(int(newest[0]["at"]), most))
    missed: Counter[Path | str] = Counter()
    while True:
        fresh: list[dict[str, Any]] = []
        is_more = False
        for trail, source in sources.items():
            try:
                news = await asyncio.to_thread(follower.news, source)
            except ConfigurationError as error:
                missed[trail] += 1
                if missed[trail] == TRIES:
                    output.complain(f"{error.public_message} It is waited for.")
                continue
            if missed.pop(trail, 0) >= TRIES:
                output.complain(f"The trail of {one_line(source.name)} can be read again.")
            for writer in news.shorter:
                output.complain(f"The chain {one_line(writer)} has lost its end: `{typed('audit verify')}` says more.")
            for writer in news.gone:
                output.complain(
                    f"The chain {one_line(writer)} is there no more, and was not read to its end: "
                    "name the file where it is now with --file."
                )
            fresh += news.records
            is_more = is_more or news.more
        view.show(sorted(fresh, key=in_order))
        await asyncio.sleep(0 if is_more else FOLLOW_SECONDS)
        sources |= await asyncio.to_thread(_found_now, place)


def _found_now(place: Place) -> dict[Path | str, Source]:
    """The trails, those among them that were made meanwhile; none where that cannot be known now."""
    with contextlib.suppress(ConfigurationError, CommandFailed):
        return _by_trail(place.there())
    return {}


def _by_trail(sources: Sequence[Source]) -> dict[Path | str, Source]:
    """Each once: by its file, or as the database may be reached in another way meanwhile, by whose it is there."""
    return {source.where.agent if isinstance(source.where, Database) else source.where: source for source in sources}


def _what(record: dict[str, Any], who: People) -> list[tuple[str, str]]:
    """What happened, to what, and why."""
    about, reasons = who.about(record), one_line(why(record))
    words = one_line(f"{words_for(record)}{_outcome(record)}{f', {about}' if about else ''}")
    return [(words, _COLOURS.get(str(record["outcome"]), "")), (f"  ({reasons})" if reasons else "", "dim")]


def _outcome(record: dict[str, Any]) -> str:
    """The outcome, where the words do not say it."""
    outcome = str(record["outcome"])
    return "" if record.get("act") or outcome == "succeeded" else f": {outcome}"


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + at * _MILLISECOND


def _problem(problem: Problem) -> str:
    which = f"record {problem.sequence}"
    if problem.latest > problem.sequence:
        which += f" (or a later one, up to {problem.latest})"
    return f"chain {one_line(problem.writer)}: {which} {_FAULTS[problem.fault]}"
