"""The index's file: one SQLite database, written once, then only read.

articles   what an article says of itself, and its sections, compressed
vectors    an article's vectors, one for each searched section, where a model made them (see `_embeddings`)
streams    an article's words in order, as numbers (see `Stream`): what the ranking reads
words      each word as written, with its term (stem); the languages it stands in, a bit for each
terms      each term, how many articles have it, and where (see `pack_postings`)
grams      pairs of letters to words, for misspelt questions
tags       each tag, and its articles
meta       counts, averages, per-article columns for the filters
"""

import json
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from knowledge._model import Article, Section
from knowledge._stopwords import STOPWORDS
from knowledge._weights import FIELD_LENGTH, FIELD_WEIGHTS, SATURATION

SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE articles (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, path TEXT NOT NULL, digest BLOB NOT NULL,
                       updated TEXT NOT NULL, about TEXT NOT NULL, sections BLOB NOT NULL);
CREATE TABLE vectors (id INTEGER PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE streams (id INTEGER PRIMARY KEY, words BLOB NOT NULL);
CREATE TABLE words (id INTEGER PRIMARY KEY, surface TEXT NOT NULL, term INTEGER NOT NULL, articles INTEGER NOT NULL,
                    languages INTEGER NOT NULL);
CREATE TABLE terms (id INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE, articles INTEGER NOT NULL,
                    postings BLOB NOT NULL);
CREATE TABLE grams (key TEXT PRIMARY KEY, words BLOB NOT NULL);
CREATE TABLE tags (tag TEXT PRIMARY KEY, articles BLOB NOT NULL) WITHOUT ROWID;
"""
INDEXES: Final = """
CREATE INDEX words_surface ON words (surface, term);
CREATE INDEX words_term ON words (term);
CREATE INDEX articles_updated ON articles (updated, slug);
"""

_STOPWORDS: Final = sorted((language, sorted(words)) for language, words in STOPWORDS.items())
REVISION: Final = 4
"""Raised where documents are read otherwise than before, or `meta` holds other things."""

FORMAT: Final = (
    zlib.crc32(repr((REVISION, SCHEMA, FIELD_WEIGHTS, FIELD_LENGTH, SATURATION, _STOPWORDS)).encode()) & 0x7FFFFFFF
)
"""Stands in each index; one that was made with other columns, weights or words is made anew."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An article's words, field by field.

    Attributes:
        title: Of the title.
        aliases: Of each alias and each tag.
        sections: For each searched section, in order: its number in the article, its headings' words, its body's words.
    """

    title: Sequence[int]
    aliases: Sequence[Sequence[int]]
    sections: Sequence[tuple[int, Sequence[int], Sequence[int]]]

    def lengths(self) -> tuple[int, int, int, int]:
        """How many words each field has."""
        return (
            len(self.title),
            sum(map(len, self.aliases)),
            sum(len(heading) for _, heading, _ in self.sections),
            sum(len(body) for _, _, body in self.sections),
        )

    def pack(self) -> bytes:
        """As 32-bit little-endian numbers: the counts, then the words."""
        counts = [len(self.title), len(self.aliases), len(self.sections), *map(len, self.aliases)]
        words = [*self.title, *(word for alias in self.aliases for word in alias)]
        for number, heading, body in self.sections:
            counts += [number, len(heading), len(body)]
            words += [*heading, *body]
        return numbers(counts + words)

    @classmethod
    def unpack(cls, blob: bytes) -> "Stream":
        """The reverse of `pack`."""
        data = read_numbers(blob)
        heads = 3 + data[1]
        at = heads + 3 * data[2]
        counts = data[heads:at]
        title = data[at : (at := at + data[0])]
        aliases = [data[at : (at := at + length)] for length in data[3:heads]]
        sections = []
        for number, heading, body in zip(counts[::3], counts[1::3], counts[2::3], strict=True):
            sections.append((number, data[at : at + heading], data[at + heading : at + heading + body]))
            at += heading + body
        return cls(title, aliases, sections)


def numbers(values: Iterable[int]) -> bytes:
    """Packs as 32-bit little-endian."""
    packed = array("I", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def read_numbers(blob: bytes) -> "array[int]":
    """The reverse of `numbers`."""
    values = array("I")
    values.frombytes(blob)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def pack_postings(articles: "array[int]", impacts: Sequence[int]) -> bytes:
    """Packs a term's articles, the greatest impact first: the articles as numbers, then an impact byte for each."""
    order = sorted(range(len(articles)), key=impacts.__getitem__, reverse=True)
    return numbers(articles[i] for i in order) + bytes(impacts[i] for i in order)


def read_postings(blob: bytes) -> "tuple[array[int], bytes]":
    """The reverse of `pack_postings`: articles, impacts."""
    count = len(blob) // 5
    return read_numbers(blob[: 4 * count]), blob[4 * count :]


def pack_about(article: Article) -> str:
    """What an article says of itself, as JSON."""
    return _json(
        {
            "title": article.title,
            "audience": article.audience,
            "owner": article.owner,
            "updated": article.updated.isoformat(),
            "language": article.language,
            "tags": article.tags,
            "aliases": article.aliases,
            "synonyms": article.synonyms,
            "related": article.related,
        }
    )


def pack_sections(sections: Sequence[Section]) -> bytes:
    """An article's sections, compressed."""
    rows = [[section.path, section.anchor, section.text, section.is_navigation] for section in sections]
    return zlib.compress(_json(rows).encode(), 6)


def read_sections(blob: bytes) -> tuple[Section, ...]:
    """The reverse of `pack_sections`."""
    rows = json.loads(zlib.decompress(blob))
    return tuple(Section(tuple(path), anchor, text, navigation) for path, anchor, text, navigation in rows)


def read_article(slug: str, about: str, sections: bytes | None = None) -> Article:
    """An article from its row; without its sections if they are not given."""
    fields: Mapping[str, Any] = json.loads(about)
    return Article(
        slug=slug,
        title=fields["title"],
        audience=fields["audience"],
        owner=fields["owner"],
        updated=date.fromisoformat(fields["updated"]),
        language=fields["language"],
        tags=tuple(fields["tags"]),
        aliases=tuple(fields["aliases"]),
        synonyms=tuple(tuple(group) for group in fields["synonyms"]),
        related=tuple(fields["related"]),
        sections=read_sections(sections) if sections is not None else (),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
