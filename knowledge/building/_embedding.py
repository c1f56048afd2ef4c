"""Vectors for the documents of a build, where a model makes them."""

import dataclasses

from knowledge._embeddings import Embedder, pack_vectors
from knowledge._errors import EmbeddingsUnavailable
from knowledge.building._documents import Document


class Embedding:
    """Gives documents the vectors that they lack; once the model has failed, no more of them.

    Args:
        embedder: The model; without one, no document gets any.
    """

    def __init__(self, embedder: Embedder | None) -> None:
        self.name = embedder.name if embedder is not None else ""
        self.embedded = 0
        self.problem = ""
        self._embedder = embedder

    def complete(self, document: Document) -> Document:
        """The document with its vectors, if they can be had."""
        if self._embedder is None or self.problem or document.vectors or not (texts := document.texts()):
            return document
        try:
            vectors = self._embedder.documents(texts)
            completed = dataclasses.replace(document, vectors=pack_vectors(vectors))
        except EmbeddingsUnavailable as error:
            self.problem = str(error)
            return document
        self.embedded += 1
        return completed

    def has_changed(self, former: str) -> bool:
        """Whether an index whose vectors this name made is to be written anew for their sake."""
        return bool(self.embedded) or self.name != former
