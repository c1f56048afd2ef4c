"""The search of the knowledge base, over an index that `knowledge.building` made ahead."""

from knowledge._bedrock import BedrockEmbedder
from knowledge._embeddings import Embedder, Vector
from knowledge._errors import EmbeddingsUnavailable, IndexUnusable
from knowledge._index import FITS, MAX_QUESTION, KnowledgeIndex
from knowledge._model import Article, Filters, Hit, SearchResult, Section

__all__ = [
    "FITS",
    "MAX_QUESTION",
    "Article",
    "BedrockEmbedder",
    "Embedder",
    "EmbeddingsUnavailable",
    "Filters",
    "Hit",
    "IndexUnusable",
    "KnowledgeIndex",
    "SearchResult",
    "Section",
    "Vector",
]
