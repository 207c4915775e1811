"""The catalogue: one family a file; LOSSES is the explicit table.

The marked functions of a family's module are its losses, in the order in which they stand there.
"""

from __future__ import annotations

import ast
import importlib
import importlib.resources
from difflib import get_close_matches
from functools import cache

from losscli.errors import UsageError
from losscli.loss import MARK, Loss
from losscli.spec import fold

FAMILIES = ("regression", "robust", "relative", "quantile", "binary", "multiclass", "multilabel")


@cache
def catalogue() -> dict[str, tuple[Loss, ...]]:
    """Every loss by its name; the forms that share a name stand together."""
    found: dict[str, list[Loss]] = {}
    for family in FAMILIES:
        module = importlib.import_module(f"losscli.losses.{family}")
        for value in vars(module).values():
            declared = getattr(value, MARK, None)
            if isinstance(declared, Loss) and value.__module__ == module.__name__:
                found.setdefault(declared.name, []).append(declared)
    return {name: tuple(forms) for name, forms in found.items()}


@cache
def _by_folded_name() -> dict[str, str]:
    names: dict[str, str] = {}
    for name, forms in catalogue().items():
        for known in (name, *(alias for form in forms for alias in form.aliases)):
            names[fold(known)] = name
    return names


def find(name: str) -> tuple[Loss, ...]:
    """The forms of the loss that is called ``name``, or has it as an alias."""
    names = _by_folded_name()
    if fold(name) not in names:
        near = get_close_matches(fold(name), names, n=1)
        hint = f"did you mean `{names[near[0]]}`?  " if near else ""
        raise UsageError(f"no loss is called `{name}`", hint=f"{hint}`losscli losses` lists all of them")
    return catalogue()[names[fold(name)]]


def names_from_source() -> list[str]:
    """The names of all losses, read from the source text: nothing is imported, for completion."""
    names: dict[str, None] = {}
    for family in FAMILIES:
        text = importlib.resources.files("losscli.losses").joinpath(f"{family}.py").read_text("utf-8")
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "loss":
                    given = [k.value.value for k in mark.keywords
                             if k.arg == "name" and isinstance(k.value, ast.Constant)]  # fmt: skip
                    names[str(given[0]) if given else node.name] = None
    return list(names)
