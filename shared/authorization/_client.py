"""The relationship store over HTTP: OpenFGA and Auth0 FGA, through `openfga-sdk`.

One client for the process, made when it is first needed (the SDK's session belongs to the loop that it is made in).
Whatever goes wrong on the way to an answer, and an answer that is not one, is a part that is away: nothing here turns
into a permission but a plain `true`. The SDK's own `batch_check` is not used for that reason: it makes booleans of what
it is given, so that an answer of `"allowed": "false"` comes back as true (openfga-sdk 0.10.5).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Self

from openfga_sdk import OpenFgaClient
from pydantic import BaseModel, ConfigDict, model_validator

from shared.authorization._checks import PART
from shared.authorization._decision import Answer, Check, Consistency, Fact
from shared.authorization._sdk import open_client, refusal_of
from shared.errors import UpstreamUnavailable
from shared.settings import FgaSettings
from shared.telemetry import get_logger, outbound

BATCH_CHECK: Final = "/stores/{store_id}/batch-check"
MOST_AT_ONCE: Final = 50
"""Checks in one request: OpenFGA's own limit."""

_log = get_logger()


class _Error(BaseModel):
    """Why there is no answer to one check."""

    input_error: str = ""
    internal_error: str = ""

    @property
    def code(self) -> str:
        """OpenFGA's code."""
        return self.input_error or self.internal_error or "error"


class _Result(BaseModel):
    """An answer, or an error in its place. Strict: `"false"` and `1` are no answers."""

    model_config = ConfigDict(strict=True)

    allowed: bool | None = None
    error: _Error | None = None

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if (self.allowed is None) == (self.error is None):
            raise ValueError("an answer is either allowed or an error")
        return self


class _Answered(BaseModel):
    """The body of an answered batch."""

    result: dict[str, _Result]


class OpenFga:
    """Answers checks from an OpenFGA store.

    Args:
        settings: Which store and model, and the credential.
        clock: The time that conditions see, in seconds since the epoch.
    """

    def __init__(self, settings: FgaSettings, *, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._client: OpenFgaClient | None = None

    @property
    def model_id(self) -> str:
        """The authorization model that is asked."""
        return self._settings.fga_model_id

    async def ask(self, checks: Sequence[Check], *, consistency: Consistency) -> list[Answer]:
        """The answers, in the checks' order; at most fifty to a request, and the requests at the same time.

        Raises:
            UpstreamUnavailable: where they cannot be had, in time or at all.
        """
        asked = [checks[place : place + MOST_AT_ONCE] for place in range(0, len(checks), MOST_AT_ONCE)]
        try:
            async with asyncio.timeout(self._settings.fga_timeout_seconds), asyncio.TaskGroup() as requests:
                answered = [requests.create_task(self._batch(some, consistency)) for some in asked]
            return [answer for some in answered for answer in some.result()]
        except Exception as error:
            detail = _described(error)
            _log.warning("authorization_away", detail=detail, checks=len(checks))
            raise UpstreamUnavailable(PART, detail=detail) from error

    async def _batch(self, checks: Sequence[Check], consistency: Consistency) -> list[Answer]:
        context = {"current_time": datetime.fromtimestamp(self._clock(), UTC).isoformat()}
        with outbound(PART, "POST", BATCH_CHECK, url=self._settings.fga_api_url):
            response = await self._opened().execute_api_request(
                operation_name="BatchCheck",
                method="POST",
                path=BATCH_CHECK,
                path_params={"store_id": self._settings.fga_store_id},
                body={
                    "checks": [_item(str(number), each, context) for number, each in enumerate(checks)],
                    "authorization_model_id": self._settings.fga_model_id,
                    "consistency": consistency.value,
                },
            )
        answered = _Answered.model_validate(response.json()).result
        return [_answer(each, answered[str(number)]) for number, each in enumerate(checks)]

    async def aclose(self) -> None:
        """Closes the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()  # type: ignore[no-untyped-call]

    def _opened(self) -> OpenFgaClient:
        if self._client is None:
            settings = self._settings
            self._client = open_client(settings, store_id=settings.fga_store_id, model_id=settings.fga_model_id)
        return self._client


def _item(number: str, check: Check, context: dict[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {"tuple_key": _key(check), "context": context, "correlation_id": number}
    if check.facts:
        item["contextual_tuples"] = {"tuple_keys": [_key(fact) for fact in check.facts]}
    return item


def _key(of: Check | Fact) -> dict[str, str]:
    return {"user": of.user, "relation": of.relation, "object": of.object}


def _answer(check: Check, result: "_Result") -> Answer:
    if result.error is not None:
        _log.error("authorization_check_failed", relation=check.relation, object=check.object, code=result.error.code)
        return Answer(check, allowed=False, error=result.error.code)
    return Answer(check, allowed=result.allowed is True)


def _described(error: BaseException) -> str:
    """What went wrong, without what was sent or answered."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "too slow"
    refusal = refusal_of(error)
    return f"refused with {refusal.status} {refusal.code}".strip() if refusal else type(error).__name__
