"""What can go wrong; the package stands alone, so its errors do too."""


class IndexUnusable(Exception):
    """The index is missing, damaged, or written by another version; the text says which and what to do."""


class DocumentUnreadable(Exception):
    """A file is not an article; the text says why, for the people who keep the knowledge base."""


class EmbeddingsUnavailable(Exception):
    """The model that makes vectors is away, or answers with what is none; the text says which, without any document."""
