"""Tells a failure of the language model, which is another's, from all else that may break in a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from strands.hooks import AfterModelCallEvent, HookProvider, HookRegistry

from shared.errors import UpstreamUnavailable
from shared.telemetry import get_logger

_log = get_logger()


class ModelFailure(HookProvider):
    """What the last call of the model broke with. Made for one run."""

    def __init__(self) -> None:
        self._failure: Exception | None = None

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Is told of every call."""
        registry.add_callback(AfterModelCallEvent, self._called)

    def _called(self, event: AfterModelCallEvent) -> None:
        self._failure = event.exception

    @contextmanager
    def told(self) -> Iterator[None]:
        """Around the run: names the model where it was what broke.

        Raises:
            UpstreamUnavailable: The model is away, or does not answer.
        """
        try:
            yield
        except Exception as error:
            if self._failure is None:
                raise
            _log.exception("model_failed")
            raise UpstreamUnavailable("language model", detail=type(self._failure).__name__) from error
