"""Makes an expression a function, once; runs it many times, each time within a budget."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.cel._check import check
from shared.cel._errors import CompileError, ConstructionError, EvaluationError, Issue
from shared.cel._functions import FUNCTIONS, NoSuchOverloadError, no_such_overload
from shared.cel._parser import parse
from shared.cel._syntax import Call, Comprehension, Identifier, ListLiteral, Literal, MapLiteral, Node, Select
from shared.cel._types import TYPE_NAMES, Type
from shared.cel._values import TypeValue, contains_key, is_number, item

_LIST_COST, _MAP_COST = 10, 30
_TRAVERSAL = 0.1
"""What cel-go counts for each character that is looked at."""


class _Run:
    __slots__ = ("cost", "limit", "names")

    def __init__(self, names: dict[str, Any], limit: int | None) -> None:
        self.names = names
        self.cost = 0
        self.limit = limit

    def spend(self, cost: int) -> None:
        self.cost += cost
        if self.limit is not None and self.cost > self.limit:
            raise CostExceededError


class CostExceededError(EvaluationError):
    """The expression took more than it may."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


class _Constant:
    """A step whose value is known before the expression runs, and costs nothing."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _: _Run) -> Any:
        return self.value


_Step = Callable[[_Run], Any]
_CONVERSIONS = frozenset({"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "uint"})


class Program:
    """An expression whose types fit, ready to run."""

    def __init__(self, source: str, variables: Mapping[str, Type]) -> None:
        """Reads and checks an expression.

        Args:
            source: The expression.
            variables: The types of the variables that it may use.

        Raises:
            CompileError: where it cannot be read, or its types do not fit.
            ConstructionError: where a conversion of a literal in it has no value.
        """
        try:
            tree = parse(source)
            self.type, issues = check(tree, variables)
            if issues:
                raise CompileError(sorted(issues, key=_offset), source)
            self._step = _step(tree, frozenset(variables))
        except RecursionError:
            raise CompileError([Issue("expression recursion limit exceeded", 0)], source) from None

    def run(self, variables: Mapping[str, Any], *, limit: int | None = None) -> Any:
        """The expression's value.

        Args:
            variables: The value of each variable, of its type.
            limit: The most that it may cost, as cel-go counts.

        Raises:
            EvaluationError: where it has none.
        """
        try:
            return self._step(_Run(dict(variables), limit))
        except RecursionError:
            raise EvaluationError("evaluation exceeded recursion limit") from None


def free_names(source: str) -> frozenset[str]:
    """The names that an expression uses and does not itself give a value.

    Raises:
        CompileError: where it cannot be read.
    """
    return frozenset(_free(parse(source), frozenset()))


def _free(node: Node, own: frozenset[str]) -> Iterator[str]:
    if isinstance(node, Identifier) and node.name not in own:
        yield node.name
    for child in _children(node):
        yield from _free(child, own)
    if isinstance(node, Comprehension):
        for inner in (node.predicate, node.transform):
            if inner is not None:
                yield from _free(inner, own | {node.variable})


def _children(node: Node) -> Iterator[Node]:
    """The expressions within one; of a comprehension, its range."""
    match node:
        case Select():
            yield node.operand
        case Call():
            yield from (*([node.target] if node.target is not None else []), *node.arguments)
        case ListLiteral():
            yield from node.items
        case MapLiteral():
            for entry in node.entries:
                yield from entry
        case Comprehension():
            yield node.range
        case _:
            return


def _offset(issue: Issue) -> int:
    return issue.offset


def _step(node: Node, names: frozenset[str]) -> _Step:  # noqa: PLR0911 -- one for each kind of node
    match node:
        case Literal():
            return _Constant(node.value)
        case Identifier():
            return _name(node.name, names)
        case Select():
            return _select(node, names)
        case Call():
            return _call(node, names)
        case ListLiteral():
            return _list([_step(each, names) for each in node.items])
        case MapLiteral():
            return _map([(_step(key, names), _step(value, names)) for key, value in node.entries])
        case Comprehension():
            return _comprehension(node, names)


def _name(name: str, names: frozenset[str]) -> _Step:
    if name not in names:
        return _Constant(TypeValue(name))

    def read(run: _Run) -> Any:
        run.spend(1)
        try:
            return run.names[name]
        except KeyError:
            raise EvaluationError(f"no such attribute(s): {name}") from None

    return read


def _select(node: Select, names: frozenset[str]) -> _Step:
    if (qualified := _qualified(node)) in TYPE_NAMES:
        return _Constant(TypeValue(qualified))
    operand, field = _step(node.operand, names), node.field

    def read(run: _Run) -> Any:
        value = operand(run)
        run.spend(1)
        if node.is_test:
            return isinstance(value, dict) and contains_key(value, field)
        return item(value if isinstance(value, dict) else {}, field)

    return read


def _qualified(node: Node) -> str:
    if isinstance(node, Identifier):
        return node.name
    return f"{_qualified(node.operand)}.{node.field}" if isinstance(node, Select) and not node.is_test else ""


def _call(node: Call, names: frozenset[str]) -> _Step:
    operands = (node.target, *node.arguments) if node.target is not None else node.arguments
    steps = [_step(each, names) for each in operands]
    if node.function in {"_&&_", "_||_"}:
        return _logical(steps[0], steps[1], decides=node.function == "_||_")
    if node.function == "_?_:_":
        return _conditional(steps[0], *map(_unpaid, operands[1:], steps[1:]))
    if node.function == "_[_]":
        steps[1] = _unpaid(operands[1], steps[1])
    function, cost = FUNCTIONS[node.function], _COSTS.get(node.function)
    if node.function in _CONVERSIONS and isinstance(steps[0], _Constant):
        try:
            return _Constant(function(steps[0].value))
        except EvaluationError as error:
            raise ConstructionError(str(error)) from error
    if node.function == "matches" and isinstance(steps[1], _Constant):
        try:
            function("", steps[1].value)
        except EvaluationError as error:
            raise ConstructionError(str(error)) from error

    def call(run: _Run) -> Any:
        values = [step(run) for step in steps]
        try:
            result = function(*values)
        except NoSuchOverloadError:
            raise EvaluationError(f"no such overload: {node.function}") from None
        run.spend(cost(values) if cost is not None else 1)
        return result

    return call


def _logical(left: _Step, right: _Step, *, decides: bool) -> _Step:
    """And, or: what decides does so on either side, whatever the other one is, an error too."""

    def combine(run: _Run) -> bool:
        problem: EvaluationError | None = None
        for step in (left, right):
            try:
                value = step(run)
            except CostExceededError:
                raise
            except EvaluationError as error:
                problem = problem or error
                continue
            if not isinstance(value, bool):
                problem = problem or no_such_overload()
            elif value == decides:
                return decides
        if problem is not None:
            raise problem
        return not decides

    return combine


def _unpaid(node: Node, step: _Step) -> _Step:
    """A step that costs nothing where it is a variable: cel-go counts it with what it stands in."""
    if not isinstance(node, Identifier):
        return step

    def read(run: _Run) -> Any:
        before = run.cost
        value = step(run)
        run.cost = before
        return value

    return read


def _conditional(condition: _Step, then: _Step, otherwise: _Step) -> _Step:
    def choose(run: _Run) -> Any:
        value = condition(run)
        if not isinstance(value, bool):
            raise no_such_overload()
        return then(run) if value else otherwise(run)

    return choose


def _list(steps: list[_Step]) -> _Step:
    constants = [step.value for step in steps if isinstance(step, _Constant)]
    if len(constants) == len(steps):
        return _Constant(constants)

    def make(run: _Run) -> list[Any]:
        values = [step(run) for step in steps]
        run.spend(_LIST_COST)
        return values

    return make


def _map(entries: list[tuple[_Step, _Step]]) -> _Step:
    def make(run: _Run) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key_step, value_step in entries:
            key = key_step(run)
            if not (isinstance(key, str | bool) or is_number(key)):
                raise EvaluationError("unsupported key type")
            made[key] = value_step(run)
        run.spend(_MAP_COST)
        return made

    return make


def _comprehension(node: Comprehension, names: frozenset[str]) -> _Step:
    over, inner = _step(node.range, names), names | {node.variable}
    predicate = _step(node.predicate, inner) if node.predicate is not None else None
    transform = _step(node.transform, inner) if node.transform is not None else None
    fold = {"all": _all, "exists": _exists, "exists_one": _exists_one, "filter": _filter, "map": _filter}[node.macro]
    variable, each_cost, kept_cost = node.variable, _EACH_COST[node.macro], _KEPT_COST.get(node.macro, 0)

    def run_over(run: _Run) -> Any:
        items = over(run)
        if not isinstance(items, list | dict):
            raise no_such_overload()
        hidden = run.names
        run.names = dict(hidden)

        def ask(each: Any) -> bool:
            run.names[variable] = each
            run.spend(each_cost)
            if predicate is None:
                return True
            answer = predicate(run)
            if not isinstance(answer, bool):
                raise no_such_overload()
            return answer

        def change(each: Any) -> Any:
            run.names[variable] = each
            run.spend(kept_cost)
            return transform(run) if transform is not None else each

        try:
            run.spend(1)
            return fold(items, ask, change)
        finally:
            run.names = hidden

    return run_over


_EACH_COST = {"all": 3, "exists": 4, "exists_one": 0, "filter": 0, "map": 0}
"""What cel-go counts for each item that a macro looks at, besides what is asked of it."""

_KEPT_COST = {"exists_one": 3, "filter": 13, "map": 12}
"""And for each that it keeps: a list of one, put behind the others, or a number that is counted up."""

_Ask = Callable[[Any], bool]
_Change = Callable[[Any], Any]


def _all(items: Any, ask: _Ask, _: _Change) -> bool:
    return not _decided(items, ask, by=False)


def _exists(items: Any, ask: _Ask, _: _Change) -> bool:
    return _decided(items, ask, by=True)


def _decided(items: Any, ask: _Ask, *, by: bool) -> bool:
    """Whether any answer is the one that decides; it does so even where others are errors."""
    problem = None
    for each in items:
        try:
            if ask(each) is by:
                return True
        except CostExceededError:
            raise
        except EvaluationError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    return False


def _exists_one(items: Any, ask: _Ask, change: _Change) -> bool:
    return len(_filter(items, ask, change)) == 1


def _filter(items: Any, ask: _Ask, change: _Change) -> list[Any]:
    return [change(each) for each in items if ask(each)]


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | dict) else 1


def _traversal(size: int) -> int:
    return math.ceil(size * _TRAVERSAL)


def _cost_of_comparison(values: list[Any]) -> int:
    return _traversal(min(map(_size, values)))


def _cost_of_order(values: list[Any]) -> int:
    return _cost_of_comparison(values) if isinstance(values[0], str | bytes) else 1


def _cost_of_matches(values: list[Any]) -> int:
    return math.ceil((1 + _size(values[0])) * _TRAVERSAL) * math.ceil(_size(values[1]) * 0.25)


_COSTS: dict[str, Callable[[list[Any]], int]] = {
    "_==_": _cost_of_comparison,
    "_!=_": _cost_of_comparison,
    "_<_": _cost_of_order,
    "_<=_": _cost_of_order,
    "_>_": _cost_of_order,
    "_>=_": _cost_of_order,
    "_+_": lambda values: _traversal(sum(map(_size, values))) if isinstance(values[0], str | bytes) else 1,
    "@in": lambda values: _size(values[1]) if isinstance(values[1], list) else 1,
    "startsWith": lambda values: _traversal(_size(values[1])),
    "endsWith": lambda values: _traversal(_size(values[1])),
    "contains": lambda values: _traversal(_size(values[0])) * _traversal(_size(values[1])),
    "matches": _cost_of_matches,
}
"""What calls cost besides one; cel-go's own figures."""
