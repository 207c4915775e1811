"""The catalogue in words: every line comes from a loss's own declaration."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.loss import plugins
from losscli.loss.domains import number
from losscli.loss.gradient import NoGradientError, gradients
from losscli.loss.params import APPROX
from losscli.loss.spec import parse_loss
from losscli.loss.training import SEASON
from losscli.losses.families import catalogue, find, forms_of, package_of
from losscli.losses.left_out import LEFT_OUT, left_out

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.loss.params import Param
    from losscli.loss.plugins import Plugin

DIABETES = "sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv"
SALES = "sample_data/sales.csv --pred pred --group store --time month"
TRAINING = "train=sample_data/sales_train.csv,season=12"
SAMPLES = {
    "regression": DIABETES,
    "robust": DIABETES,
    "relative": DIABETES,
    "quantile": "sample_data/diabetes_quantiles.csv --pred q_0.5",
    "binary": "sample_data/breast_cancer.csv --pred prob",
    "multiclass": "sample_data/iris.csv --pred 'p_*'",
    "multilabel": "sample_data/digits_facts.csv --pred 'c_*' --label 'y_*'",
    "distribution": DIABETES,
    "margin": "sample_data/breast_cancer.csv --pred score",
    "ranking": "sample_data/digits_search.csv --group query",
    "similarity": "sample_data/digits_facts.csv --pred 'p_*' --label 'y_*'",
    "overlap": "sample_data/breast_cancer.csv --pred prob",
    "texts": "sample_data/dictation.csv --pred pred",
    "clustering": "sample_data/iris.csv --pred pred",
    "tails": DIABETES,
}
"""The files and columns of the example that `losses NAME` shows, by task."""
APPROXIMATE = """rounds values to so many significant binary digits (24: those of float32), and keeps what rows weigh at each: \
that can be saved and merged, and a note says how far the value may be from the exact one"""
LOGITS = {"binary": "sample_data/breast_cancer.csv --pred score --from-logits"}
"""The same for losses of raw scores; the sample data has none of several classes."""


def listing(width: int) -> str:
    """All losses by task, a line each."""
    tasks: dict[str, list[str]] = {}
    for name, forms in catalogue().items():
        first = forms[0]
        aliases = f" ({', '.join(first.aliases)})" if first.aliases else ""
        room = max(width - 3 - max(len(name), 15), 24)
        summary = textwrap.shorten(first.doc.summary + aliases, room, placeholder=" …")
        tasks.setdefault(first.task, []).append(f"  {name:<15} {summary}")
    blocks = ["\n".join([task, *lines]) for task, lines in tasks.items()]
    if added := plugins.installed("losses"):
        blocks.append("\n".join(["from other packages", *(_added(plugin, width) for plugin in added)]))
    return (
        "\n\n".join(blocks)
        + "\n\n"
        + textwrap.fill(f"Left out: {', '.join(one.names[0] for one in LEFT_OUT)}.", max(width, 40))
        + "\n`losscli losses NAME` shows the definition, domain, parameters and an example.\n"
    )


def _added(plugin: Plugin, width: int) -> str:
    """The line of a loss that a package adds; why it cannot be loaded, if it cannot."""
    try:
        said = forms_of(plugin)[0].doc.summary
    except UsageError as error:
        said = error.message
    text = textwrap.shorten(
        f"{said} ({plugin.package})", max(width - 3 - max(len(plugin.name), 15), 24), placeholder=" …"
    )
    return f"  {plugin.name:<15} {text}"


def page(name: str, width: int) -> str:
    """All that is declared of one loss; of one that is left out, why."""
    if (gone := left_out(name)) is not None:
        lines = [gone.said(name) + ".", "", f"Instead: {gone.instead}."]
        return "\n".join(textwrap.fill(line, min(width, 100)) for line in lines) + "\n"
    spec = parse_loss(name)
    forms = find(spec.name, spec.at)
    return "\n\n".join(_form(form, several=len(forms) > 1, width=min(width, 100)) for form in forms) + "\n"


def _form(form: Loss, *, several: bool, width: int) -> str:
    lines = [f"{form.name}{_title(form) if several else ''}: {form.doc.summary}", ""]
    lines += [f"    {line}" for line in form.doc.definition.splitlines()]
    if form.doc.text:
        lines += ["", *_wrapped(form.doc.text, width)]
    lines += ["", *_gradient(form, width)]
    facts = [(role.name, str(role.domain)) for role in form.roles]
    facts += [(f"{param.name}", _param(param, form)) for param in form.params]
    if form.approximate is not None:
        facts.append((APPROX.name, f"{_param(APPROX, form)}; {APPROXIMATE}"))
    if form.trained is not None:
        facts.append(
            ("train", "a file with the part of the series to train on; then no column `scale` is needed")
        )
        facts.append(("season", f"{SEASON}; default 1"))
    facts += [("better", form.better), ("rewards", str(form.elicits))]
    if (averages := _averages(form)) is not None:
        facts.append(("average", averages))
    if form.aliases:
        facts.append(("aliases", ", ".join(form.aliases)))
    facts.append(("reference", form.reference))
    if (package := package_of(form)) is not None:
        facts.append(("package", package))
    lines += [""]
    for key, value in facts:
        lines += textwrap.wrap(
            f"{key:<10} {value}", width, subsequent_indent=" " * 11, break_on_hyphens=False
        )
    lines += ["", *form.doc.example.splitlines()]
    if (command := example(form)) is not None:
        lines += ["", f"$ {command}"]
    return "\n".join(lines)


def _averages(form: Loss) -> str | None:
    """How its classes or outputs become one value, and how else they can; None where it has none."""
    if any(role.shape == "Columns" for role in form.roles):
        return None
    default = "macro over outputs"
    if form.per_class:
        default = "the positive class where the classes are 0 and 1, else macro over classes or outputs"
    others = ", ".join(name for name in form.averages if name != "macro")
    return f"{default}; also {others}" if "macro" in form.averages else None


def _gradient(form: Loss, width: int) -> list[str]:
    """The slope of a row by its prediction, or why there is none."""
    try:
        found = gradients(form)
    except NoGradientError as reason:
        return textwrap.wrap(f"No gradient: {reason}.", width)
    lines: list[str] = []
    for gradient in found:
        lines += [f"Gradient of a row by `{gradient.by}`:", ""]
        lines += [f"    {line}" for line in gradient.text.splitlines()]
        lines.append("")
    return lines[:-1]


def _title(form: Loss) -> str:
    shape = {"Column": "a number", "Columns": "several columns", "Codes": "a class", "Texts": "a text"}
    logits = ", from raw scores (`--from-logits`)" if form.logits else ""
    preds = [shape[role.shape] if role.name == "pred" else f"`{role.name}`" for role in form.pred_roles]
    labels = [shape[role.shape] for role in form.roles if role.name == "label"]
    return f" ({' against '.join([' and '.join(preds), *labels])}{logits})"


def example(form: Loss) -> str | None:
    """A command that runs on the sample data; None where the data has no such columns."""
    by_task = (LOGITS if form.logits else SAMPLES).get(form.task, "")
    files = by_task if form.sample is None else form.sample
    if not files:
        return None
    if "--loss" in files:
        return f"losscli eval {files}"
    if form.trained is not None and form.sample is None:
        baseline = "baseline=naive," if "baseline" in form.columns else ""
        return f"losscli eval {SALES} --loss {form.name}:{baseline}{TRAINING}"
    required = [f"{p.name}={_sample(p, files)}" for p in form.params if p.required]
    # For a baseline or a scale the sample data has nothing but other predictions.
    other = "q_0.9" if "quantiles" in files else "pred_linear"
    required += [f"{role}={other}" for role in form.columns]
    spec = f"{form.name}:{','.join(required)}" if required else form.name
    pred = " --pred pred" if form.columns and "--pred" not in files else ""
    return f"losscli eval {files}{pred} --loss {spec}"


def _sample(param: Param, files: str) -> str:
    if param.type is str:
        stem = "iris" if "iris" in files else "breast_cancer"
        return f"sample_data/{stem}_costs.csv"
    low = param.interval.low if param.interval is not None else 0.0
    return number(1.0 if low < 1.0 else low + 1.0)


def _param(param: Param, form: Loss) -> str:
    short = f"; also `{form.name}@X`" if param.name == form.main else ""
    if param.required:
        return f"{param.range} (required){short}"
    shown = (
        "none"
        if param.default is None
        else param.default
        if isinstance(param.default, str)
        else json.dumps(param.default)
    )
    return f"{param.range}; default {shown}{short}"


def _wrapped(text: str, width: int) -> list[str]:
    paragraphs = text.split("\n\n")
    return "\n\n".join(textwrap.fill(" ".join(p.split()), width) for p in paragraphs).splitlines()
