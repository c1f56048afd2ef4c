"""Documents on their way into an index."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge._errors import DocumentUnreadable
from knowledge._model import Article
from knowledge._storage import Stream, pack_sections, read_sections
from knowledge._words import Word, content_words, searchable

Words = Sequence[Word]


@dataclass(frozen=True, slots=True)
class Document:
    """An article, ready to be indexed."""

    path: str
    digest: bytes
    article: Article
    sections: bytes
    title: Words
    aliases: Sequence[Words]
    searched: Sequence[tuple[int, Words, Words]]
    vectors: bytes = b""

    @classmethod
    def of(cls, article: Article, path: str, digest: bytes) -> "Document":
        """Finds the words of an article; sections that only link elsewhere are left out."""
        language = article.language
        return cls(
            path=path,
            digest=digest,
            article=article,
            sections=pack_sections(article.sections),
            title=content_words(article.title, language),
            aliases=[words for text in (*article.aliases, *article.tags) if (words := content_words(text, language))],
            searched=[
                (
                    number,
                    content_words(" / ".join(section.path), language),
                    content_words(searchable(section.text), language),
                )
                for number, section in enumerate(article.sections)
                if not section.is_navigation
            ],
        )

    @classmethod
    def carried_over(
        cls,
        path: str,
        digest: bytes,
        article: Article,
        *,
        sections: bytes,
        stream: Stream,
        words: Words,
        vectors: bytes,
    ) -> "Document":
        """As an index holds it; `words` are those of that index, by number."""

        def named(field_words: Sequence[int]) -> list[Word]:
            return [words[number] for number in field_words]

        return cls(
            path=path,
            digest=digest,
            article=article,
            sections=sections,
            title=named(stream.title),
            aliases=[named(alias) for alias in stream.aliases],
            searched=[(number, named(heading), named(body)) for number, heading, body in stream.sections],
            vectors=vectors,
        )

    def texts(self) -> list[str]:
        """What a model makes vectors of: each searched section, under the article's title and its headings."""
        sections = self.article.sections or read_sections(self.sections)
        return [
            "\n".join(filter(None, (self.article.title, sections[number].heading, searchable(sections[number].text))))
            for number, *_ in self.searched
        ]


@dataclass(slots=True)
class Collection:
    """All documents of a knowledge base, their words numbered as they come.

    The numbers depend on the documents and their order alone, so the same folder gives the same index.
    """

    documents: list[tuple[str, bytes, Article, bytes]] = field(default_factory=list)
    streams: list[bytes] = field(default_factory=list)
    words: dict[Word, int] = field(default_factory=dict)
    vectors: dict[int, bytes] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)

    def add(self, document: Document) -> None:
        """Takes a document in.

        Raises:
            DocumentUnreadable: Another has the same slug.
        """
        slug = document.article.slug
        if slug in self._paths:
            raise DocumentUnreadable(f"its id {slug!r} is that of {self._paths[slug]} too")
        self._paths[slug] = document.path
        self.documents.append((document.path, document.digest, document.article, document.sections))
        stream = Stream(
            self._numbered(document.title),
            [self._numbered(alias) for alias in document.aliases],
            [(number, self._numbered(heading), self._numbered(body)) for number, heading, body in document.searched],
        )
        self.streams.append(stream.pack())
        if document.vectors:
            self.vectors[len(self.documents) - 1] = document.vectors

    def digests(self) -> dict[str, bytes]:
        """By path."""
        return {path: digest for path, digest, _, _ in self.documents}

    def _numbered(self, words: Words) -> "array[int]":
        return array("I", [self.words.setdefault(word, len(self.words)) for word in words])
