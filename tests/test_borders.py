"""What may import what: the tree of the architecture, read from the source without running it."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from conftest import ROOT

PACKAGE = ROOT / "losscli"

# From the top down, as the architecture draws it: a line imports itself and the lines below it.
TREE = [
    ["__main__"],
    ["cli"],
    ["evaluate", "compare", "suggest", "why", "catalogue"],
    ["formats"],
    ["pictures", "gate"],
    ["baseline"],
    ["config", "compat"],
    ["saved"],
    ["schemas"],
    ["comparison"],
    ["report"],
    ["engines"],
    ["rowfile"],
    ["plan"],
    ["rows"],
    ["duel"],
    ["intervals"],
    ["losses"],
    ["loss", "spec"],
    ["pairing"],
    ["expression", "spill"],
    ["sources"],
    ["state"],
    ["exact"],
    ["domain", "block", "errors", "text"],
]
LINE = {unit: line for line, units in enumerate(TREE) for unit in units}


@cache
def modules():
    return {path: path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))}


def name_of(relative):
    parts = relative.with_suffix("").parts
    return ".".join(("losscli", *(part for part in parts if part != "__init__")))


def statements(tree, *, typing):
    """The import statements; with ``typing``, also those for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif not typing and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from statements(ast.Module(node.orelse, []), typing=typing)
        else:
            yield from statements(node, typing=typing)


@cache
def parsed(path):
    return ast.parse(path.read_text())


def imports(path, *, typing=True):
    """The full names of all that a file imports, wherever in it."""
    known = {name_of(relative) for relative in modules().values()}
    for node in statements(parsed(path), typing=typing):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{path}: relative imports hide where they point"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else node.module


def users(package):
    return {
        relative.as_posix()
        for path, relative in modules().items()
        if any(name.split(".")[0] == package for name in imports(path))
    }


def test_rich_is_only_used_where_a_terminal_is_drawn_on():
    assert {name for name in users("rich") if not name.startswith("cli/")} <= {"formats/table.py"}


def test_arrow_is_only_used_where_files_of_rows_are_read_and_written():
    assert all(name.startswith(("sources/", "pairing/", "rowfile.py")) for name in users("pyarrow"))


def test_pandas_and_dask_are_used_where_they_come_in_and_nowhere_else():
    assert users("pandas") <= {"sources/frame.py"}
    assert users("dask") | users("distributed") <= {"engines/dask.py"}


def test_the_parser_of_the_command_line_is_only_used_by_the_command_line():
    assert all(name.startswith("cli/") for name in users("typer") | users("click"))


@cache
def uses():
    """What each unit, a folder or a module beside it, imports of the others, at any time."""
    found: dict[str, set[str]] = {}
    for path, relative in modules().items():
        unit = relative.parts[0].removesuffix(".py")
        if unit == "__init__":
            continue  # the package itself loads what it offers when it is asked for
        parts = [name.split(".") for name in imports(path, typing=False)]
        others = {at[1] for at in parts if at[0] == "losscli" and len(at) > 1}
        found.setdefault(unit, set()).update(others - {unit, "__init__"})
    return found


@pytest.mark.parametrize("unit", uses())
def test_imports_point_down_the_tree_only(unit):
    above = {other for other in uses()[unit] if other in LINE and LINE[other] < LINE.get(unit, 0)}
    assert not above, f"{unit} imports what stands above it"


def test_no_unit_imports_itself_by_a_detour():
    found = uses()
    done: set[str] = set()

    def walk(unit, trail):
        assert unit not in trail, " → ".join([*trail, unit])
        if unit not in done:
            for other in sorted(found.get(unit, ())):
                walk(other, [*trail, unit])
            done.add(unit)

    for unit in found:
        walk(unit, [])


def test_no_module_is_called_for_nothing_in_particular():
    names = {part.removesuffix(".py") for relative in modules().values() for part in relative.parts}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base", "core"}


@pytest.mark.parametrize("relative", [r for r in modules().values() if r.name != "_version.py"], ids=str)
def test_a_module_begins_with_what_it_holds(relative):
    words = ast.get_docstring(parsed(PACKAGE / relative))
    assert words, relative


@pytest.mark.parametrize(
    "word", ["eval", "exec", "pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml"]
)
def test_no_code_comes_from_data(word):
    for path, relative in modules().items():
        called = {
            node.func.id
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert word not in called, relative
        assert word not in {name.split(".")[0] for name in imports(path)}, relative
