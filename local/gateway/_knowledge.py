"""The knowledge base of this machine: the folder of articles, indexed before the gateway serves."""

import sqlite3
from pathlib import Path

from knowledge import BedrockEmbedder, IndexUnusable, KnowledgeIndex
from knowledge.building import build_index
from shared.errors import ConfigurationError
from shared.telemetry import get_logger

_log = get_logger()


def open_knowledge(folder: Path, index: Path, embeddings: str | None = None) -> KnowledgeIndex:
    """Brings the index up to date with the folder, and opens it.

    Args:
        folder: The articles.
        index: The file.
        embeddings: The model of Amazon Bedrock that helps to order what was found.

    Raises:
        ConfigurationError: The folder cannot be read, or the index cannot be written or holds no article; or the model
            is not one that is known.
    """
    try:
        embedder = BedrockEmbedder(embeddings) if embeddings else None
    except ValueError as error:
        raise ConfigurationError(f"KNOWLEDGE_EMBEDDINGS: {error}.") from error
    try:
        report = build_index(folder, index, embedder=embedder)
        opened = KnowledgeIndex(index, embedder=embedder)
    except (OSError, sqlite3.Error, IndexUnusable) as error:
        raise ConfigurationError(
            f"KNOWLEDGE_INDEX cannot be made from KNOWLEDGE_FOLDER ({error}): "
            "let the process read the one and write the other."
        ) from error
    for file in report.unreadable:
        _log.warning("article_unreadable", path=file.path, reason=file.reason)
    if report.embedding_problem:
        _log.warning("articles_without_vectors", reason=report.embedding_problem)
    if not report.articles:
        opened.close()
        raise ConfigurationError("KNOWLEDGE_FOLDER holds no article that can be read: put Markdown files there.")
    _log.info("knowledge_base_opened", articles=report.articles, parsed=report.parsed, written=report.written)
    return opened
