"""Arguments of a tool, found in what was said, by the tool's JSON schema."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from shared.models.offline._lexicon import NUMBER_WORDS, TIME_UNITS
from shared.models.offline._persons import person_in
from shared.models.offline._words import Word, split_words, stem

Schema = Mapping[str, Any]

_WHOLE_TEXT_NAMES = frozenset(
    "request query question text message topic search input prompt description content utterance q subject".split()  # noqa: SIM905
)
PERSON_NAMES = frozenset({"person", "employee", "colleague"})
"""What an argument is called that names somebody."""
_ONE_TOPIC_NAMES = frozenset({"query", "search", "topic", "q", "question", "keywords"})
_COUNT_HINTS = frozenset(stem(word) for word in ("limit", "count", "maximum", "max", "most", "many", "number", "top"))
_QUOTED = re.compile(r"\"([^\"]+)\"|\u201c([^\u201d]+)\u201d|(?<!\w)'([^']+)'(?!\w)")
_FORMATS = {
    "email": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    "uri": re.compile(r"\bhttps?://[^\s<>\"')]+"),
    "uuid": re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE),
    "ipv4": re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
    "date": re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    "date-time": re.compile(r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?"),
    "time": re.compile(r"\b(?:[01]?\d|2[0-3]):[0-5]\d\b"),
}
_RELATIVE_DAYS = {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1}
_NEGATIVE = frozenset({"no", "not", "without", "never", "exclude", "excluding", "except", "skip", "omit"})
_LONGEST_PATTERN_TEXT = 500
LONGEST_READ = 8000  # characters of a text in which values are looked for
_MISSING = object()


def fill_arguments(
    schema: Schema,
    texts: Sequence[str],
    *,
    today: Callable[[], date] = date.today,
    knows: Callable[[str], bool] = lambda _: False,
) -> tuple[dict[str, Any], list[str]]:
    """Finds values for the properties of an object schema.

    Args:
        schema: A JSON schema of type object.
        texts: What was said, the most telling first: the clause, the message, then earlier messages. Free text
            is taken from the first alone.
        today: For dates that are said in relation to today.
        knows: Whether a stem is a word of the tools', which makes it nobody's name.

    Returns:
        The values found, and the names of the required ones that were not.
    """
    root = schema
    properties = schema.get("properties") or {}
    required = [name for name in schema.get("required") or () if name in properties]
    alone = sum(1 for other in properties.values() if _is_free_text(_resolved(other, root))) == 1
    values: dict[str, Any] = {}
    for name, raw in properties.items():
        part = _resolved(raw, root)
        if name in PERSON_NAMES and _type(part) == "string" and "enum" not in part:
            called = _first(texts, lambda text: person_in(text, knows=knows) or _MISSING)
            values |= {} if called is _MISSING else {name: called}
            continue
        is_only_text = name in required and alone
        value = _value(name, part, root, texts, today, is_only_text=is_only_text)
        if value is not _MISSING:
            values[name] = value
    return values, [name for name in required if name not in values]


def takes_one_topic(schema: Schema) -> bool:
    """Whether the tool searches: its one free text is named as a query, so that each question is a call of its own."""
    free = [name for name, part in (schema.get("properties") or {}).items() if _is_free_text(_resolved(part, schema))]
    return len(free) == 1 and bool(set(free[0].lower().split("_")) & _ONE_TOPIC_NAMES)


def relays_text(schema: Schema) -> bool:
    """Whether the tool is handed the person's words as they are: its one argument is text named as such."""
    properties = schema.get("properties") or {}
    return len(properties) == 1 and all(
        _is_free_text(_resolved(part, schema)) and bool(set(name.lower().split("_")) & _WHOLE_TEXT_NAMES)
        for name, part in properties.items()
    )


def matches_pattern(schema: Schema, text: str) -> bool:
    """Whether the text shows a value of the form that one of the arguments has."""
    return any(
        "pattern" in part and _by_pattern(str(part["pattern"]), text) is not _MISSING
        for part in (schema.get("properties") or {}).values()
    )


def takes_text(schema: Schema) -> bool:
    """Whether any argument can carry words of the person's own, beside what somebody is called."""
    return any(
        name not in PERSON_NAMES and _is_free_text(_resolved(part, schema))
        for name, part in (schema.get("properties") or {}).items()
    )


def _resolved(part: Any, root: Schema) -> Schema:
    """The schema with its reference followed, and the one alternative that is not null chosen."""
    if not isinstance(part, Mapping):
        return {}
    found: dict[str, Any] = dict(part)
    for _ in range(4):
        if "$ref" in found:
            target: Any = root
            for step in str(found["$ref"]).removeprefix("#/").split("/"):
                target = target.get(step, {}) if isinstance(target, Mapping) else {}
            found = {**target, **{key: value for key, value in found.items() if key != "$ref"}}
        choices = [choice for choice in found.get("anyOf") or found.get("oneOf") or () if choice.get("type") != "null"]
        if choices:
            outer = {key: value for key, value in found.items() if key not in {"anyOf", "oneOf"}}
            found = {**choices[0], **outer}
        elif "$ref" not in found:
            break
    return found


