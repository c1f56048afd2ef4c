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
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._http = http

    async def unlocked(self, login: str, *, subject: str) -> Effect:
        """The account was unlocked once, by the password agent, for the person who asked."""
        name, events = await self._login(login), await self._acts("user.account.unlock")
        wanted = [
            event
            for event in events
            if _target(event) == name
            and _acting_subject(event) == subject
            and event["actor"]["displayName"] == "password_reset"
        ]
        return Effect(
            f"{login} was unlocked: once, by password_reset, for {login}",
            len(events) == len(wanted) == 1,
            f"{len(events)} accounts unlocked, {len(wanted)} of them so",
        )

    async def sent_mail(self, login: str, transcript: str) -> Effect:
        """One mail with a link went to the registered recovery address; the chat does not show the link."""
        profile = (await self._get(f"/api/v1/users/{login}"))["profile"]
        mails = await self._get("/outbox")
        wanted = [mail for mail in mails if mail["recipient"] == profile["secondEmail"]]
        return Effect(
            f"{login} was sent one mail with a link, which the chat does not show",
            len(mails) == len(wanted) == 1 and mails[0]["link"] not in transcript,
            f"{len(mails)} mails in the outbox, {len(wanted)} of them so",
        )

    async def nobody_else(self, login: str) -> Effect:
        """No agent changed any other account."""
        name, kinds = await self._login(login), ("user.account", "user.lifecycle", "user.mfa")
        changed = {_target(event) for kind in kinds for event in await self._acts(kind)}
        return Effect("no other account was changed", changed == {name}, ", ".join(sorted(changed)))

    async def _login(self, login: str) -> str:
        """The directory's own name for a person."""
        return str((await self._get(f"/api/v1/users/{login}"))["profile"]["login"])

    async def _acts(self, kind: str) -> list[dict[str, Any]]:
        """The log's events of a kind, or of all kinds that begin with it, that an agent brought about."""
        found: list[dict[str, Any]] = await self._get(f'/api/v1/logs?limit=1000&filter=eventType sw "{kind}"')
        return [event for event in found if event["actor"]["type"] == "PublicClientApp"]

    async def _get(self, path: str) -> Any:
        try:
            response = await self._http.get(
                f"{self._url}{path}", headers=self._headers | {"Accept": "application/json"}
            )
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise PartAway("directory", f"The directory does not show its record: {error}") from error


def _target(event: dict[str, Any]) -> str:
    return str(next((target["alternateId"] for target in event["target"] or [] if target["type"] == "User"), ""))


def _acting_subject(event: dict[str, Any]) -> str | None:
    value = event["debugContext"]["debugData"].get("actingSubject")
    return str(value) if value is not None else None
