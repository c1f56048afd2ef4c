"""What the conversations did, seen in the directory itself: its log and the mails that it sent."""

from dataclasses import dataclass
from typing import Any

import httpx

from portal._errors import PartAway


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that had to happen, and whether it did."""

    what: str
    seen: bool
    detail: str = ""


class DirectoryRecord:
    """Reads the directory's record over its own API.

    Args:
        url: Where the directory is.
        token: A bearer token that may read users and the log.
        http: The process's HTTP client.
    """

    def __init__(self, url: str, token: str, http: httpx.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._http = http

    async def unlocked(self, login: str, *, subject: str) -> Effect:
        """The account is unlocked once, by the password agent, for the person who asked."""
        events = await self._acts("user.account.unlock")
        wanted = [event for event in events if _target(event) == login and _acting_subject(event) == subject]
        user = await self._get(f"/api/v1/users/{login}")
        return Effect(
            f"{login} is unlocked: once, by password_reset, for {login}",
            len(events) == len(wanted) == 1
            and wanted[0]["actor"]["displayName"] == "password_reset"
            and user["status"] != "LOCKED_OUT",
            f"{len(events)} unlock events, status {user['status']}",
        )

    async def sent_mail(self, login: str, transcript: str) -> Effect:
        """One mail with a link went to the registered recovery address; the chat shows neither link."""
        profile = (await self._get(f"/api/v1/users/{login}"))["profile"]
        mails = await self._get("/outbox", accept="application/json")
        wanted = [mail for mail in mails if mail["recipient"] == profile["secondEmail"]]
        return Effect(
            f"{login} was sent one mail with a link, which the chat does not show",
            len(mails) == len(wanted) == 1 and mails[0]["link"] not in transcript,
            f"{len(mails)} mails in the outbox",
        )

    async def nobody_else(self, login: str) -> Effect:
        """No agent acted on any other account."""
        events = [
            event
            for kind in ("user.account.unlock", "user.account.reset_password", "user.lifecycle")
            for event in await self._acts(kind)
        ]
        others = sorted({_target(event) for event in events} - {login})
        return Effect("no other account was touched", not others, ", ".join(others))

    async def _acts(self, kind: str) -> list[dict[str, Any]]:
        """The log's events of a kind, or of all kinds that begin with it, that an agent brought about."""
        found: list[dict[str, Any]] = await self._get(f'/api/v1/logs?limit=1000&filter=eventType sw "{kind}"')
        return [event for event in found if event["actor"]["type"] == "PublicClientApp"]

    async def _get(self, path: str, *, accept: str = "application/json") -> Any:
        try:
            response = await self._http.get(f"{self._url}{path}", headers=self._headers | {"Accept": accept})
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise PartAway("directory", f"The directory does not show its record: {error}") from error


def _target(event: dict[str, Any]) -> str:
    return str(next((target["alternateId"] for target in event["target"] or [] if target["type"] == "User"), ""))


def _acting_subject(event: dict[str, Any]) -> str | None:
    value = event["debugContext"]["debugData"].get("actingSubject")
    return str(value) if value is not None else None
