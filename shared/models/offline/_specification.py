"""What a tool specification says about its tool: prose, tags, examples, arguments."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from strands.types.tools import ToolSpec

from shared.models.offline._lexicon import TELLING_VERBS
from shared.models.offline._words import stem

_LABEL = re.compile(r"^\W*(tags|(?:more )?examples)\s*:\s*(.*)$", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s+(.*)$")
_QUOTES = "\"'\u201c\u201d\u2018\u2019`"
_PERSONAL = re.compile(r"\b(?:own|signed-in|my|me|mine|your|yours)\b", re.IGNORECASE)
_OWN_THING = re.compile(r"\b(?:own|my|your)\s+(?!own\b)([a-z]+)\b")
TELLING_STEMS = frozenset(stem(verb) for verb in TELLING_VERBS)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool, as its specification describes it."""

    name: str
    prose: str
    tags: tuple[str, ...]
    examples: tuple[str, ...]
    schema: Mapping[str, Any]
    read_only: bool | None = None

    @property
    def title(self) -> str:
        """The name, as people would write it."""
        return re.sub(r"[_\-.]+", " ", self.name).strip()

    @property
    def summary(self) -> str:
        """The first sentence of the prose, without its full stop; the title where there is none."""
        first = _SENTENCE_END.split(self.prose.strip(), maxsplit=1)[0].splitlines()
        return first[0].strip().rstrip(".") if first and first[0].strip() else self.title

    @property
    def only_tells(self) -> bool:
        """Whether the tool tells or shows something, and changes nothing.

        By its annotation, or by the verb that its prose opens with. "Returns" tells; "return" may mean to give back.
        """
        if self.read_only is not None:
            return self.read_only
        first = re.match(r"\W*(\w+)", self.prose)
        verb = first.group(1).lower() if first is not None else ""
        return verb == "returns" or stem(verb) in TELLING_STEMS

    @property
    def is_personal(self) -> bool:
        """Whether the tool is for the person's own things, by its own words."""
        return bool(_PERSONAL.search(self.prose)) or any(_PERSONAL.search(example) for example in self.examples)

    @property
    def own_things(self) -> frozenset[str]:
        """What the tool's words call the person's own: "my garden", "your own list"."""
        words = " ".join((self.prose, *self.examples)).lower()
        return frozenset(found.group(1) for found in _OWN_THING.finditer(words))

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The arguments' schemas, by name."""
        found = self.schema.get("properties")
        return found if isinstance(found, Mapping) else {}

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the arguments that must be given."""
        found = self.schema.get("required")
        return tuple(str(name) for name in found) if isinstance(found, list) else ()


def read_tool(spec: ToolSpec) -> Tool:
    """Reads a specification; lines `Tags: a, b` and `Examples:` with `- "…"` below are told from the prose."""
    prose: list[str] = []
    tags: list[str] = []
    examples: list[str] = []
    in_examples = False
    for line in str(spec.get("description") or "").splitlines():
        label = _LABEL.match(line)
        item = _ITEM.match(line)
        if label is not None:
            in_examples = label.group(1).lower() != "tags"
            target = examples if in_examples else tags
            target.extend(_inline(label.group(2), quoted=in_examples))
        elif in_examples and item is not None:
            examples.append(item.group(1).strip().strip(_QUOTES))
        else:
            in_examples = in_examples and not line.strip()
            prose.append(line)
    schema = spec.get("inputSchema", {}).get("json", {})
    hint = spec.get("annotations", {}).get("readOnlyHint")
    return Tool(
        name=spec["name"],
        prose="\n".join(prose).strip(),
        tags=tuple(tag for tag in tags if tag),
        examples=tuple(example for example in examples if example),
        schema=schema if isinstance(schema, Mapping) else {},
        read_only=hint if isinstance(hint, bool) else None,
    )


def _inline(text: str, *, quoted: bool) -> Iterator[str]:
    if quoted and '"' in text:
        yield from (found.strip() for found in re.findall(r'"([^"]+)"', text))
        return
    for part in re.split(r"[;|]" if quoted else r"[,;]", text):
        if part.strip():
            yield part.strip().strip(_QUOTES).rstrip(".")
