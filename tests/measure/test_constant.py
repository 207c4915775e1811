"""The best constant prediction: what it is, what it costs, and the skill of the predictions against it."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from sklearn import metrics

from losscli.losses.families import catalogue
from losscli.measure.constant_baseline import skill
from losscli.measure.engines import threads
from losscli.measure.recipes import RECIPES
from losscli.numbers.values import Values

RNG = np.random.default_rng(11)
ROWS = 101
LABEL = np.round(RNG.gamma(2.0, 3.0, ROWS), 2) + 0.01
PRED = np.round(LABEL * RNG.uniform(0.6, 1.5, ROWS), 2) + 0.01
WEIGHT = RNG.integers(0, 4, ROWS)
SIDE = np.where(RNG.random(ROWS) < 0.4, "a", "b")
TRUTH = (RNG.random(ROWS) < 0.3).astype(int)
CHANCE = np.clip(np.round(0.6 * TRUTH + 0.4 * RNG.random(ROWS), 3), 0.01, 0.99)
CLASSES = RNG.choice(["x", "y", "z"], ROWS, p=[0.5, 0.3, 0.2])
SHARES = RNG.dirichlet((1, 1, 1), ROWS)


def run(here, *words):
    ran = here("eval", *words, "--constant", "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["results"]


def one(here, *words):
    (result,) = run(here, *words)
    return result


@pytest.fixture
def numbers(parquet):
    return parquet(
        "numbers.parquet", {"label": LABEL, "pred": PRED, "w": WEIGHT, "side": SIDE}, row_group_size=17
    )


@pytest.fixture
def chances(parquet):
    return parquet("chances.parquet", {"label": TRUTH, "pred": CHANCE, "w": WEIGHT})


@pytest.fixture
def classes(parquet):
    shares = {f"p_{name}": SHARES[:, at] for at, name in enumerate("xyz")}
    return parquet("classes.parquet", {"label": CLASSES, **shares, "w": WEIGHT})


# ── against scikit-learn, where it has the same skill ──


def test_the_skill_of_mse_is_r2(here, numbers):
    found = one(here, numbers, "-l", "mse")["constant"]
    assert found["prediction"] == float(sum(map(Fraction, LABEL)) / ROWS)
    assert found["skill"] == pytest.approx(metrics.r2_score(LABEL, PRED), rel=1e-12)


def test_weighted_skills_are_those_of_scikit_learn(here, numbers, chances):
    expected = metrics.r2_score(LABEL, PRED, sample_weight=WEIGHT)
    assert one(here, numbers, "-l", "mse", "-w", "w")["constant"]["skill"] == pytest.approx(
        expected, rel=1e-12
    )
    expected = metrics.d2_log_loss_score(TRUTH, CHANCE, sample_weight=WEIGHT)
    found = one(here, chances, "-l", "log_loss", "-w", "w")["constant"]["skill"]
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_skill_of_mae_is_d2_absolute_error(here, numbers):
    found = one(here, numbers, "-l", "mae")["constant"]
    assert found["prediction"] == np.median(LABEL)
    assert found["skill"] == pytest.approx(metrics.d2_absolute_error_score(LABEL, PRED), rel=1e-12)


@pytest.mark.parametrize("loss, score", [("poisson_deviance", 1), ("gamma_deviance", 2)])
def test_the_skill_of_deviances_is_d2_tweedie(here, numbers, loss, score):
    expected = metrics.d2_tweedie_score(LABEL, PRED, power=score)
    assert one(here, numbers, "-l", loss)["constant"]["skill"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "loss, score", [("log_loss", metrics.d2_log_loss_score), ("brier", metrics.d2_brier_score)]
)
def test_the_skill_of_probabilities_is_against_the_share_of_label_1(here, chances, loss, score):
    found = one(here, chances, "-l", loss)["constant"]
    assert found["prediction"] == TRUTH.sum() / ROWS
    assert found["skill"] == pytest.approx(score(TRUTH, CHANCE), rel=1e-12)


def test_the_constant_of_cross_entropy_is_the_share_of_each_class(here, classes):
    found = one(here, classes, "-p", "p_*", "-l", "cross_entropy")["constant"]
    shares = {f"p_{name}": int((name == CLASSES).sum()) / ROWS for name in "xyz"}
    assert found["prediction"] == shares
    expected = metrics.d2_log_loss_score(CLASSES, SHARES, labels=["x", "y", "z"])
    assert found["skill"] == pytest.approx(expected, rel=1e-12)


def test_the_constant_of_zero_one_is_the_commonest_class(here, classes):
    wrong, right = run(here, classes, "-p", "p_*", "-l", "zero_one", "-l", "accuracy")
    names, counts = np.unique(CLASSES, return_counts=True)
    assert wrong["constant"]["prediction"] == right["constant"]["prediction"] == names[counts.argmax()]
    assert wrong["constant"]["value"] == float(1 - Fraction(int(counts.max()), ROWS))
    assert right["constant"]["value"] == counts.max() / ROWS
    # The two are one loss, and so one skill.
    assert wrong["constant"]["skill"] == pytest.approx(right["constant"]["skill"], rel=1e-12)


def test_a_tie_of_classes_goes_to_the_first(here, text):
    text("tied.csv", ["label,pred", "b,a", "a,a", "b,b", "a,a"])
    assert one(here, "tied.csv", "-l", "zero_one")["constant"] == {
        "prediction": "a",
        "value": 0.5,
        "skill": 0.5,
    }


# ── the loss of the constant is that of a column that holds it, and no other constant costs less ──

BY_COLUMN = [
    ("numbers", "mse", "pred"), ("numbers", "rmse", "pred"), ("numbers", "mae", "pred"), ("numbers", "wape", "pred"),
    ("numbers", "pinball:quantile=0.9", "pred"), ("numbers", "pinball:quantile=0.25", "pred"),
    ("numbers", "msle", "pred"), ("numbers", "poisson_deviance", "pred"), ("numbers", "tweedie_deviance:power=1.5", "pred"),
    ("numbers", "poisson_nll", "pred"), ("numbers", "max_error", "pred"), ("chances", "log_loss", "pred"),
    ("chances", "log_loss:label_smoothing=0.2", "pred"), ("chances", "brier", "pred"), ("chances", "kl_binary", "pred"),
]  # fmt: skip


@pytest.mark.parametrize("weighted", [[], ["-w", "w"]], ids=["plain", "weighted"])
@pytest.mark.parametrize("file, loss, pred", BY_COLUMN)
def test_no_other_constant_costs_less(here, parquet, request, file, loss, pred, weighted):
    file = request.getfixturevalue(file)
    found = one(here, file, "-l", loss, *weighted)["constant"]
    best = found["prediction"]
    label = TRUTH if file.startswith("chances") else LABEL
    columns = {"best": best, "less": best * 0.99, "more": best * 1.01 + 1e-9}
    parquet(
        "columns.parquet",
        {"label": label, "w": WEIGHT, **{name: np.full(ROWS, value) for name, value in columns.items()}},
    )
    words = [word for name in columns for word in ("-p", name)]
    ran = here("eval", "columns.parquet", "-l", loss, *words, *weighted, "--json")
    values = [result["value"] for result in json.loads(ran.out)["results"]]
    assert values[0] == found["value"]  # to the bit
    assert values[0] <= min(values[1:])


def test_raw_scores_have_their_constant_as_log_odds(here, parquet):
    parquet("scores.parquet", {"label": TRUTH, "pred": np.log(CHANCE / (1 - CHANCE))})
    logits = one(here, "scores.parquet", "-l", "log_loss", "--from-logits")["constant"]
    share = TRUTH.mean()
    assert logits["prediction"] == pytest.approx(np.log(share / (1 - share)), rel=1e-12)
    assert logits["value"] == pytest.approx(metrics.log_loss(TRUTH, np.full(ROWS, share)), rel=1e-12)


def test_quantile_columns_have_a_constant_each(here, parquet):
    levels = (0.1, 0.5, 0.9)
    columns = {f"q_{level}": np.quantile(LABEL, level) + np.arange(ROWS) * 1e-3 for level in levels}
    parquet("quantiles.parquet", {"label": LABEL, **columns})
    found = one(here, "quantiles.parquet", "-p", "q_*", "-l", "mean_pinball")["constant"]
    # 101 rows: the 11th, 51st and 91st smallest, of which as many lie below as the level says.
    ordered = np.sort(LABEL)
    assert found["prediction"] == {"q_0.1": ordered[10], "q_0.5": ordered[50], "q_0.9": ordered[90]}
    ends = one(here, "quantiles.parquet", "-p", "lower=q_0.1,upper=q_0.9", "-l", "interval_score:level=0.8")
    assert ends["constant"]["prediction"] == {"lower": ordered[10], "upper": ordered[90]}


def test_several_outputs_have_a_constant_each(here, text):
    text("outputs.csv", ["y_a,y_b,p_a,p_b", "1,5,1,4", "2,7,2,6", "6,9,5,8"])
    whole = one(here, "outputs.csv", "-p", "p_*", "-y", "y_*", "-l", "mse")
    assert whole["constant"]["prediction"] == {"y_a": 3.0, "y_b": 7.0}
    assert whole["constant"]["value"] == float((Fraction(14 / 3) + Fraction(8 / 3)) / 2)
    parts = run(here, "outputs.csv", "-p", "p_*", "-y", "y_*", "-l", "mse", "--average", "none")
    assert [r["constant"]["prediction"] for r in parts] == [3.0, 7.0]
    labels = one(here, "outputs.csv", "-p", "p_*", "-y", "y_*", "-l", "manhattan")
    assert labels["constant"]["prediction"] == {"p_a": 2.0, "p_b": 7.0}


# ── the same whatever the cut, the jobs, the format and the order; weights as repeats; slices by themselves ──


@pytest.mark.parametrize("how", [["--chunk-rows", "7", "--jobs", "1"], ["--jobs", "4", "--chunk-rows", "13"]])
def test_constants_do_not_depend_on_how_the_work_is_done(here, numbers, how):
    words = [numbers, "-l", "mse", "-l", "mae", "-l", "pinball:quantile=0.7", "--by", "side", "-w", "w"]
    assert run(here, *words, *how) == run(here, *words)


def test_a_weight_is_as_many_rows(here, numbers, parquet):
    repeated = {"label": np.repeat(LABEL, WEIGHT), "pred": np.repeat(PRED, WEIGHT)}
    parquet("repeated.parquet", repeated)
    losses = ["-l", "mse", "-l", "mae", "-l", "pinball:quantile=0.3", "-l", "msle", "-l", "max_error"]
    weighted = [r["constant"] for r in run(here, numbers, *losses, "-w", "w")]
    assert weighted == [r["constant"] for r in run(here, "repeated.parquet", *losses)]


def test_a_slice_has_the_constant_of_its_rows(here, numbers, parquet):
    sliced = run(here, numbers, "-l", "mse", "-l", "mae", "--by", "side")
    for name in "ab":
        here_only = name == SIDE
        parquet("slice.parquet", {"label": LABEL[here_only], "pred": PRED[here_only]})
        alone = run(here, "slice.parquet", "-l", "mse", "-l", "mae")
        assert [r["constant"] for r in sliced if r["slice"] == {"side": name}] == [
            r["constant"] for r in alone
        ]


def test_folded_slices_have_one_constant_together(here, text):
    rows = ["label,pred,s", "1,1,a", "3,2,a", "5,5,b", "7,7,c"]
    text("slices.csv", rows)
    found = run(here, "slices.csv", "-l", "mse", "--by", "s", "--min-slice", "2")
    assert [(r["slice"], r["constant"] and r["constant"]["prediction"]) for r in found] == [
        ({}, 4.0), ({"s": "a"}, 2.0), ({"s": "other"}, 6.0),
    ]  # fmt: skip


def test_a_folded_slice_of_weight_0_does_not_take_the_constant_from_the_others(here, text):
    text("slices.csv", ["label,pred,s,w", "1,1,a,1", "3,2,a,1", "5,5,b,1", "9,7,c,0"])
    found = run(here, "slices.csv", "-l", "mse", "--by", "s", "--min-slice", "2", "-w", "w", "-p", "pred")
    assert [(r["constant"]["prediction"], r["note"]) for r in found] == [
        (3.0, None),
        (2.0, None),
        (5.0, None),
    ]


def test_a_slice_called_other_has_its_own_constant_beside_those_that_are_folded(here, text):
    text("slices.csv", ["label,pred,s", "1,1,other", "3,2,other", "5,5,b", "7,7,c"])
    found = run(here, "slices.csv", "-l", "mse", "--by", "s", "--min-slice", "2")
    assert [r["constant"]["prediction"] for r in found if r["slice"]] == [2.0, 6.0]


def test_rows_that_are_left_out_do_not_count(here, text):
    text("holes.csv", ["label,pred,g", "1,1,a", "3,,a", "5,4,a", "90,1,b"])
    found = one(here, "holes.csv", "-l", "mse", "--nan", "drop", "--where", "g == 'a'")
    assert found["constant"] == {"prediction": 3.0, "value": 4.0, "skill": 1 - 0.5 / 4.0}
    (null,) = run(here, "holes.csv", "-l", "mse", "--nan", "propagate")
    assert (null["value"], null["constant"]) == (None, None)


def test_keys_pair_the_rows_of_both_readings(here, text):
    text("preds.csv", ["id,pred", "k3,3", "k1,1", "k2,4"])
    text("labels.csv", ["id,label", "k1,1", "k2,2", "k3,6"])
    found = one(here, "preds.csv", "labels.csv", "--on", "id", "-l", "mae")
    assert found["constant"] == {"prediction": 2.0, "value": 5 / 3, "skill": 0.0}


def test_standard_input_is_read_twice(losscli):
    rows = b"label,pred\n1,1\n3,2\n5,5\n"
    ran = losscli("eval", "-", "-l", "mse", "--constant", "-f", "csv", input=rows)
    assert ran.out.splitlines()[1].split(",")[:5] == ["mse", "pred", repr(1 / 3), repr(8 / 3), repr(0.875)]


# ── where there is none ──


def test_a_loss_without_a_constant_has_a_note(here, numbers):
    found = one(here, numbers, "-l", "huber")
    assert (found["constant"], found["note"]) == (None, "no best constant is worked out for it")


def test_rows_are_read_once_where_no_loss_has_a_constant(here, numbers, monkeypatch):
    run_once, plans = threads.run, []

    def noted(plan, *given, **more):
        plans.append(plan)
        return run_once(plan, *given, **more)

    monkeypatch.setattr(threads, "run", noted)
    for losses, readings in ((["huber", "log_cosh"], 1), (["huber", "mse"], 2)):
        plans.clear()
        assert len(run(here, numbers, "-l", ",".join(losses), "--by", "side")) == 6
        assert len(plans) == readings
    labels, whole = plans
    assert {view for unit in labels.units for view, _ in unit.views} == {"label"}
    # Two losses, and the constants of one: of all rows, and by slice.
    assert (len(labels.units), len(whole.units)) == (1, 4)


def test_the_lowest_row_is_refused_whatever_the_labels_hold(here, text):
    text("bad.csv", ["label,pred", "1,1", "2,-5", "-3,4"])
    ran = here("eval", "bad.csv", "-l", "msle", "--constant")
    assert (ran.code, "column `pred`, row 2" in ran.err) == (3, True)


def test_a_constant_outside_the_domain_has_a_note(here, text):
    text("zeros.csv", ["label,pred", "0,1", "0,2"])
    found = one(here, "zeros.csv", "-l", "poisson_deviance")
    assert (found["constant"], found["note"]) == (None, "the best constant, 0, is not in (0, inf)")
    text("ones.csv", ["label,pred", "1,2", "1,3"])
    found = one(here, "ones.csv", "-l", "log_loss", "--from-logits")
    assert (found["constant"], "infinite" in found["note"]) == (None, True)


def test_no_skill_where_the_constant_is_perfect_or_perfection_has_no_value(here, text):
    text("same.csv", ["label,pred", "2,1", "2,2"])
    loss, score = run(here, "same.csv", "-l", "mse", "-l", "poisson_nll")
    assert loss["constant"] == {"prediction": 2.0, "value": 0.0, "skill": None}
    assert (score["constant"]["prediction"], score["constant"]["skill"]) == (2.0, None)


def test_without_the_option_there_is_no_constant(here, numbers):
    ran = here("eval", numbers, "-l", "mse", "-l", "huber", "--json")
    assert [(r["constant"], r["note"]) for r in json.loads(ran.out)["results"]] == [(None, None)] * 2


def test_labels_of_which_a_median_is_sought_are_put_aside_beyond_memory(here, parquet):
    rows = np.arange(1_200_000, dtype=np.float64)
    parquet("long.parquet", {"label": rows, "pred": rows}, row_group_size=1 << 17)
    words = ["eval", "long.parquet", "-l", "mae", "-f", "value", "--constant"]
    words[-2:] = ["json", "--constant"]
    tight, wide = (
        json.loads(here(*words, "--memory", size).out)["results"][0] for size in ("16MiB", "64MiB")
    )
    assert tight["constant"] == wide["constant"]
    assert tight["constant"]["prediction"] == 599_999.5


def test_the_table_shows_constant_and_skill(here, text):
    text("few.csv", ["label,pred", "1,1", "3,2", "5,5"])
    table = here("eval", "few.csv", "-l", "mse", "--constant", "-f", "table").out
    assert ["loss", "value", "constant", "skill", "rows", "better"] in [
        line.split() for line in table.splitlines()
    ]
    assert "0.875" in table
    markdown = here("eval", "few.csv", "-l", "mse", "--constant", "-f", "markdown").out
    assert "| mse | 0.333333 | 2.66667 | 0.875 | 3 | lower |" in markdown


# ── the pieces ──


def test_every_constant_is_elicited_by_some_loss():
    elicited = {form.elicits for forms in catalogue().values() for form in forms}
    assert set(RECIPES) <= elicited


def test_a_constant_that_is_worked_out_is_declared_and_not_told_in_words():
    words = {str(functional) for functional in RECIPES}
    assert not [
        form.name for forms in catalogue().values() for form in forms
        if isinstance(form.elicits, str) and form.elicits in words
    ]  # fmt: skip


def test_skill_by_hand():
    assert skill(1.0, 4.0, 0.0, "lower") == 0.75
    assert skill(0.9, 0.5, 1.0, "higher") == pytest.approx(0.8, rel=1e-15)
    assert skill(8.0, 4.0, 0.0, "lower") == -1.0
    assert skill(1.0, 4.0, 0.0, "zero") is None
    assert skill(None, 4.0, 0.0, "lower") is None
    assert skill(1.0, 4.0, None, "lower") is None


def test_a_quantile_is_the_least_value_that_holds_its_share():
    state = Values.of([np.array([5.0, 1.0, 3.0, 9.0])], None)
    assert [state.quantile(Fraction(at, 8)) for at in (1, 2, 3, 4, 5, 6, 7)] == [
        1.0,
        2.0,
        3.0,
        4.0,
        5.0,
        7.0,
        9.0,
    ]
    weighted = Values.of([np.array([5.0, 1.0, 3.0])], np.array([0.25, 0.5, 0.25]))
    assert [weighted.quantile(Fraction(at, 8)) for at in (1, 4, 5, 6, 7)] == [1.0, 2.0, 3.0, 4.0, 5.0]
    halves = Values.of([np.array([5.0, 1.0])], None).merge(Values.of([np.array([3.0, 9.0])], None))
    assert halves.quantile(Fraction(1, 2)) == 4.0
