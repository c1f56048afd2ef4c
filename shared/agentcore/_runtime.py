"""The workload access token that AgentCore Runtime hands in with a request."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from shared.identity import RawToken

WORKLOAD_TOKEN_HEADERS: Final = ("X-Amz-Bedrock-AgentCore-Identity-WAT", "WorkloadAccessToken")
"""Both are read, the first before the second: AWS does not say which of them reaches an A2A container, and no client
can send the first, since its prefix is not to be allowlisted."""


@dataclass(frozen=True, slots=True)
class RuntimeToken:
    """The token, and the digest of the bearer token that came with it: the runtime made it for that one."""

    token: RawToken
    bearer_digest: bytes | None

    def is_for(self, user_token: RawToken) -> bool:
        """Whether it says of its user what `user_token` does."""
        return self.bearer_digest == user_token.digest()


_current: ContextVar[RuntimeToken | None] = ContextVar("runtime_token", default=None)


@contextmanager
def runtime_token(token: RuntimeToken | None) -> Generator[None, None, None]:
    """Holds the token of one request, or that there is none, for as long as the request is worked on."""
    before = _current.set(token)
    try:
        yield
    finally:
        _current.reset(before)


def current_runtime_token() -> RuntimeToken | None:
    """What came with the request that is being worked on."""
    return _current.get()
