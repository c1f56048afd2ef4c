"""Reads a model from where it is kept."""

import json
from pathlib import Path
from typing import Any

from shared.openfga_language._model import parse_manifest, parse_model, parse_modules
from shared.openfga_language._problems import ModelError, Place, Problem

MANIFEST = "fga.mod"


def read_model(path: Path, *, root: Path | None = None) -> dict[str, Any]:
    """Reads a model: a `.fga` file, a JSON file, or an `fga.mod` (or its folder) with the modules that it names.

    Args:
        path: The file or the folder.
        root: Where the modules of an `fga.mod` may lie, and what they are named relative to; by default its folder.

    Raises:
        ModelError: where a file cannot be read, breaks the grammar, or does not fit the others.
    """
    if path.is_dir():
        path /= MANIFEST
    text = _text(path)
    if path.suffix == ".json":
        return _json(text, path)
    if path.name != MANIFEST:
        return parse_model(text, path.name)
    within = (root or path.parent).resolve()
    schema, names = parse_manifest(text, path.name, leaves_folder=root is not None)
    files = {}
    for name in names:
        file = (path.parent / name).resolve()
        if not file.is_relative_to(within):
            raise ModelError([Problem(Place(path.name), f"invalid contents item {name}")])
        files[file.relative_to(within).as_posix() if root is not None else name] = _text(file)
    return parse_modules(files, schema)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ModelError([Problem(Place(path.name), f"cannot be read: {reason}")]) from error


def _json(text: str, path: Path) -> dict[str, Any]:
    try:
        model = json.loads(text)
    except json.JSONDecodeError as error:
        raise ModelError([Problem(Place(path.name, error.lineno, error.colno), error.msg)]) from error
    if not isinstance(model, dict):
        raise ModelError([Problem(Place(path.name, 1, 1), "is not a JSON object")])
    return model
