"""Markdown with front matter, read into articles and sections.

Headings are CommonMark's (ATX §4.2, setext §4.3), fenced code (§4.5) is left alone. A full parser is not used: it takes
several times as long over a large folder, and sections and links are all that is needed here.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

from knowledge._errors import DocumentUnreadable
from knowledge._model import Article, Section
from knowledge._words import LINK

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's where it is there: ten times as fast

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_BLOCK_START = re.compile(r" {0,3}(?:[-*+>|]|\d+[.)]|#)")
_ONLY_A_LINK = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\[[^\]]+\]\([^)]+\)[^\n]{0,80}$")
_SLUG = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
_ARTICLE_LINK = re.compile(r"(?:\./)?([a-z0-9][a-z0-9._-]*?)\.(?:md|markdown)(?:#[^\s]*)?")
_LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for a document whose front matter does not say."""

    audience: str = "employees"
    owner: str = ""
    language: str = "en"
    updated: date = date(1970, 1, 1)


def parse_markdown(text: str, *, stem: str, defaults: Defaults) -> Article:
    """Reads one document.

    Args:
        text: The whole file.
        stem: The file's name without its suffix; the slug, unless the front matter has an `id`.
        defaults: What holds where the front matter is silent.

    Raises:
        DocumentUnreadable: Its front matter is not what it must be, or there is no text.
    """
    match = _FRONT_MATTER.match(text)
    front = _front_matter(match.group(1)) if match else {}
    title, sections = _sections(text[match.end() :] if match else text)
    if not any(section.text for section in sections):
        raise DocumentUnreadable("it holds no text")
    slug = str(front.get("id") or slugify(stem))
    if not _SLUG.fullmatch(slug):
        raise DocumentUnreadable(f"its id {slug!r} is not made of lower-case letters, digits and hyphens")
    language = _text(front, "language", defaults.language).lower()
    if not _LANGUAGE.fullmatch(language):
        raise DocumentUnreadable(f"its language {language!r} is not a two-letter code (ISO 639-1)")
    return Article(
        slug=slug,
        title=_text(front, "title", title or stem.replace("-", " ").replace("_", " ").strip().capitalize()),
        audience=_text(front, "audience", defaults.audience),
        owner=_text(front, "owner", defaults.owner),
        updated=_date(front, defaults.updated),
        language=language,
        tags=_texts(front, "tags"),
        aliases=_texts(front, "aliases"),
        synonyms=_groups(front),
        related=tuple(dict.fromkeys(found for section in sections for found in _linked(section.text) if found != slug)),
        sections=sections,
    )


def slugify(text: str) -> str:
    """A heading's anchor or a file's slug: lower case, spaces as hyphens, punctuation dropped (GitHub's way)."""
    kept = (character for character in text.lower() if character in "-_ " or not _is_punctuation(character))
    return "".join(kept).strip().replace(" ", "-")


def plain(markdown: str) -> str:
    """A line of Markdown without its inline marks."""
    text = LINK.sub(r"\1", markdown)
    return re.sub(r"[*`~]|(?<!\w)_|_(?!\w)", "", text).strip()


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PSC"


def _front_matter(text: str) -> Mapping[str, Any]:
    try:
        front = yaml.load(text, Loader=_Loader)  # noqa: S506 -- one of the two safe loaders
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""
        raise DocumentUnreadable(f"its front matter is not YAML{where}") from error
    except ValueError as error:  # a date that is none
        raise DocumentUnreadable(f"its front matter has a value that cannot be read: {error}") from error
    if front is None:
        return {}
    if not isinstance(front, dict):
        raise DocumentUnreadable("its front matter is not a list of names and values")
    return front


def _text(front: Mapping[str, Any], name: str, default: str) -> str:
    value = front.get(name)
    if value is None:
        return default
    if not isinstance(value, str | int | float):
        raise DocumentUnreadable(f"its {name} is not text")
    return str(value).strip() or default


def _texts(front: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = front.get(name) or []
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
        raise DocumentUnreadable(f"its {name} are not a list of words")
    return tuple(dict.fromkeys(text for item in value if (text := str(item).strip())))


def _groups(front: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    value = front.get("synonyms") or []
    if not isinstance(value, list) or not all(isinstance(group, list) for group in value):
        raise DocumentUnreadable("its synonyms are not a list of lists of words")
    return tuple(tuple(str(word).strip() for word in group) for group in value)


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
        raise DocumentUnreadable(f"its updated {value!r} is not a date as 2026-03-31") from error


def _linked(text: str) -> Iterator[str]:
    for _, target in LINK.findall(text):
        if match := _ARTICLE_LINK.fullmatch(target):
            yield match.group(1)


def _sections(body: str) -> tuple[str, tuple[Section, ...]]:
    """Splits a body at its headings; a single first-level heading is the title, not a section."""
    title = ""
    path: list[tuple[int, str]] = []
    anchors: dict[str, int] = {}
    anchor = ""
    found: list[Section] = []
    for level, heading, text in _chunks(body):
        if level == 1 and not title and not any(section.text for section in found):
            title = heading
        elif level:
            path = [step for step in path if step[0] < level] + [(level, heading)]
            base = slugify(heading)
            anchors[base] = anchors.get(base, -1) + 1
            anchor = f"{base}-{anchors[base]}" if anchors[base] else base
        found.append(Section(tuple(step[1] for step in path), anchor, text, _is_navigation(text)))
    return title, tuple(section for section in found if section.text or section.path)


def _is_navigation(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and all(_ONLY_A_LINK.match(line) for line in lines)


def _chunks(body: str) -> Iterator[tuple[int, str, str]]:
    """Yields (level, heading, text) in order; level 0 for what stands before the first heading."""
    level, heading, fence = 0, "", ""
    lines: list[str] = []
    for line in body.splitlines():
        opened = _FENCE.match(line)
        if opened and not fence:
            fence = opened.group(1)
        elif opened and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        elif not fence and (atx := _ATX.match(line)):
            yield level, heading, "\n".join(lines).strip("\n")
            level, heading, lines = len(atx.group(1)), plain(atx.group(2) or ""), []
            continue
        elif not fence and _is_setext(line, lines):
            text = lines.pop()
            yield level, heading, "\n".join(lines).strip("\n")
            level, heading, lines = (1 if "=" in line else 2), plain(text), []
            continue
        lines.append(line.rstrip())
    yield level, heading, "\n".join(lines).strip("\n")


def _is_setext(line: str, before: list[str]) -> bool:
    if not before or not _SETEXT.match(line):
        return False
    single_line = len(before) == 1 or not before[-2].strip()
    return bool(before[-1].strip()) and single_line and not _BLOCK_START.match(before[-1])
