"""Who and what there is: all accounts and groups, read from the directory over the Okta API."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from portal._errors import PartAway

_STATUSES = (
    *("STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "LOCKED_OUT", "PASSWORD_EXPIRED", "SUSPENDED", "DEPROVISIONED"),
)
_PAGE = 200
_MOST_PAGES = 1000
_MOST_BYTES = 16 * 2**20
_NOT_WORKING = frozenset({"STAGED", "SUSPENDED", "DEPROVISIONED"})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Account:
    """An account, as far as relationships are concerned; `id` is the directory's."""

    id: str
    login: str
    subject: str
    status: str
    kind: str
    department: str
    manager_id: str

    @property
    def is_gone(self) -> bool:
        """Whether whom it belonged to has left."""
        return self.status == "DEPROVISIONED"

    @property
    def works(self) -> bool:
        """Whether whom it belongs to works here now: what they may do for others, they may do as long as that."""
        return self.status not in _NOT_WORKING


@dataclass(frozen=True, slots=True)
class Roster:
    """All accounts, and the groups by name, with their ids and the ids of their members."""

    accounts: tuple[Account, ...]
    groups: dict[str, tuple[str, frozenset[str]]]


class _Profile(BaseModel):
    login: str
    subject: Annotated[str | None, Field(alias="auth0Subject")] = None
    kind: Annotated[str | None, Field(alias="accountKind")] = None
    department: str | None = None
    manager_id: Annotated[str | None, Field(alias="managerId")] = None


class _User(BaseModel):
    id: str = Field(min_length=1)
    status: str
    profile: _Profile

    def value(self) -> Account:
        profile = self.profile
        return Account(
            self.id,
            profile.login,
            profile.subject or "",
            self.status,
            profile.kind or "",
            profile.department or "",
            profile.manager_id or "",
        )


class _GroupProfile(BaseModel):
    name: str


class _Group(BaseModel):
    id: str = Field(min_length=1)
    type: str = ""
    profile: _GroupProfile


class _Member(BaseModel):
    id: str


_USERS = TypeAdapter(list[_User])
_GROUPS = TypeAdapter(list[_Group])
_MEMBERS = TypeAdapter(list[_Member])


async def read_roster(directory_url: str, token: str, http: httpx.AsyncClient) -> Roster:
    """Reads everything; groups that hold everybody are left out.

    Args:
        directory_url: The API, up to and with `/api/v1`.
        token: An access token with `okta.users.read` and `okta.groups.read`.
        http: The process's client.

    Raises:
        PartAway: The directory did not answer, or not with what its reference says. Nothing is known then.
    """
    directory = _Directory(directory_url.rstrip("/"), token, http)
    every = " or ".join(f'status eq "{status}"' for status in _STATUSES)
    users = await directory.all(_USERS, "/users", {"search": every, "limit": str(_PAGE)})
    groups = {}
    for group in await directory.all(_GROUPS, "/groups", {"limit": str(_PAGE)}):
        if group.type != "BUILT_IN":
            members = await directory.all(_MEMBERS, f"/groups/{group.id}/users", {"limit": str(_PAGE)})
            groups[group.profile.name] = (group.id, frozenset(member.id for member in members))
    return Roster(tuple(user.value() for user in users), groups)


class _Directory:
    """Reads lists, page by page. Of a `next` link its cursor alone is used: the URL stays our own."""

    def __init__(self, url: str, token: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._http = http

    async def all(self, kind: TypeAdapter[list[_T]], path: str, parameters: dict[str, str]) -> list[_T]:
        """Every item of a list."""
        found: list[_T] = []
        asked = dict(parameters)
        for _ in range(_MOST_PAGES):
            response = await self._page(path, asked)
            try:
                found += kind.validate_json(response.content)
            except ValidationError as error:
                raise _away(f"unexpected answer at {path}: {error.error_count()} problems") from None
            cursors = parse_qs(urlsplit(response.links.get("next", {}).get("url", "")).query).get("after", [])
            if not cursors or cursors[0] == asked.get("after"):
                return found
            asked["after"] = cursors[0]
        raise _away(f"{path} never ends")

    async def _page(self, path: str, parameters: dict[str, Any]) -> httpx.Response:
        try:
            response = await self._http.get(f"{self._url}{path}", params=parameters, headers=self._headers)
        except httpx.HTTPError as error:
            raise _away(type(error).__name__) from None
        if response.status_code != httpx.codes.OK or len(response.content) > _MOST_BYTES:
            raise _away(f"{path} was answered {response.status_code}")
        return response


def _away(detail: str) -> PartAway:
    return PartAway("directory", f"The directory could not be read ({detail}): nothing was changed.", detail=detail)