def _type(part: Schema) -> str:
    kind = part.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), None)
    if kind is None:
        kind = "object" if "properties" in part else "string"
    return str(kind)


def _is_free_text(part: Schema) -> bool:
    return (
        _type(part) == "string"
        and not any(key in part for key in ("enum", "const", "pattern"))
        and part.get("format") not in _FORMATS
    )


def _value(  # noqa: PLR0911 -- one return for each type of JSON schema
    name: str, part: Schema, root: Schema, texts: Sequence[str], today: Callable[[], date], *, is_only_text: bool
) -> Any:
    if "const" in part:
        return part["const"]
    if "enum" in part:
        return _first(texts, lambda text: _choice(part["enum"], text))
    match _type(part):
        case "integer" | "number":
            return _first(texts, lambda text: _number(name, part, text))
        case "boolean":
            return _first(texts, lambda text: _boolean(name, text))
        case "array":
            return _first(texts, lambda text: _array(name, _resolved(part.get("items"), root), text))
        case "object":
            values, absent = fill_arguments({**part, "$defs": root.get("$defs", {})}, texts, today=today)
            return values if values and not absent else _MISSING
        case _:
            return _string(name, part, texts, today, is_only_text=is_only_text)


def _first(texts: Sequence[str], find: Callable[[str], Any]) -> Any:
    for text in texts:
        value = find(text[:LONGEST_READ])
        if value is not _MISSING:
            return value
    return _MISSING


def _choice(choices: Sequence[Any], text: str) -> Any:
    """The choice whose words the text has; of several, the one with the most, then the first said."""
    stems = [word.stem for word in split_words(text)]
    best: tuple[int, int] | None = None
    chosen: Any = _MISSING
    for choice in choices:
        wanted = [word.stem for word in split_words(str(choice).replace("_", " "))]
        if wanted and all(one in stems for one in wanted):
            rank = (-len(wanted), stems.index(wanted[0]))
            if best is None or rank < best:
                best, chosen = rank, choice
    return chosen


def _number(name: str, part: Schema, text: str) -> Any:
    hints = {word.stem for word in split_words(f"{name.replace('_', ' ')} {part.get('description') or ''}")}
    named = {word.stem for word in split_words(name.replace("_", " "))}
    unit = next((seconds for word, seconds in TIME_UNITS.items() if stem(word) in named), None) or next(
        (seconds for word, seconds in TIME_UNITS.items() if stem(word) in hints), None
    )
    counts = bool(named & _COUNT_HINTS) or (unit is None and bool(hints & _COUNT_HINTS))
    words = split_words(text)
    value: float | None = None
    if unit is not None and not named & _COUNT_HINTS:
        span = _time_span(words)
        value = None if span is None else span / unit
    else:
        value = _plain_number(words, text, named, counts=counts)
    if value is None:
        return _MISSING
    low, high = part.get("minimum"), part.get("maximum")
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    return max(1, round(value)) if _type(part) == "integer" and value > 0 else _tidy(value, part)


def _tidy(value: float, part: Schema) -> float | int:
    return round(value) if _type(part) == "integer" else value


def _time_span(words: Sequence[Word]) -> float | None:
    """Seconds of "7 days", "two weeks", "last month", "yesterday"."""
    units = {stem(word): seconds for word, seconds in TIME_UNITS.items()}
    for index, word in enumerate(words):
        if word.word in {"yesterday", "today", "tonight"}:
            return float(TIME_UNITS["day"])
        if word.stem not in units:
            continue
        for back in (index - 1, index - 2, index - 3):
            if back >= 0 and (number := _as_number(words[back].word)) is not None:
                return number * units[word.stem]
        if index > 0 and words[index - 1].word in {
            "last",
            "past",
            "this",
            "previous",
            "current",
            "every",
            "the",
            "whole",
        }:
            return float(units[word.stem])
    return None


def _plain_number(words: Sequence[Word], text: str, named: set[str], *, counts: bool) -> float | None:
    """A number that follows or precedes the argument's own name; for a count, any that is not a span of time."""
    units = {stem(word) for word in TIME_UNITS}
    decimals = {found.start(): float(found.group()) for found in re.finditer(r"\d+\.\d+", text)}
    fallback: float | None = None
    for index, word in enumerate(words):
        number = decimals.get(word.start, _as_number(word.word, articles=False))
        if number is None:
            continue
        near = {other.stem for other in words[max(0, index - 2) : index + 3]}
        if near & named:
            return number
        following = {other.stem for other in words[index + 1 : index + 3]}
        if fallback is None and (not counts or not following & units):
            fallback = number
    return fallback


