"""What was read, as the JSON authorization model that OpenFGA's API takes."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from shared.openfga_language._parser import parse_file
from shared.openfga_language._problems import ModelError, Place, Problem
from shared.openfga_language._syntax import Condition, ModelFile, Relation, Type
from shared.openfga_language._validate import ModelDocument

Model = dict[str, Any]
"""An authorization model in the API's JSON: `schema_version`, `type_definitions`, `conditions`."""


def parse_model(text: str, name: str = "") -> ModelDocument:
    """Reads a model of one file.

    Args:
        text: The file.
        name: Its name, for the problems.

    Raises:
        ModelError: where it breaks the grammar.
    """
    file = parse_file(text, name)
    content = {
        "schema_version": file.schema or "",
        "type_definitions": _types(file),
        "conditions": {condition.name: _condition(condition) for condition in file.conditions},
    }
    return ModelDocument(_without_empty(content), _places([file]))


def parse_modules(files: Mapping[str, str], schema: str = "1.2") -> ModelDocument:
    """Reads a model of several modules.

    Args:
        files: The text of each module, by its name, in the order of `fga.mod`.
        schema: The schema that `fga.mod` names.

    Raises:
        ModelError: where a module breaks the grammar, or they do not fit together.
    """
    problems: list[Problem] = []
    parsed: list[ModelFile] = []
    for name, text in files.items():
        try:
            parsed.append(parse_file(text, name))
        except ModelError as error:
            problems += error.problems
    merged = _Merged(schema, problems)
    for file in parsed:
        merged.add(file)
    for file in parsed:
        merged.extend(file)
    if problems:
        raise ModelError(problems)
    return ModelDocument(merged.model(), _places(parsed))


class _Merged:
    def __init__(self, schema: str, problems: list[Problem]) -> None:
        self._schema = schema
        self._problems = problems
        self._types: dict[str, Model] = {}
        self._conditions: dict[str, Model] = {}

    def add(self, file: ModelFile) -> None:
        if file.module is None:
            self._problems.append(Problem(Place(file.name, 1, 1), "file is not a module"))
            return
        for each in file.types:
            if each.is_extension:
                continue
            if each.name in self._types:
                self._problems.append(Problem(each.place, f"duplicate type definition {each.name}"))
                continue
            definition = _type(each, file)
            definition["metadata"] |= {"module": file.module, "source_info": {"file": file.name}}
            self._types[each.name] = definition
        for condition in file.conditions:
            if condition.name in self._conditions:
                self._problems.append(Problem(condition.place, f"duplicate condition {condition.name}"))
                continue
            self._conditions[condition.name] = _condition(condition) | {
                "metadata": {"module": file.module, "source_info": {"file": file.name}}
            }

    def extend(self, file: ModelFile) -> None:
        for each in file.types:
            if not each.is_extension or file.module is None:
                continue
            extended = self._types.get(each.name)
            if extended is None:
                self._problems.append(Problem(each.place, f"extended type {each.name} does not exist"))
                continue
            self._extend(extended, each, file)

    def _extend(self, extended: Model, extension: Type, file: ModelFile) -> None:
        source = {"module": file.module, "source_info": {"file": file.name}}
        for name, relation in extension.relations.items():
            if name in extended.get("relations", {}):
                message = f"relation {name} already exists on type {extension.name}"
                self._problems.append(Problem(relation.place, message))
                continue
            extended.setdefault("relations", {})[name] = relation.rewrite
            extended["metadata"].setdefault("relations", {})[name] = _metadata(relation) | source

    def model(self) -> Model:
        return _without_empty(
            {
                "schema_version": self._schema,
                "type_definitions": list(self._types.values()),
                "conditions": self._conditions,
            }
        )


def parse_manifest(text: str, name: str = "fga.mod", *, leaves_folder: bool = False) -> tuple[str, list[str]]:
    """Reads an `fga.mod`: the schema, and the modules' files relative to it, in order.

    Args:
        text: The file.
        name: Its name, for the problems.
        leaves_folder: Whether modules may lie outside the manifest's folder, which OpenFGA's own tools do not bear.

    Raises:
        ModelError: where it is not of the form that OpenFGA takes.
    """
    try:
        document = yaml.compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        raise ModelError([Problem(place, "is not YAML")]) from error
    pairs = document.value if isinstance(document, yaml.MappingNode) else []
    fields = {key.value: value for key, value in pairs}
    problems: list[Problem] = []
    schema = fields.get("schema")
    if schema is None:
        problems.append(Problem(Place(name), "missing schema field"))
    elif schema.tag != _STRING:
        problems.append(
            Problem(_place(schema, name), f"unexpected schema type, expected string got value {schema.value}")
        )
    elif schema.value != "1.2":
        message = "unsupported schema version, fga.mod only supported in version `1.2`"
        problems.append(Problem(_place(schema, name), message))
    contents = fields.get("contents")
    files: list[str] = []
    if contents is None:
        problems.append(Problem(Place(name), "missing contents field"))
    elif not isinstance(contents, yaml.SequenceNode):
        message = f"unexpected contents type, expected list of strings got value {contents.value}"
        problems.append(Problem(_place(contents, name), message))
    else:
        files = [_module_file(item, name, problems, leaves_folder=leaves_folder) for item in contents.value]
    if problems:
        raise ModelError(problems)
    return schema.value if schema is not None else "", files


_STRING = "tag:yaml.org,2002:str"


def _module_file(item: yaml.Node, name: str, problems: list[Problem], *, leaves_folder: bool) -> str:
    value = str(item.value)
    path = value.replace("\\", "/")
    if item.tag != _STRING:
        message = f"unexpected contents item type, expected string got value {value}"
    elif path.startswith("/") or ("../" in path and not leaves_folder) or "%" in path:
        message = f"invalid contents item {value}"
    elif PurePosixPath(path).suffix != ".fga":
        message = f"contents items should use fga file extension, got {value}"
    else:
        return path
    problems.append(Problem(_place(item, name), message))
    return path


def _place(node: yaml.Node, name: str) -> Place:
    return Place(name, node.start_mark.line + 1, node.start_mark.column + 1)


def _places(files: Iterable[ModelFile]) -> dict[tuple[str, str], Place]:
    places: dict[tuple[str, str], Place] = {}
    for file in files:
        for each in file.types:
            if not each.is_extension:
                places[each.name, ""] = each.place
            places |= {(each.name, relation.name): relation.place for relation in each.relations.values()}
        places |= {("", condition.name): condition.place for condition in file.conditions}
    return places


def _types(file: ModelFile) -> list[Model]:
    return [_without_empty(_type(each, file)) for each in file.types]


def _type(each: Type, file: ModelFile) -> Model:
    relations = {name: relation.rewrite for name, relation in each.relations.items()}
    metadata: Model = {}
    if each.relations:
        metadata["relations"] = {name: _metadata(relation) for name, relation in each.relations.items()}
    if file.module is not None:
        metadata["module"] = file.module
    return {"type": each.name} | ({"relations": relations} if relations else {}) | {"metadata": metadata}


def _metadata(relation: Relation) -> Model:
    return {"directly_related_user_types": list(relation.restrictions)} if relation.restrictions else {}


def _condition(condition: Condition) -> Model:
    parameters = dict(condition.parameters)
    return _without_empty({"name": condition.name, "expression": condition.expression, "parameters": parameters})


def _without_empty(model: Model) -> Model:
    return {name: value for name, value in model.items() if value not in ({}, [], "")}
