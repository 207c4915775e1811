"""The gradient is derived from the definition, and is its slope.

What is printed is run in 400 digits, as definitions are, and held against the difference quotient of the
definition itself: nothing here repeats a rule of differentiation.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from definition import MP, Definition, exact
from draws import all_params, draw, forms, generator, kept, row_params, title, usual_params
from losscli.loss.gradient import NoGradientError, gradient_rows, gradients
from losscli.losses import find
from recorded import recorded

FORMS = [form for form in forms() if form.is_mean]

STEPS = "it goes in steps: its slope is 0 wherever it has one"
CLASS = "a predicted class has no neighbours to move to"
WITHOUT = {
    "within_tol-column-column": STEPS,
    "coverage-column-column-column": STEPS,
    "crossing_rate-column-columns": STEPS,
    "top_k_error-codes-columns": STEPS,
    "hamming-columns-columns": STEPS,
    "hamming_count-columns-columns": STEPS,
    "subset_zero_one-columns-columns": STEPS,
    "coverage_error-columns-columns": STEPS,
    "ranking_loss-columns-columns": STEPS,
    "lrap-columns-columns": STEPS,
    "one_error-columns-columns": STEPS,
    "samples_f1-columns-columns": STEPS,
    "samples_jaccard-columns-columns": STEPS,
    "zero_one-codes-codes": CLASS,
    "hamming-codes-codes": CLASS,
    "hamming_count-codes-codes": CLASS,
    "cost-codes-codes": CLASS,
    "wis-column-columns": "a loop over `intervals` is not differentiated",
}
"""Row losses for which there is no gradient, and the reason that is printed."""


def has_gradient(form) -> bool:
    return title(form) not in WITHOUT


with_gradient = pytest.mark.parametrize("form", [f for f in FORMS if has_gradient(f)], ids=title)


def _sign(x):
    return MP.mpf(int(x > 0) - int(x < 0))


def usual_rows(form, params, rows=10):
    """Ordinary rows."""
    return kept(form, draw(form, params, generator(form, "gradient"), rows), params)


def some_params(form):
    """Parameters of every day: the ends of their ranges are no place for a difference quotient."""
    usual = usual_params(form)
    found = [usual]
    for params in all_params(form, generator(form, "gradient parameters"), at_most=8):
        numbers = [v for v in params.values() if isinstance(v, float)]
        if all(1e-3 <= abs(v) <= 5.0 or v == 0.0 for v in numbers) and params not in found:
            found.append(params)
    return found


def by_difference(form, given, row, role, column, step):
    """The slope of the definition: a difference quotient in 400 digits, from either side."""
    definition = Definition(form.doc.definition)
    values = []
    for shift in (-step, MP.mpf(0), step):
        moved = dict(row)
        if column is None:
            moved[role] = row[role] + shift
        else:
            moved[role] = [c + shift if at == column else c for at, c in enumerate(row[role])]
        values.append(definition(**given, **moved))
    return (values[1] - values[0]) / step, (values[2] - values[1]) / step


def close(one, other):
    # A step of 1e-60 leaves an error of that size times the second slope.
    return abs(one - other) <= MP.mpf(10) ** -20 * max(1, abs(one), abs(other))


@with_gradient
def test_the_gradient_printed_is_the_slope_of_the_definition(form):
    step, compared = MP.mpf(10) ** -60, 0
    for params in some_params(form):
        roles = usual_rows(form, params)
        given = {name: exact(value) for name, value in row_params(form, params, roles).items()}
        for gradient in gradients(form):
            slope = Definition(gradient.text)
            for cells in zip(*roles.values(), strict=True):
                row = {name: exact(cell) for name, cell in zip(roles, cells, strict=True)}
                places = range(len(row[gradient.role])) if gradient.by_column else [None]
                for column in places:
                    j = {} if column is None else {"j": column}
                    try:
                        left, right = by_difference(form, given, row, gradient.role, column, step)
                        found = slope(**({"sign": _sign} | given), **row, **j)
                    except (ZeroDivisionError, ValueError):
                        continue
                    if not all(map(MP.isfinite, (left, right, found))) or not close(left, right):
                        continue  # at the end of the domain, or at a kink
                    assert close(found, right), f"{params} {row} {column}"
                    compared += 1
    assert compared >= 10


@with_gradient
def test_the_gradient_of_all_rows_is_that_of_each_row(form):
    for params in some_params(form):
        roles = usual_rows(form, params)
        held = row_params(form, params, roles)
        given = {name: exact(value) for name, value in held.items()}
        found = gradient_rows(form, roles, held)
        assert list(found) == [role.name for role in form.pred_roles]
        for gradient in gradients(form):
            slope, column = Definition(gradient.text), found[gradient.role]
            assert column.shape == roles[gradient.role].shape
            assert column.dtype == np.float64
            for at, cells in enumerate(zip(*roles.values(), strict=True)):
                row = {name: exact(cell) for name, cell in zip(roles, cells, strict=True)}
                for j in range(column.shape[1]) if gradient.by_column else [None]:
                    try:
                        wanted = slope(**({"sign": _sign} | given), **row, **({} if j is None else {"j": j}))
                    except (ZeroDivisionError, ValueError):
                        continue
                    got = column[at] if j is None else column[at, j]
                    # Plain doubles: what cancels loses digits, relative to the terms.
                    if MP.isfinite(wanted) and abs(wanted) < 1e300:
                        assert got == pytest.approx(float(wanted), rel=1e-8, abs=1e-9), (params, row, j)


@pytest.mark.parametrize("form", [f for f in FORMS if not has_gradient(f)], ids=title)
def test_a_row_loss_without_a_gradient_says_why(form):
    with pytest.raises(NoGradientError) as told:
        gradients(form)
    assert str(told.value) == WITHOUT[title(form)]


def test_a_loss_that_is_no_mean_of_rows_has_no_gradient_of_a_row():
    for name in ("rmse", "r2", "f1", "dice"):
        with pytest.raises(NoGradientError, match="no mean of rows"):
            gradients(find(name)[0])


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("mse", "2 * (pred - label)"),
        ("mae", "sign(pred - label)"),
        ("huber", "e = abs(pred - label)\npred - label if e <= delta else delta * sign(pred - label)"),
        ("half_mse", "pred - label"),
    ],
)
def test_the_gradient_reads_as_in_a_textbook(name, wanted):
    (gradient,) = gradients(find(name)[0])
    assert gradient.text == wanted


def test_the_gradient_of_a_logistic_loss_is_the_probability_less_the_label_also_at_the_score_0():
    (form,) = (f for f in find("log_loss") if f.logits)
    roles = {"label": np.array([1.0, 0.0, 1.0]), "pred": np.array([0.0, 0.0, math.log(3.0)])}
    found = gradient_rows(form, roles, {"label_smoothing": 0.0})["pred"]
    assert found == pytest.approx([-0.5, 0.5, -0.25], abs=1e-15)


TORCH = {
    "mse": lambda torch, y, f: (f - y) ** 2,
    "huber": lambda torch, y, f: torch.nn.functional.huber_loss(f, y, reduction="none"),
    "log_cosh": lambda torch, y, f: torch.log(torch.cosh(f - y)),
    "smooth_l1": lambda torch, y, f: torch.nn.functional.smooth_l1_loss(f, y, reduction="none"),
}


@pytest.mark.parametrize("name", TORCH)
def test_the_gradient_is_that_of_pytorch(name):
    form = find(name)[0]
    rng = np.random.default_rng(5)
    roles = {"label": rng.normal(size=50), "pred": rng.normal(size=50) * 2.0}

    def theirs(torch):
        pred = torch.tensor(roles["pred"], requires_grad=True)
        TORCH[name](torch, torch.tensor(roles["label"]), pred).sum().backward()
        return pred.grad

    wanted = recorded("torch", f"gradient: {name}, 50 rows", theirs)
    assert gradient_rows(form, roles, usual_params(form))["pred"] == pytest.approx(
        np.array(wanted), rel=1e-12
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_of_cross_entropy_from_logits_is_that_of_pytorch(smoothing):
    (form,) = (f for f in find("cross_entropy") if f.logits and f.role("label").shape == "Codes")
    rng = np.random.default_rng(6)
    roles = {"label": rng.integers(0, 4, 30), "pred": rng.normal(size=(30, 4)) * 3.0}

    def theirs(torch):
        pred = torch.tensor(roles["pred"], requires_grad=True)
        torch.nn.functional.cross_entropy(
            pred, torch.tensor(roles["label"]), reduction="sum", label_smoothing=smoothing
        ).backward()
        return pred.grad

    wanted = recorded("torch", f"gradient: cross_entropy, label_smoothing={smoothing}, 30 rows of 4", theirs)
    found = gradient_rows(form, roles, {"label_smoothing": smoothing})["pred"]
    assert found == pytest.approx(np.array(wanted), rel=1e-9, abs=1e-12)


def test_inputs_of_the_gradient_are_not_touched():
    form = find("mse")[0]
    roles = {"label": np.array([1.0, 2.0]), "pred": np.array([3.0, 5.0])}
    for column in roles.values():
        column.flags.writeable = False
    found = gradient_rows(form, roles, {})["pred"]
    assert found.tolist() == [4.0, 6.0]
    assert found.flags.writeable


def test_the_page_and_the_json_of_a_loss_show_its_gradient(here):
    page = here("losses", "hinge").out
    assert "Gradient of a row by `pred`:" in page
    assert "    -side if margin - side * pred > 0 else 0\n" in page
    (record,) = json.loads(here("losses", "mse", "--json").out)["losses"]
    assert record["gradient"] == {"pred": "2 * (pred - label)"}
    assert record["no_gradient"] is None


def test_the_page_of_several_columns_names_the_column(here):
    assert "Gradient of a row by `pred[j]`:" in here("losses", "manhattan").out


def test_the_page_of_a_loss_without_a_gradient_says_why(here):
    assert "No gradient: it is no mean of rows" in here("losses", "rmse").out
    (record,) = json.loads(here("losses", "rmse", "--json").out)["losses"]
    assert record["gradient"] is None
    assert record["no_gradient"].startswith("it is no mean of rows")
