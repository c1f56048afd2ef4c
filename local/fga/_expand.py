"""Who has a relation, one step deep, as a tree."""

from typing import Any

from local.fga._model import Computed, Difference, Direct, Intersection, Rewrite, Through, Union
from local.fga._names import split_object, split_userset
from local.fga._question import World
from local.fga._usable import is_usable

Tree = dict[str, Any]


def expand(world: World, of: str, relation: str) -> Tree:
    """The tree of an object's relation. Conditions are not asked: a tuple with one is shown as any other."""
    rewrite = world.model.types[split_object(of)[0]][relation].rewrite
    return _node(world, rewrite, of, relation)


def _node(world: World, rewrite: Rewrite, of: str, relation: str) -> Tree:
    def of_children(children: tuple[Rewrite, ...]) -> list[Tree]:
        return [_node(world, child, of, relation) for child in children]

    name = f"{of}#{relation}"
    match rewrite:
        case Direct():
            users = sorted({each.user for each in world.tuples.of_object(of, relation) if is_usable(world.model, each)})
            return {"name": name, "leaf": {"users": {"users": users}}}
        case Computed():
            return {"name": name, "leaf": {"computed": {"userset": f"{of}#{rewrite.relation}"}}}
        case Through():
            return {"name": name, "leaf": {"tupleToUserset": _through(world, rewrite, of)}}
        case Union():
            return {"name": name, "union": {"nodes": of_children(rewrite.children)}}
        case Intersection():
            return {"name": name, "intersection": {"nodes": of_children(rewrite.children)}}
        case Difference():
            base, subtract = of_children((rewrite.base, rewrite.subtract))
            return {"name": name, "difference": {"base": base, "subtract": subtract}}


def _through(world: World, rewrite: Through, of: str) -> Tree:
    usersets: dict[str, None] = {}
    for each in world.tuples.of_object(of, rewrite.tupleset):
        if is_usable(world.model, each):
            parent, relation = split_userset(each.user)
            usersets[f"{parent}#{relation or rewrite.computed}"] = None
    return {
        "tupleset": f"{of}#{rewrite.tupleset}",
        "computed": [{"userset": userset} for userset in usersets],
    }
