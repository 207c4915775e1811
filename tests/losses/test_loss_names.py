"""Names of losses as users write them: `NAME@X`, other libraries' names, and misspellings."""

from __future__ import annotations

import json

import pytest

from losscli.errors import UsageError
from losscli.loss.spec import Spec, parse_loss
from losscli.losses.families import catalogue
from losscli.losses.misspelled import is_slip, meant_by
from losscli.measure.loss_request import LossRequest


def canonical(text):
    """The canonical spec of what a call asks for."""
    asked = LossRequest.of(text)
    form = asked.forms[0]
    return form.canonical(form.read_params(asked.spec))


# ---------------------------------------------------------------------- NAME@X


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("top_k_error@3", "top_k_error:k=3"), ("Top-K error @ 3", "top_k_error:k=3"),
        ("zero_one@0.7", "zero_one:threshold=0.7"), ("pinball@0.9", "pinball:quantile=0.9"),
        ("pinball@0.9:factor=2", "pinball:quantile=0.9,factor=2"), ("tweedie-nloglik@1.7", "tweedie_nll:power=1.7"),
        ("pinball@0.5", "pinball"), ("fbeta@2", "fbeta:beta=2"),
    ],
)  # fmt: skip
def test_a_value_behind_at_fills_the_main_parameter_of_a_loss(written, means):
    assert canonical(written) == means


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("mse@2", ["`mse` has no parameter", "`@2`"]),
        ("top_k_error@0.5", ["`k=0.5`", "top_k_error@0.5"]),
        ("pinball@0.9:quantile=0.5", ["gives `quantile` twice"]),
        ("pinball@", ["`pinball@`", "`name@value`"]),
        ("@3", ["`@3`", "`name@value`"]),
        ("hubber@3", ["no loss is called `hubber`", "`huber`"]),
    ],
)
def test_a_value_behind_at_that_fits_no_parameter_is_an_error_that_says_so(written, words):
    with pytest.raises(UsageError) as caught:
        LossRequest.of(written)
    said = " ".join(filter(None, (caught.value.message, caught.value.detail, caught.value.hint)))
    assert [word for word in words if word not in said] == []


def test_an_expression_keeps_its_at():
    assert parse_loss("expr:abs(preds.a@b)") == Spec("expr", (("", "abs(preds.a@b)"),))


def test_the_main_parameter_of_a_loss_is_one_of_its_parameters():
    forms = [form for forms in catalogue().values() for form in forms]
    assert [form.name for form in forms if form.main and form.main not in {p.name for p in form.params}] == []


def test_gates_and_python_read_at_as_the_command_does(here, text):
    text("both.csv", ["pred,label", "0.6,1", "0.8,1", "0.2,0", "0.9,0"])
    ran = here("eval", "both.csv", "-l", "zero_one@0.7", "--max", "zero_one@0.7=0.5", "-f", "value")
    assert (ran.code, float(ran.out)) == (0, 0.5)
    assert here("eval", "both.csv", "-l", "zero_one:threshold=0.7", "--max", "zero_one@0.7=0.4").code == 1


@pytest.mark.parametrize("written", ["recall@5", "recall_at_k", "Recall@5:ties=average"])
def test_the_page_of_a_loss_is_found_by_its_spec(here, written):
    assert here("losses", written).out.startswith("recall_at_k: ")
    assert json.loads(here("losses", written, "--json").out)["losses"][0]["name"] == "recall_at_k"


# ---------------------------------------------------------------------- misspellings


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hubber", "huber"), ("hubr", "huber"), ("rmes", "rmse"), ("msee", "mse"), ("mea", "mae"), ("acuracy", "accuracy"),
        ("mean_sqared_error", "mse"), ("mean-absolute-eror", "mae"), ("presicion", "precision"), ("kapa", "kappa"),
        ("poison_deviance", "poisson_deviance"), ("Wasserstien-1", "emd"), ("cross_entorpy", "cross_entropy"),
        ("generalised_kross", None),
    ],
)  # fmt: skip
def test_a_misspelled_name_is_recognised(typed, meant):
    known = {name: own for own, forms in catalogue().items() for f in forms for name in (own, *f.aliases)}
    assert meant_by(typed, known) == meant


@pytest.mark.parametrize(
    ("other", "known"),
    [
        ("auc", "cauchy"), ("auc", "acc"), ("mdape", "mape"), ("smdape", "smape"), ("mdrae", "mrae"), ("map", "mape"),
        ("median_absolute_error", "mean_absolute_error"), ("median_squared_error", "mean_squared_error"),
        ("micro_recall", "macro_recall"), ("symmetric_error", "asymmetric_error"), ("gini", "mini"),
        ("unbalanced_accuracy", "balanced_accuracy"), ("specificity", "sensitivity"), ("l3", "l1"), ("nmse", "mse"),
        ("l2_loss", "l1_loss"), ("maximum_error", "minimum_error"), ("ndcg", "dcg"), ("mre", "mrae"), ("nmae", "mae"),
        ("negative_predictive_value", "positive_predictive_value"), ("crps_t", "crps_b"), ("rbp", "rpd"),
    ],
)  # fmt: skip
def test_the_name_of_another_quantity_is_no_misspelling(other, known):
    assert meant_by(other, {known: "this"}) is None
    assert meant_by(known, {other: "this"}) is None


def test_a_word_that_other_names_have_is_no_misspelling():
    assert is_slip("weighed", "weighted")
    known = {"weighted_loss": "weighted_loss"}
    assert meant_by("weighed_loss", known) == "weighted_loss"
    assert meant_by("weighed_loss", {**known, "weighed_gain": "weighed_gain"}) is None


def test_a_choice_that_no_form_has_is_told_the_choices_of_all_forms():
    with pytest.raises(UsageError) as caught:
        LossRequest.of("nrmse:norm=foo")
    said = "`norm=foo` in `nrmse:norm=foo` is not in mean | range | std | l2 | mean_abs | iqr"
    assert caught.value.message == said
