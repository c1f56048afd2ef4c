"""The search of the knowledge base, over an index that `knowledge.building` made ahead."""

from knowledge._errors import IndexUnusable
from knowledge._index import FITS, MAX_QUESTION, KnowledgeIndex
from knowledge._links import linked_article
from knowledge._model import Article, Filters, Hit, SearchResult, Section

__all__ = [
    "FITS",
    "MAX_QUESTION",
    "Article",
    "Filters",
    "Hit",
    "IndexUnusable",
    "KnowledgeIndex",
    "SearchResult",
    "Section",
    "linked_article",
]
