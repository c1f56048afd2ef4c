"""The supervisor's `GET /activity`, asked with the person's own token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

import httpx

from portal._errors import CommandFailed, NotSignedIn, PartAway
from portal.record import words_for

SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that an agent did.

    Attributes:
        at: When.
        agent: Which agent.
        words: What, about what, how it came out, and who approved it.
        scopes: With which rights.
        until: Until when it holds those rights, where that is known.
    """

    at: datetime
    agent: str
    words: str
    scopes: tuple[str, ...]
    until: datetime | None

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """Reads what an agent tells."""
        outcome = str(record["outcome"])
        said = "" if record.get("act") or outcome == "succeeded" else f": {outcome}"
        about = f", {record['resource']}" if record.get("resource") else ""
        # Who was asked has not approved by that; only what was done in the end had their approval.
        asked = "approved by" if record.get("act") else "approver"
        approved = f", {asked} {record['approver']}" if record.get("approver") else ""
        return cls(
            at=datetime.fromtimestamp(int(record["at"]) / 1000, UTC),
            agent=str(record["agent"]),
            words=words_for(record) + said + about + approved,
            scopes=tuple(str(scope) for scope in record.get("scopes") or ()),
            until=datetime.fromtimestamp(int(record["until"]), UTC) if record.get("until") else None,
        )


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done.

    Attributes:
        records: In order; what agents said.
        away: The agents that could not be asked.
        more: Whether there is older, which was left out.
    """

    records: tuple[dict[str, Any], ...]
    away: tuple[str, ...]
    more: bool = False

    @property
    def deeds(self) -> list[Deed]:
        """The records, read."""
        return [Deed.read(record) for record in self.records]


async def activity_request(
    http: httpx.AsyncClient, url: str, token: str, *, since: int, limit: int, until: int | None = None
) -> Activity:
    """Asks what was done on somebody's behalf.

    Args:
        http: The process's HTTP client.
        url: The supervisor's.
        token: The person's, for the supervisor.
        since: From when on, in milliseconds since the epoch.
        limit: How much at most, the newest.
        until: Before when, in the same way.

    Raises:
        PartAway: the supervisor does not answer.
        NotSignedIn: it does not accept the sign-in any more.
        CommandFailed: it does not tell it.
    """
    bounds = {"since": str(since), "limit": str(limit)} | ({} if until is None else {"until": str(until)})
    try:
        response = await http.get(
            f"{url.rstrip('/')}/activity",
            params=bounds,
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
    except httpx.HTTPError as error:
        raise PartAway("supervisor", f"It does not answer at {url} ({type(error).__name__}).") from error
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise NotSignedIn("The supervisor does not accept your sign-in any more: sign in again.")
    if response.status_code != httpx.codes.OK:
        raise CommandFailed(f"The supervisor does not tell it (status {response.status_code}).")
    answer = response.json()
    away = tuple(str(name) for name in answer.get("away", ()))
    return Activity(tuple(answer.get("records", ())), away, more=answer.get("more") is True)
