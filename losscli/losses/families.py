"""The catalogue: one family a module, in the order of FAMILIES, and how a loss is found in them.

The marked functions of a family's module are its losses, in the order in which they stand there.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.loss import plugins
from losscli.loss.spec import fold

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.loss.plugins import Plugin

FAMILIES = (
    "regression",
    "unitless",
    "medians",
    "ranks",
    "robust",
    "landmarks",
    "relative",
    "forecasts",
    "quantile",
    "distribution",
    "crps",
    "crps_incomplete",
    "crps_incomplete_beta",
    "ensembles",
    "smoothed_ensembles",
    "log_scores",
    "binary",
    "intensities",
    "confusion",
    "fairness",
    "agreement",
    "calibration",
    "curves",
    "pairwise_auc",
    "multiclass",
    "class_distances",
    "class_scores",
    "multilabel",
    "margin",
    "ranking",
    "similarity",
    "overlap",
    "clustering",
    "survival",
    "censored",
    "texts",
    "tails",
)


AMBIGUOUS = {
    "l2": ("mse", "half_mse"),
    "l2_loss": ("mse", "half_mse"),
    "poisson": ("poisson_deviance", "poisson_nll"),
    "poisson_loss": ("poisson_deviance", "poisson_nll"),
    "gamma": ("gamma_deviance", "gamma_nll"),
    "gamma_loss": ("gamma_deviance", "gamma_nll"),
    "tweedie": ("tweedie_deviance", "tweedie_nll"),
    "tweedie_loss": ("tweedie_deviance", "tweedie_nll"),
    "quantile": ("pinball", "mean_pinball"),
    "log_score": ("log_loss", "gaussian_nll"),
    "crps": ("crps_normal", "crps_ensemble", "crps_quantile"),
    "continuous_ranked_probability_score": ("crps_normal", "crps_ensemble", "crps_quantile"),
    "multi_logloss": ("cross_entropy", "multilabel_log_loss"),
    "kullback_leibler": ("kl", "kl_binary"),
}
"""Names that the field gives to several losses, and those losses: the user must choose one."""


def catalogue() -> dict[str, tuple[Loss, ...]]:
    """Every loss by its name; the forms that share a name stand together."""
    return losses_of(FAMILIES)


@cache
def losses_of(families: tuple[str, ...]) -> dict[str, tuple[Loss, ...]]:
    """The losses of some families by name."""
    # Here, since completion reads names from this module and needs no NumPy.
    from losscli.loss.declare import declaration

    found: dict[str, list[Loss]] = {}
    for family in families:
        module = importlib.import_module(f"{__package__}.{family}")
        for value in vars(module).values():
            declared = declaration(value)
            if declared is not None and value.__module__ == module.__name__:
                found.setdefault(declared.name, []).append(declared)
    return {name: tuple(forms) for name, forms in found.items()}


def find(name: str, at: str | None = None) -> tuple[Loss, ...]:
    """The forms of the loss that is called ``name``, or has it as an alias; ``at`` is the value behind ``@``."""
    if at is not None and (forms := _called(f"{fold(name)}@")) is not None:
        return forms
    for known, meanings in AMBIGUOUS.items():
        if fold(known) == fold(name):
            said = " or ".join(f"`{meaning}`" for meaning in meanings)
            count = "two" if len(meanings) == 2 else "several"
            raise UsageError(f"`{name}` means {count} things: {said}", hint="write the one that is meant")
    if (forms := _called(name)) is not None:
        return forms
    if (plugin := plugins.find("losses", name)) is not None:
        return forms_of(plugin)
    from losscli.losses.unknown import refusal

    added = {plugin.name: plugin.name for plugin in plugins.installed("losses")}
    raise refusal(name, added | _names(FAMILIES))


def forms_of(plugin: Plugin) -> tuple[Loss, ...]:
    """The forms of a loss that a package adds: the function that its entry point names, and others of the same name in
    its module.  UsageError where it names no loss."""
    from losscli.loss.declare import declaration

    function = plugin.load()
    named = declaration(function)
    if named is None:
        raise plugin.refused("a function marked with `@loss`")
    module = sys.modules[function.__module__]
    forms = (declaration(value) for value in vars(module).values())
    return tuple(form for form in forms if form is not None and form.name == named.name)


def added() -> Iterator[tuple[Loss, ...]]:
    """The forms of each loss that packages add, without those that cannot be loaded."""
    for plugin in plugins.installed("losses"):
        with suppress(UsageError):
            yield forms_of(plugin)


def package_of(form: Loss) -> str | None:
    """The name and version of the package that adds a loss; None for one of losscli itself."""
    if form.function.__module__.startswith(f"{__package__}."):
        return None
    found = plugins.find("losses", form.name)
    return None if found is None else found.package


@cache
def _called(name: str) -> tuple[Loss, ...] | None:
    """The forms of a loss, from the families whose source has the name."""
    # To import all families takes longer than to measure a small file.
    for families in _naming(name):
        for known, own in _names(families).items():
            before, sign, _ = known.partition(
                "@"
            )  # of an alias such as `recall@k` the parameter does not matter
            if fold(before) + sign == fold(name):
                return losses_of(next(_naming(own)))[own]
    return None


def _names(families: tuple[str, ...]) -> dict[str, str]:
    """Every name and alias of some families, and the loss that it calls."""
    return {
        known: name
        for name, forms in losses_of(families).items()
        for known in (name, *(alias for form in forms for alias in form.aliases))
    }


def _naming(name: str) -> Iterator[tuple[str, ...]]:
    """The families that may have the loss: by the names of functions and forms, by names in quotes, by other spellings."""
    for marks in ((f"def {name}(", f'name="{name}"'), (f'"{name}"',)):
        if found := tuple(family for family in FAMILIES if any(mark in _source(family) for mark in marks)):
            yield found
    spelled = r"[-_ ]*".join(re.escape(sign) for sign in fold(name))
    spelled += r"\w+" if name.endswith("@") else ""
    mark = re.compile(rf'^def {spelled}\(|"{spelled}"', re.MULTILINE | re.IGNORECASE)
    yield tuple(family for family in FAMILIES if mark.search(_source(family)))


@cache
def _source(family: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), f"{family}.py"), encoding="utf-8") as file:
        return file.read()


def names_from_source() -> list[str]:
    """The names of all losses, read from the source text: nothing is imported, for completion."""
    names: dict[str, None] = {}
    for family in FAMILIES:
        for node in ast.parse(_source(family)).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                # What decorates a function there is `loss`, or a family's preset of it.
                if isinstance(mark, ast.Call):
                    given = [k.value.value for k in mark.keywords
                             if k.arg == "name" and isinstance(k.value, ast.Constant)]  # fmt: skip
                    names[str(given[0]) if given else node.name] = None
    return list(names)
