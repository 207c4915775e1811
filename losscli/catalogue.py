"""The catalogue in words: every line comes from a loss's own declaration."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from losscli.domain import number
from losscli.loss import Loss, Param
from losscli.losses import catalogue, find

SAMPLES = {
    "regression": "sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv",
    "robust": "sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv",
    "relative": "sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv",
    "quantile": "sample_data/diabetes_quantiles.csv --pred q_0.5",
    "binary": "sample_data/breast_cancer.csv --pred prob",
    "multiclass": "sample_data/iris.csv --pred 'p_*'",
    "multilabel": "sample_data/digits_facts.csv --pred 'c_*' --label 'y_*'",
}
"""The files and columns of the example that `losses NAME` shows, by task."""


def listing(width: int) -> str:
    """All losses by task, a line each."""
    tasks: dict[str, list[str]] = {}
    for name, forms in catalogue().items():
        first = forms[0]
        aliases = f"  ({', '.join(first.aliases)})" if first.aliases else ""
        line = f"  {name:<15} {first.doc.summary}{aliases}"
        tasks.setdefault(first.task, []).append(
            textwrap.shorten(line.strip(), max(width - 2, 40), placeholder=" …")
        )
    blocks = [
        f"{task}\n" + "\n".join(f"  {_padded(line)}" for line in lines) for task, lines in tasks.items()
    ]
    return (
        "\n\n".join(blocks)
        + "\n\n`losscli losses NAME` shows the definition, domain, parameters and an example.\n"
    )


def _padded(line: str) -> str:
    name, _, rest = line.partition(" ")
    return f"{name:<15} {rest.strip()}"


def page(name: str, width: int) -> str:
    """All that is declared of one loss."""
    forms = find(name)
    return "\n\n".join(_form(form, several=len(forms) > 1, width=min(width, 100)) for form in forms) + "\n"


def _form(form: Loss, *, several: bool, width: int) -> str:
    lines = [f"{form.name}{_title(form) if several else ''}: {form.doc.summary}", ""]
    lines += [f"    {line}" for line in form.doc.definition.splitlines()]
    if form.doc.text:
        lines += ["", *_wrapped(form.doc.text, width)]
    facts = [("label", str(form.role("label").domain)), ("pred", str(form.role("pred").domain))]
    facts += [(f"{param.name}", _param(param)) for param in form.params]
    facts += [("better", form.better), ("rewards", form.elicits)]
    if form.aliases:
        facts.append(("aliases", ", ".join(form.aliases)))
    facts.append(("reference", form.reference))
    lines += [""]
    for key, value in facts:
        lines += textwrap.wrap(
            f"{key:<10} {value}", width, subsequent_indent=" " * 11, break_on_hyphens=False
        )
    lines += ["", *form.doc.example.splitlines(), "", f"$ {example(form)}"]
    return "\n".join(lines)


def _title(form: Loss) -> str:
    label, pred = (form.role(role).shape for role in ("label", "pred"))
    shape = {"Column": "a number", "Columns": "several columns", "Codes": "a class"}
    logits = ", from raw scores (`--from-logits`)" if form.logits else ""
    return f" ({shape[pred]} against {shape[label]}{logits})"


def example(form: Loss) -> str:
    """A command that runs on the sample data."""
    files = SAMPLES[form.task]
    if form.logits:
        files = "sample_data/breast_cancer.csv --pred score --from-logits"
    required = [f"{p.name}={number(_sample(p))}" for p in form.params if p.default is None]
    spec = f"{form.name}:{','.join(required)}" if required else form.name
    return f"losscli eval {files} --loss {spec}"


def _sample(param: Param) -> float:
    low = param.interval.low if param.interval is not None else 0.0
    return 1.0 if low < 1.0 else low + 1.0


def _param(param: Param) -> str:
    if param.default is None:
        return f"{param.range} (required)"
    shown = param.default if isinstance(param.default, str) else json.dumps(param.default)
    return f"{param.range}; default {shown}"


def _wrapped(text: str, width: int) -> list[str]:
    paragraphs = text.split("\n\n")
    return "\n\n".join(textwrap.fill(" ".join(p.split()), width) for p in paragraphs).splitlines()


def as_json(name: str | None) -> str:
    """The catalogue, or one loss, for programs."""
    if name is None:
        losses = [_record(form) for forms in catalogue().values() for form in forms]
    else:
        losses = [_record(form) for form in find(name)]
    held = {"schema": "losscli.losses/1", "losses": losses}
    return json.dumps(held, indent=2, ensure_ascii=False) + "\n"


def _record(form: Loss) -> dict[str, Any]:
    return {
        "name": form.name,
        "task": form.task,
        "aliases": list(form.aliases),
        "summary": form.doc.summary,
        "definition": form.doc.definition,
        "description": form.doc.text,
        "roles": {role.name: {"shape": role.shape, "domain": str(role.domain)} for role in form.roles},
        "from_logits": form.logits,
        "params": [
            {"name": p.name, "range": p.range, "default": p.default, "required": p.default is None}
            for p in form.params
        ],
        "better": form.better,
        "best": form.best,
        "rewards": form.elicits,
        "reference": form.reference,
        "example": example(form),
    }
