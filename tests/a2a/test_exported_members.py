import ast
import inspect

from shared import a2a


def test_what_is_exported_is_sorted_and_there() -> None:
    assert a2a.__all__ == sorted(a2a.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert all(hasattr(a2a, name) for name in a2a.__all__)


def test_what_the_type_checker_sees_is_what_is_loaded() -> None:
    """The names stand three times in the module: for the checker, for `import *`, and for loading them."""
    tree = ast.parse(inspect.getsource(a2a))
    checked = {
        (alias.name, node.module)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert checked == {(name, f"shared.a2a.{module}") for name, module in a2a._HOMES.items()}
    assert {name for name, _ in checked} == set(a2a.__all__)
