"""What a document says of itself: front matter, meta tags, metadata; the same names whatever the format."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from knowledge._errors import DocumentUnreadable
from knowledge._links import linked_article, slug_of, with_article_links
from knowledge._model import Article, Section
from knowledge._words import LINK
from knowledge.building._names import SLUG, tidy

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's where it is there: ten times as fast

_LANGUAGE: Final = re.compile(r"[a-z]{2}")

_MOST_FRONT_MATTER: Final = 64 * 1024
_SURELY_SHALLOW: Final = 4 * 1024
_DEEPEST: Final = 16


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for a document that does not say."""

    audience: str = "employees"
    owner: str = ""
    language: str = "en"
    updated: date = date(1970, 1, 1)


def make_article(
    front: Mapping[str, Any], *, title: str, sections: Sequence[Section], path: str, defaults: Defaults
) -> Article:
    """An article from what a document says of itself and its sections.

    Args:
        front: By the names of front matter: `id`, `title`, `audience`, `owner`, `updated`, `language`, `tags`, ...
        title: What the document's text has for a title, if it has.
        sections: Its text.
        path: Of the file, in its folder; it gives the slug where there is no `id`, and the title where there is none.
        defaults: What holds where `front` is silent.

    Raises:
        DocumentUnreadable: A value is not what it must be, or there is no text.
    """
    if not any(section.text for section in sections):
        raise DocumentUnreadable("it holds no text")
    slug = str(front.get("id") or slug_of(path))
    if not SLUG.fullmatch(slug):
        raise DocumentUnreadable(f"its id {slug[:80]!r} is not made of lower-case letters, digits and hyphens")
    language = _text(front, "language", defaults.language).lower()
    if not _LANGUAGE.fullmatch(language):
        raise DocumentUnreadable(f"its language {language[:80]!r} is not a two-letter code (ISO 639-1)")
    folder = str(PurePosixPath(path).parent)
    sections = [replace(section, text=with_article_links(section.text, folder)) for section in sections]
    return Article(
        slug=slug,
        title=_text(front, "title", title or _title_of(path)),
        audience=_text(front, "audience", defaults.audience),
        owner=_text(front, "owner", defaults.owner),
        updated=_date(front, defaults.updated),
        language=language,
        tags=_texts(front, "tags"),
        aliases=_texts(front, "aliases"),
        synonyms=_groups(front),
        related=tuple(dict.fromkeys(found for section in sections for found in _linked(section.text) if found != slug)),
        sections=tuple(sections),
    )


def _title_of(path: str) -> str:
    stem = PurePosixPath(path).stem.replace("-", " ").replace("_", " ").strip()
    return stem[:1].upper() + stem[1:]


def read_front_matter(text: str) -> Mapping[str, Any]:
    """The names and values of front matter in YAML.

    Raises:
        DocumentUnreadable: It is none, or larger or deeper than any that people write.
    """
    if len(text) > _MOST_FRONT_MATTER:
        raise DocumentUnreadable(f"its front matter is longer than {_MOST_FRONT_MATTER // 1024} KB")
    try:
        if len(text) > _SURELY_SHALLOW:
            _refuse_deep(text)
        front = yaml.load(text, Loader=_Loader)  # noqa: S506 -- one of the two safe loaders
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""
        raise DocumentUnreadable(f"its front matter is not YAML{where}") from error
    except (ValueError, RecursionError) as error:  # a date that is none; a nesting that is an attack
        raise DocumentUnreadable(f"its front matter has a value that cannot be read: {error}") from error
    if front is None:
        return {}
    if not isinstance(front, dict):
        raise DocumentUnreadable("its front matter is not a list of names and values")
    return front


def _refuse_deep(text: str) -> None:
    """Too deep a nesting ends the process, as libyaml's loader recurses in C; its parser does not."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise DocumentUnreadable("its front matter is nested too deeply")


def _text(front: Mapping[str, Any], name: str, default: str) -> str:
    value = front.get(name)
    if value is None:
        return default
    if not isinstance(value, str | int | float):
        raise DocumentUnreadable(f"its {name} is not text")
    return tidy(str(value)) or default


def _texts(front: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = front.get(name) or []
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
        raise DocumentUnreadable(f"its {name} are not a list of words")
    return tuple(dict.fromkeys(text for item in value if (text := tidy(str(item)))))


def _groups(front: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    value = front.get("synonyms") or []
    if not isinstance(value, list) or not all(
        isinstance(group, list) and all(isinstance(word, str | int | float) for word in group) for group in value
    ):
        raise DocumentUnreadable("its synonyms are not a list of lists of words")
    return tuple(tuple(tidy(str(word)) for word in group) for group in value)


def _date(front: Mapping[str, Any], default: date) -> date:
    value = front.get("updated")
    if value is None:
        return default
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise DocumentUnreadable(f"its updated {str(value)[:80]!r} is not a date as 2026-03-31") from error


def _linked(text: str) -> Iterator[str]:
    for _, target in LINK.findall(text):
        if (found := linked_article(target)) is not None:
            yield found[0]
