"""Vectors of texts, by a model, where there is one: they put the articles that were found in a better order.

Off by default. The index keeps the vectors of the articles, made when it is built; a search asks for that of the
question alone. Whether an article fits, and which articles are looked at, the words decide; a model that is away
changes the order and nothing else.
"""

import contextlib
import logging
import math
import operator
import sys
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from knowledge._errors import EmbeddingsUnavailable

_log = logging.getLogger(__name__)

_SCALE: Final = 127
_KEPT_QUESTIONS: Final = 256
_REST_SECONDS: Final = 30.0
_SMOOTHING: Final = 60
"""How little the first places count for more than the next (reciprocal rank fusion: Cormack et al., 2009)."""

Vector = Sequence[float]


class Embedder(Protocol):
    """A model that turns texts into vectors; both methods raise `EmbeddingsUnavailable`."""

    @property
    def name(self) -> str:
        """The model and what it was asked for: vectors of different names are never compared."""
        ...

    def documents(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text of a document."""
        ...

    def question(self, text: str) -> Vector:
        """The vector of a question."""
        ...


class Questions:
    """The vectors of questions: those asked lately are kept, and a model that failed is left alone for a while.

    Args:
        embedder: The model.
        clock: Monotonic seconds.
    """

    def __init__(self, embedder: Embedder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._rests_until = -math.inf

    def vector(self, text: str) -> bytes | None:
        """The vector, packed; None where the model is away."""
        with self._lock:
            if (known := self._known.get(text)) is not None:
                self._known.move_to_end(text)
                return known
            if self._clock() < self._rests_until:
                return None
        try:
            packed = pack_vector(self._embedder.question(text))
        except EmbeddingsUnavailable as error:
            _log.warning("embeddings_unavailable", extra={"reason": str(error), "rest_seconds": _REST_SECONDS})
            with self._lock:
                self._rests_until = self._clock() + _REST_SECONDS
            return None
        with self._lock:
            self._known[text] = packed
            while len(self._known) > _KEPT_QUESTIONS:
                self._known.popitem(last=False)
        return packed


def pack_vector(vector: Vector) -> bytes:
    """A vector of length one, a byte for each dimension.

    Raises:
        EmbeddingsUnavailable: It is no vector: empty, zero, or of what are no numbers.
    """
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        length = math.sqrt(sum(value * value for value in vector))
        if length > 0 and math.isfinite(length):
            return array("b", [round(_SCALE * value / length) for value in vector]).tobytes()
    raise EmbeddingsUnavailable("the model answered with what is no vector")


def pack_vectors(vectors: Sequence[Vector]) -> bytes:
    """Vectors of one length after each other, their number of dimensions first.

    Raises:
        EmbeddingsUnavailable: One is no vector, or is of another length.
    """
    packed = [pack_vector(vector) for vector in vectors]
    if len({len(vector) for vector in packed}) > 1:
        raise EmbeddingsUnavailable("the model answered with vectors of different lengths")
    return len(packed[0]).to_bytes(2, "little") + b"".join(packed) if packed else b""


def likeness(question: bytes, vectors: bytes) -> float | None:
    """How like the nearest of some vectors is to a question's, from -1 to 1; None where they cannot be compared."""
    size = int.from_bytes(vectors[:2], "little")
    if not size or size != len(question):
        return None
    asked, values = array("b", question), array("b", vectors[2:])
    found = max(_product(asked, values[at : at + size]) for at in range(0, len(values), size))
    return found / _SCALE**2


def in_fused_order(likenesses: Sequence[float | None]) -> list[int]:
    """The places of what was found, best by words first, put in order by words and by likeness together.

    What has no vector keeps its place by words.
    """
    by_likeness = sorted(range(len(likenesses)), key=lambda place: -(likenesses[place] or -1.0))
    ranks = {place: rank for rank, place in enumerate(by_likeness)}
    score = {
        place: 1 / (_SMOOTHING + place) + 1 / (_SMOOTHING + (place if like is None else ranks[place]))
        for place, like in enumerate(likenesses)
    }
    return sorted(score, key=lambda place: (-score[place], place))


if sys.version_info >= (3, 12):
    _product = math.sumprod
else:

    def _product(one: Sequence[int], other: Sequence[int]) -> int:
        return sum(map(operator.mul, one, other))
