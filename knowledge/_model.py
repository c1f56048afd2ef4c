"""What the knowledge base is made of, and what a search of it returns."""

from dataclasses import dataclass, field
from datetime import date

LEAD = ""
"""The heading and the anchor of what stands before an article's first heading."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an article under one heading.

    Attributes:
        path: The headings that lead to it, outermost first; empty for the text before the first heading.
        anchor: The fragment of a link to it, as GitHub forms it; empty for the text before the first heading.
        text: Its own Markdown, verbatim, without the heading's line and without the sections below it.
        is_navigation: Whether it only links elsewhere; such a section is neither searched nor quoted.
    """

    path: tuple[str, ...]
    anchor: str
    text: str
    is_navigation: bool = False

    @property
    def heading(self) -> str:
        """The headings joined, to show."""
        return " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ".join(self.path)


@dataclass(frozen=True, slots=True)
class Article:
    """One document of the knowledge base.

    Attributes:
        slug: Its identifier, unique in the knowledge base, usable in a URL.
        audience: For whom it is meant; who may read it is decided by the caller of the search, through `Filters`.
        aliases: Words and phrases that people use for its subject and that its text may not hold.
        synonyms: Groups of words that mean the same in this company; they apply to all articles.
        related: The slugs of the articles that it links to.
    """

    slug: str
    title: str
    audience: str
    owner: str
    updated: date
    language: str
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    related: tuple[str, ...] = ()
    sections: tuple[Section, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Filters:
    """What an article must be to be found; an empty filter lets all through.

    Attributes:
        audiences: It is for one of these.
        languages: It is in one of these (ISO 639-1).
        tags: It has all of these.
        updated_since: It was updated on this day or later.
        owners: One of these keeps it.
    """

    audiences: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    updated_since: date | None = None
    owners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that fits a question, and the passage of it that fits best.

    Attributes:
        section: The headings of the passage's section, joined; empty for the text before the first heading.
        anchor: The fragment of a link to that section; empty for the article itself.
        quote: The passage, verbatim Markdown.
        score: For ordering hits of one search only.
        confidence: From 0 to 1: how much of the question this article is about; comparable between searches.
        related: The articles that it links to and that the filter lets through: slug and title.
    """

    article: str
    title: str
    section: str
    anchor: str
    quote: str
    score: float
    confidence: float
    updated: date
    language: str
    audience: str
    related: tuple[tuple[str, str], ...] = ()
    owner: str = ""

    @property
    def location(self) -> str:
        """The article and the section, as the last part of a URL."""
        return f"{self.article}#{self.anchor}" if self.anchor else self.article


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first.

    Attributes:
        hits: Empty where nothing in the knowledge base fits.
        corrections: Words of the question that the knowledge base does not hold, with what they were read as.
    """

    hits: tuple[Hit, ...]
    corrections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not become an article; `path` is relative to the knowledge base's folder."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did.

    Attributes:
        articles: How many the index holds now.
        parsed: How many were read anew; the others were carried over from the index that was there.
        removed: How many that the former index held are gone.
        written: False where nothing had changed and the file was left as it was.
        unreadable: The files that were left out.
        others: How many files are no documents: pictures, style sheets.
        embedded: How many articles a model made vectors of anew.
        embedding_problem: Why not of all of them; those that are missing are tried again with the next build.
    """

    articles: int
    parsed: int
    removed: int
    written: bool
    unreadable: tuple[Unreadable, ...] = ()
    others: int = 0
    embedded: int = 0
    embedding_problem: str = ""
