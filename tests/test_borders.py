"""What may import what: the tree of the architecture, read from the source without running it."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from importlib import import_module

import pytest

from conftest import ROOT
from losscli.report.document import Record

PACKAGE = ROOT / "losscli"

# From the top down, as the architecture draws it: a room imports itself and the rooms below it.
ROOMS = (
    "__main__",
    "cli",
    "show",
    "report",
    "advise",
    "measure",
    "pairing",
    "reading",
    "losses",
    "statistics",
    "loss",
    "numbers",
    "table",
    "errors",
    "text",
    "_version",
)
DOORS = {"__init__", "__main__", "_version", "errors", "text"}
"""All that may stand at the root beside the rooms."""
FACES = {"", "losses"}
"""Modules that users import and the package does not: what they give is loaded on use, from any room."""
SHOWN = ("report.displayed", "show.notebook")
"""What is measured can show itself in a notebook, and is measured without anything that shows."""


@cache
def modules():
    return {path: path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))}


def name_of(relative):
    parts = relative.with_suffix("").parts
    return ".".join(("losscli", *(part for part in parts if part != "__init__")))


@cache
def parsed(path):
    return ast.parse(path.read_text())


@cache
def imports(path):
    """The full names of all that a file imports, wherever in it and for whomever."""
    known, found = {name_of(relative) for relative in modules().values()}, set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where they point"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in known else node.module)
    return found


@cache
def called(path):
    """The plain names that a file calls."""
    calls = (node.func for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))
    return {function.id for function in calls if isinstance(function, ast.Name)}


@cache
def uses():
    """What each module of the package imports of the others, at any time; names without `losscli.`."""
    return {
        short(name_of(relative)): {short(name) for name in imports(path) if name.split(".")[0] == "losscli"}
        - {short(name_of(relative)), ""}
        for path, relative in modules().items()
    }


@cache
def names():
    """What each module names in its texts of the others: tables of modules that are loaded on use."""
    known = {name_of(relative) for relative in modules().values()}
    return {
        short(name_of(relative)): {
            short(node.value)
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Constant) and node.value in known
        }
        - {short(name_of(relative)), ""}
        for path, relative in modules().items()
    }


def short(name):
    return name.removeprefix("losscli").removeprefix(".")


def users(package):
    return {
        relative.as_posix()
        for path, relative in modules().items()
        if any(name.split(".")[0] == package for name in imports(path))
    }


def test_every_module_is_in_a_room_or_is_a_door():
    for relative in modules().values():
        if len(relative.parts) == 1:
            assert relative.stem in DOORS, relative
        else:
            assert relative.parts[0] in ROOMS, relative


def test_every_room_is_there():
    assert set(ROOMS) - DOORS == {
        relative.parts[0] for relative in modules().values() if len(relative.parts) > 1
    }


def test_imports_point_down_the_rooms_only():
    place = {room: at for at, room in enumerate(ROOMS)}
    climbing = {
        (module, other)
        for module in uses()
        for other in uses()[module] | names()[module]
        if module not in FACES and place[other.split(".")[0]] < place[module.split(".")[0]]
    }
    assert climbing == {SHOWN}


def test_no_module_imports_a_face_of_the_package():
    for module, others in uses().items():
        assert module in FACES or not others & FACES, module


def test_no_module_imports_itself_by_a_detour():
    assert not cycles()


def cycles():
    """The groups of modules that import each other, for type checkers alone too (Tarjan's strongly connected components)."""
    number, lowest, open_, found = {}, {}, [], set()

    def visit(module):
        number[module] = lowest[module] = len(number)
        open_.append(module)
        for other in uses().get(module, ()):
            if other not in number:
                visit(other)
            if other in open_:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == number[module]:
            at = open_.index(module)
            if len(open_) - at > 1:
                found.add(frozenset(open_[at:]))
            del open_[at:]

    for module in uses():
        if module not in number:
            visit(module)
    return found


def test_rich_is_only_used_where_a_terminal_is_drawn_on():
    assert all(name.startswith(("cli/", "show/")) for name in users("rich"))


def test_arrow_is_only_used_where_files_of_rows_are_read_and_written():
    where = ("reading/", "pairing/", "report/rowfile.py", "show/notebook.py")
    assert all(name.startswith(where) for name in users("pyarrow"))


def test_pandas_and_dask_are_used_where_they_come_in_and_nowhere_else():
    assert users("pandas") == set()  # `reading/memory.py` takes it from the caller, who has imported it
    assert users("dask") | users("distributed") <= {"measure/engines/dask.py"}


def test_the_parser_of_the_command_line_is_only_used_by_the_command_line():
    assert all(name.startswith("cli/") for name in users("typer") | users("click"))


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
        assert word not in called(path), relative
        # What comes through a pipe from a process's own child is no data.
        if (word, relative.as_posix()) != ("pickle", "measure/engines/forked.py"):
            assert word not in {name.split(".")[0] for name in imports(path)}, relative


def test_what_is_public_says_what_it_is():
    lacking = []
    for path, relative in modules().items():
        if relative.stem == "__main__" or not path.read_text():
            continue
        module = import_module(name_of(relative))
        lacking += [] if ast.get_docstring(parsed(path)) else [relative]
        for node in public(parsed(path).body, ast.ClassDef):
            found = getattr(module, node.name)
            # A record's docstring is its description in the schema, where many keys say all there is to say.
            lacking += [] if ast.get_docstring(node) or issubclass(found, Record) else [node.name]
            for method in public(node.body, ast.FunctionDef):  # or the method that it overrides
                if not inspect.getdoc(getattr(found, method.name)):
                    lacking.append(f"{node.name}.{method.name}")
        functions = public(parsed(path).body, ast.FunctionDef)
        lacking += [node.name for node in functions if not ast.get_docstring(node)]
    assert not lacking


def public(body, kind):
    return [node for node in body if isinstance(node, kind) and not node.name.startswith("_")]
