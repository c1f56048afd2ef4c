"""How objects, users and relations are written: `type:id`, `type:*`, `type:id#relation`."""

import unicodedata

WILDCARD = "*"


def split_object(text: str) -> tuple[str, str]:
    """The type and the id; without a colon all is id."""
    name, colon, identifier = text.partition(":")
    return (name, identifier) if colon else ("", text)


def split_userset(text: str) -> tuple[str, str]:
    """The object and the relation, which is empty where the user is no userset."""
    before, mark, relation = text.rpartition("#")
    return (before, relation) if mark else (text, "")


def user_parts(user: str) -> tuple[str, str, str]:
    """The type, the id and the relation of a user."""
    of, relation = split_userset(user)
    name, identifier = split_object(of)
    return name, identifier, relation


def has_control(text: str) -> bool:
    """Whether it has a character that no name may have."""
    return not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text)


def is_object(text: str) -> bool:
    """Whether it is `type:id`, or `type:*`."""
    name, colon, identifier = text.partition(":")
    return bool(name and colon and identifier) and not (
        ":" in identifier or "#" in text or " " in text or has_control(text)
    )


def is_relation(text: str) -> bool:
    """Whether it can name a relation."""
    return bool(text) and not any(mark in text for mark in "#:@ ") and not has_control(text)


def is_userset(text: str) -> bool:
    """Whether it is `type:id#relation`."""
    name, colon, rest = text.partition(":")
    identifier, mark, relation = rest.partition("#")
    return bool(name and colon and identifier and mark and relation) and not (
        "#" in name or ":" in rest or "#" in relation or "*" in rest or " " in text or has_control(text)
    )


def is_user_id(text: str) -> bool:
    """Whether it is an id without a type, which may stand for a user in old models."""
    return bool(text) and not any(mark in text for mark in "#: ") and not has_control(text)


def is_user(text: str) -> bool:
    """Whether it is of any form that a user may have."""
    return is_user_id(text) or is_object(text) or is_userset(text)


def is_typed_wildcard(text: str) -> bool:
    """Whether it is `type:*`."""
    name, identifier = split_object(text)
    return bool(name) and identifier == WILDCARD