def _as_number(word: str, *, articles: bool = True) -> float | None:
    if word.isdecimal():
        return float(word) if len(word) <= 12 else None  # noqa: PLR2004 -- an identifier, not an amount
    if word in NUMBER_WORDS and (articles or word not in {"a", "an", "one"}):
        return float(NUMBER_WORDS[word])
    return 1.0 if word == "one" else None


def _boolean(name: str, text: str) -> Any:
    wanted = [word for word in split_words(name.replace("_", " ")) if word.weight > 0]
    words = split_words(text)
    stems = [word.stem for word in words]
    if not wanted or not all(word.stem in stems for word in wanted):
        return _MISSING
    place = stems.index(wanted[0].stem)
    return not any(word.word in _NEGATIVE for word in words[max(0, place - 3) : place])


def _array(name: str, items: Schema, text: str) -> Any:
    if "enum" in items:
        stems = {word.stem for word in split_words(text)}
        found = [
            choice
            for choice in items["enum"]
            if all(word.stem in stems for word in split_words(str(choice).replace("_", " ")))
        ]
        return found or _MISSING
    if items.get("format") in _FORMATS:
        return _FORMATS[items["format"]].findall(text) or _MISSING
    if _type(items) in {"integer", "number"}:
        numbers = [_tidy(float(found), items) for found in re.findall(r"\d+(?:\.\d+)?", text)]
        return numbers or _MISSING
    named = _after_name(name, text)
    if named is _MISSING:
        return _MISSING
    return [one.strip() for one in re.split(r",|\band\b", named) if one.strip()]


def _string(  # noqa: PLR0911 -- one return for each way
    name: str, part: Schema, texts: Sequence[str], today: Callable[[], date], *, is_only_text: bool
) -> Any:
    if part.get("format") == "date":
        return _first(texts, lambda text: _date(text, today))
    if part.get("format") in _FORMATS:
        return _first(texts, lambda text: _search(_FORMATS[part["format"]], text))
    if "pattern" in part:
        return _first(texts, lambda text: _by_pattern(str(part["pattern"]), text))
    whole = bool(set(name.lower().split("_")) & _WHOLE_TEXT_NAMES)
    if not whole:
        named = _first(texts, lambda text: _named(name, part, text))
        if named is not _MISSING:
            return named
        if not is_only_text or name.lower() in {"name", "title", "user", "person", "id", "code"}:
            return _MISSING
    if "default" in part and not whole:
        return _MISSING
    return texts[0].strip() if texts and texts[0].strip() else _MISSING


def _search(pattern: re.Pattern[str], text: str) -> Any:
    found = pattern.search(text)
    return found.group() if found else _MISSING


def _by_pattern(pattern: str, text: str) -> Any:
    body = pattern.removeprefix("^").removesuffix("$")
    try:
        found = re.search(rf"(?<!\w)(?:{body})(?!\w)", text[:_LONGEST_PATTERN_TEXT])
    except re.error:  # JSON schema's patterns are ECMA 262's; not all of them are Python's
        return _MISSING
    return found.group() if found and found.group() else _MISSING


def _date(text: str, today: Callable[[], date]) -> Any:
    found = _FORMATS["date"].search(text)
    if found:
        return found.group()
    for word in split_words(text):
        if word.word in _RELATIVE_DAYS:
            return (today() + timedelta(days=_RELATIVE_DAYS[word.word])).isoformat()
    return _MISSING


def _named(name: str, part: Schema, text: str) -> Any:
    """Quoted words, one of the schema's examples, or what follows the argument's name."""
    lowered = text.lower()
    for example in part.get("examples") or ():
        if isinstance(example, str) and re.search(rf"(?<!\w){re.escape(example.lower())}(?!\w)", lowered):
            return example
    after = _after_name(name, text)
    if after is not _MISSING:
        return after
    quoted = _QUOTED.search(text)
    return next(group for group in quoted.groups() if group) if quoted else _MISSING


def _after_name(name: str, text: str) -> Any:
    words = r"\s+".join(re.escape(word) for word in name.replace("_", " ").split())
    found = re.search(
        rf"\b{words}s?\b\s*(?:is|are|called|named|:|=)\s*[\"'\u201c]?([^\"'\u201d.;?!\n]+)", text, re.IGNORECASE
    ) or re.search(rf"\b{words}\s+([A-Z0-9][\w-]*(?:\s+[A-Z0-9][\w-]*)*)", text)
    if found is None:
        found = re.search(r"\b(?:called|named)\s+[\"'\u201c]?([^\"'\u201d.;?!,\n]+)", text, re.IGNORECASE)
    return found.group(1).strip() if found else _MISSING
