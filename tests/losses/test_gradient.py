"""The gradient of each loss is the slope of its definition.

The text in the docstring is run in 400 digits, as definitions are, and held against dual numbers carried
through the definition itself; the numbers that the arrays give are held against the same.  Nothing here
repeats a rule of the text.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from definition import MANY_DIGITS, MP, WORDS, definition_of, exact, ulps_off
from draws import all_params, draw, forms, generator, kept, row_params, title, usual_params
from dual import NoSlopeError, slope_of
from recorded import recorded

from losscli.loss.docstring import Gradient
from losscli.loss.gradient import NoGradientError, gradient_rows, gradients
from losscli.losses.families import find

FORMS = [form for form in forms() if form.is_mean]

STEPS = "it goes in steps: its slope is 0 wherever it has one"
DIGAMMA = "the slope by the parameters needs the digamma function"
DENSITY = "the slope by the parameters needs integrals of the density"
TAILS = "that of an interval is a quotient of two differences, which vanish together in the tails"
MEMBERS = "it would be a column for every member and label"
SORTED = "it is the sparsemax less the label, for which the scores of a row must be sorted"
RULE = "the slope by a member changes with their order where the rule sets the bandwidth"
FAR = "a part far from the label has a slope that vanishes before its terms do"
TEXT = "a predicted text does not change by small amounts"
CLASS = "a predicted class has no neighbours to move to"


def has_gradient(form) -> bool:
    try:
        return bool(gradients(form))
    except NoGradientError:
        return False


WITH = [form for form in FORMS if has_gradient(form)]
WITHOUT = [form for form in FORMS if not has_gradient(form)]
# By module: the tests of one form run one after the other, and share its slopes.
with_gradient = pytest.mark.parametrize("form", WITH, ids=title, scope="module")


def usual_rows(form, params, rows=30, *, ends=False):
    return kept(form, draw(form, params, generator(form, f"gradient {ends}"), rows, ends=ends), params)


def some_params(form):
    """Parameters of every day."""
    usual = usual_params(form)
    found = [usual]
    for params in all_params(form, generator(form, "gradient parameters"), at_most=8):
        numbers = [v for v in params.values() if isinstance(v, float)]
        if all(1e-3 <= abs(v) <= 5.0 or v == 0.0 for v in numbers) and params not in found:
            found.append(params)
    return found


def slopes(form, params, roles, found) -> Iterator[tuple[Any, Any, Gradient, dict[str, Any]]]:
    """Of each row and column that has a slope: what the arrays gave, the slope, and what it is of."""
    definition = definition_of(form.doc.definition)
    given = {name: exact(value) for name, value in row_params(form, params, roles).items()}
    for gradient in found:
        for at, cells in enumerate(zip(*roles.values(), strict=True)):
            row = given | {name: exact(cell) for name, cell in zip(roles, cells, strict=True)}
            for j in range(len(row[gradient.role])) if gradient.by_column else [None]:
                place = at if j is None else (at, j)
                try:
                    wanted = slope_of(definition, row, gradient.role, j)
                except NoSlopeError:
                    continue
                yield place, wanted, gradient, row | ({} if j is None else {"j": j})


@functools.lru_cache(maxsize=2)
def slopes_of(form) -> list[tuple[Any, bool, Any, list[Any]]]:
    """Parameters, whether the rows are those at the ends, the rows, and their slopes."""
    found = []
    for params in some_params(form):
        for ends in (False, True):
            roles = usual_rows(form, params, ends=ends)
            found.append((params, ends, roles, list(slopes(form, params, roles, gradients(form)))))
    return found


GRADIENT_WORDS = {
    "sign": lambda x: MP.mpf(int(x > 0) - int(x < 0)),
    "sigmoid": lambda x: 1 / (1 + WORDS["exp"](-x)),
    "softplus": lambda x: MP.log1p(WORDS["exp"](-abs(x))) + max(x, 0),
    "softmax": lambda scores: [1 / sum(WORDS["exp"](s - score) for s in scores) for score in scores],
}
"""The functions that only gradients speak of."""


def the_same(gradient, names, wanted):
    found = definition_of(gradient.text)(**(GRADIENT_WORDS | names))
    # What lies below 1e-350 is nothing to a double.
    return abs(found - wanted) <= MP.mpf(10) ** -20 * abs(wanted) + MP.mpf(10) ** -350, found


def check_the_text(form) -> int:
    """Hold the text against the slope of the definition; how often they were compared."""
    compared = 0
    for params, _, _, known in slopes_of(form):
        for place, wanted, gradient, names in known:
            same, found = the_same(gradient, names, wanted)
            if not same:  # in 400 digits a term of 1e-300 beside one of 1e300 may be lost
                with MP.workdps(MANY_DIGITS):
                    column = names.get("j")
                    wanted = slope_of(definition_of(form.doc.definition), names, gradient.role, column)
                    same, found = the_same(gradient, names, wanted)
            assert same, f"{found} in place of {wanted} by {gradient.by}: {params}, row {place}"
            compared += 1
    return compared


@with_gradient
def test_the_text_is_the_slope_of_the_definition(form):
    assert check_the_text(form) >= 10


@with_gradient
def test_the_gradient_of_all_rows_lies_as_near_the_slope_as_declared(form):
    for params, ends, roles, known in slopes_of(form):
        if ends:
            continue
        found = gradient_rows(form, roles, row_params(form, params, roles))
        assert list(found) == [role.name for role in form.pred_roles]
        for role, column in found.items():
            assert (column.shape, column.dtype) == (roles[role].shape, np.float64)
        for place, wanted, gradient, _ in known:
            got = found[gradient.role][place]
            assert ulps_off(float(got), wanted) <= form.gradient_ulps, (params, place)


@with_gradient
def test_the_gradient_of_a_row_does_not_depend_on_the_rows_beside_it(form):
    params = usual_params(form)
    roles = usual_rows(form, params, 12)
    together = gradient_rows(form, roles, row_params(form, params, roles))
    for at in range(len(next(iter(roles.values())))):
        row = {name: cells[at : at + 1] for name, cells in roles.items()}
        for role, cells in gradient_rows(form, row, row_params(form, params, row)).items():
            assert np.array_equal(cells[0], together[role][at], equal_nan=True), at


def with_text(form, old, new):
    """The loss with another text in its docstring."""
    function = functools.wraps(form.function)(lambda *columns, **params: form.function(*columns, **params))
    assert old in function.__doc__
    function.__doc__ = function.__doc__.replace(old, new)
    return replace(form, function=function)


@pytest.mark.parametrize(
    "name, old, new",
    [
        ("huber", "else delta * sign(pred - label)", "else sign(pred - label)"),
        ("pinball", "factor * (-quantile if", "factor * (quantile if"),
        ("rps", "2 * sum(", "sum("),
        ("gaussian_nll", "(mean - label) / v", "(label - mean) / v"),
    ],
)
def test_a_wrong_gradient_is_found(name, old, new):
    with pytest.raises(AssertionError, match="in place of"):
        check_the_text(with_text(find(name)[0], old, new))


@pytest.mark.parametrize("form", forms(), ids=title)
def test_a_mean_of_rows_has_a_gradient_by_each_role_or_a_reason(form):
    doc = form.doc
    if not form.is_mean or all(role.shape == "Codes" for role in form.pred_roles):
        assert not doc.gradients
        assert not doc.no_gradient
    else:
        wanted = [(role.name, role.shape == "Columns") for role in form.pred_roles]
        assert [(one.role, one.by_column) for one in doc.gradients] == ([] if doc.no_gradient else wanted)


@pytest.mark.parametrize("form", WITHOUT, ids=title)
def test_a_row_loss_without_a_gradient_says_why(form):
    with pytest.raises(NoGradientError) as told:
        gradients(form)
    if all(role.shape == "Codes" for role in form.pred_roles):
        assert str(told.value) == CLASS
        return
    if all(role.shape == "Texts" for role in form.pred_roles):
        assert str(told.value) == TEXT
        return
    if form.name == "wis":
        assert str(told.value) == "a loop over `intervals` is not differentiated"
        return
    if str(told.value) in (DIGAMMA, DENSITY):
        assert "gamma" in form.doc.definition
        return
    if str(told.value) in (TAILS, MEMBERS):
        assert form.members or form.label_roles == ("lower", "upper")
        return
    if str(told.value) in (FAR, SORTED, RULE):
        assert form.name in ("logs_mixture", "sparsemax_loss", "logs_ensemble")
        return
    assert str(told.value) == STEPS
    flat = [Gradient(role.name, "0", role.shape == "Columns") for role in form.pred_roles]
    found = [
        slope
        for _, slope, _, _ in slopes(form, usual_params(form), usual_rows(form, usual_params(form)), flat)
    ]
    assert found
    assert not any(found)


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
