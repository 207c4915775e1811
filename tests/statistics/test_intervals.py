"""Standard errors and intervals: values from NumPy, SciPy and by hand, and the same bits however rows are read."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from draws import draw, forms, generator, kept, own_params, row_params, title, usual_params
from scipy import stats
from tables import table

from losscli.errors import UsageError
from losscli.numbers.sums import Sums
from losscli.report.evaluate import evaluate
from losscli.report.finish import finish, rounded
from losscli.statistics.distributions import (
    beta_share,
    mcnemar_mid_p,
    normal_quantile,
    t_quantile,
    t_upper,
    wilson,
)
from losscli.statistics.intervals import IntervalSpec, estimate
from losscli.statistics.spread import Spread

NEAR = 1e-12  # a few roundings of the peer's own sums over a few hundred rows


@pytest.fixture
def drawn():
    rng = np.random.default_rng(7)
    label = rng.normal(10, 2, 300)
    return {
        "label": label.tolist(), "pred": (label + rng.standard_t(5, 300)).tolist(),
        "w": rng.integers(1, 5, 300).tolist(), "g": rng.choice(["a", "b"], 300).tolist(),
    }  # fmt: skip


def measured(folder, columns, *losses, ci="normal", **options):
    return evaluate(table(folder, columns), loss=losses, pred="pred", label="label", ci=ci, **options).results


def test_the_standard_error_of_a_mean_is_that_of_numpy(tmp_path, drawn):
    (found,) = measured(tmp_path, drawn, "mae")
    rows = np.abs(np.array(drawn["pred"]) - np.array(drawn["label"]))
    assert found.stderr == pytest.approx(rows.std(ddof=1) / math.sqrt(len(rows)), rel=NEAR)
    peer = stats.t.interval(0.95, len(rows) - 1, rows.mean(), stats.sem(rows))
    assert (found.ci["low"], found.ci["high"]) == pytest.approx(peer, rel=NEAR)
    assert (found.ci["level"], found.ci["method"]) == (0.95, "normal")


def test_a_row_of_any_weight_is_one_observation(tmp_path, drawn):
    (found,) = measured(tmp_path, drawn, "mse", weight="w")
    w = np.array(drawn["w"])
    rows = (np.array(drawn["pred"]) - np.array(drawn["label"])) ** 2
    mean = (w * rows).sum() / w.sum()
    n = len(rows)
    by_hand = math.sqrt(n / (n - 1) * (w**2 * (rows - mean) ** 2).sum()) / w.sum()
    assert found.stderr == pytest.approx(by_hand, rel=NEAR)


def test_a_function_of_one_mean_goes_by_its_slope(tmp_path, drawn):
    mse, rmse = measured(tmp_path, drawn, "mse", "rmse")
    # d√m = dm / (2√m)
    assert rmse.stderr == pytest.approx(mse.stderr / (2 * rmse.value), rel=NEAR)


def test_a_ratio_of_means_knows_how_its_terms_vary_together(tmp_path, drawn):
    (found,) = measured(tmp_path, drawn, "wape")
    label, pred = np.array(drawn["label"]), np.array(drawn["pred"])
    rows = np.abs(pred - label) - found.value * np.abs(label)
    spread = math.sqrt((rows**2).sum() * 300 / 299)
    assert found.stderr == pytest.approx(spread / np.abs(label).sum(), rel=NEAR)


@pytest.mark.parametrize("wrong, rows", [(0, 20), (1, 20), (7, 60), (60, 60)])
def test_the_interval_of_a_rate_is_wilsons(tmp_path, wrong, rows):
    columns = {"label": [1] * rows, "pred": [0] * wrong + [1] * (rows - wrong)}
    (found,) = measured(tmp_path, columns, "zero_one")
    peer = stats.binomtest(wrong, rows).proportion_ci(0.95, method="wilson")
    assert found.ci["method"] == "wilson"
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((peer.low, peer.high), rel=1e-12, abs=1e-15)


def test_labels_far_from_zero_lose_no_digit_of_the_spread(tmp_path):
    # Rows 1e8 and 1e8 + 1: the squares of the rows need 54 bits.
    columns = {"label": [0, 0, 0, 0], "pred": [10**8, 10**8 + 1, 10**8, 10**8]}
    (found,) = measured(tmp_path, columns, "mae")
    # one of four deviates by 3/4, three by 1/4: Σd² = 3/4, over n (n − 1) = 12
    assert found.stderr == 0.25


@pytest.mark.parametrize("options", [{"chunk_rows": 1}, {"chunk_rows": 7, "jobs": 3}, {"jobs": 2}])
@pytest.mark.parametrize("weight", [None, "w"])
def test_intervals_are_the_same_bits_however_the_rows_are_cut(tmp_path, drawn, options, weight):
    losses = ("mae", "rmse", "wape")
    once = measured(tmp_path, drawn, *losses, weight=weight, by=["g"])
    again = measured(tmp_path, drawn, *losses, weight=weight, by=["g"], **options)
    assert [(r.stderr, r.ci, r.note) for r in once] == [(r.stderr, r.ci, r.note) for r in again]


def test_the_interval_of_a_slice_is_that_of_its_rows_alone(tmp_path, drawn):
    whole = measured(tmp_path, drawn, "rmse", weight="w", by=["g"])
    (alone,) = measured(tmp_path, drawn, "rmse", weight="w", where="g == 'a'")
    (found,) = (r for r in whole if r.slice == {"g": "a"})
    assert (found.stderr, found.ci) == (alone.stderr, alone.ci)


def test_folded_slices_are_one_slice(tmp_path, drawn):
    found = measured(tmp_path, drawn, "mae", by=["g"], min_slice=1000)
    assert found[0].ci == found[1].ci


def test_a_loss_that_is_no_function_of_means_has_no_interval_and_says_so(tmp_path, drawn):
    (found,) = measured(tmp_path, drawn, "r2")
    assert (found.stderr, found.ci) == (None, None)
    assert "no function of means" in found.note


def test_an_average_of_outputs_has_none_and_each_output_has_its_own(tmp_path):
    path = table(tmp_path, {"y_a": [1, 2, 4], "y_b": [3, 4, 9], "p_a": [1, 3, 4], "p_b": [3, 3, 3]})
    options = {"loss": ["rmse"], "pred": "p_a,p_b", "label": "y_a,y_b", "ci": "normal"}
    (whole,) = evaluate(path, **options).results
    assert whole.ci is None
    assert "average" in whole.note
    assert all(part.ci is not None for part in evaluate(path, **options, average="none").results)


def test_one_row_that_holds_far_more_than_its_share_of_the_deviations_makes_a_heavy_tail(tmp_path):
    even = {"label": [0.0] * 200, "pred": [1.0, 2.0] * 100}
    (found,) = measured(tmp_path, even, "mae")
    assert found.note is None
    (found,) = measured(tmp_path, {**even, "pred": [50.0, *even["pred"][1:]]}, "mae")
    assert found.note == "heavy tail"


def test_one_row_has_a_value_and_no_interval(tmp_path):
    (found,) = measured(tmp_path, {"label": [1.0], "pred": [2.0]}, "mae")
    assert (found.value, found.stderr, found.ci) == (1.0, None, None)
    assert "one row" in found.note


def test_a_spread_beyond_doubles_is_no_interval(tmp_path):
    # Both squares are infinite as doubles; the standard error of ±1e300 is not.
    (found,) = measured(tmp_path, {"label": [0, 0], "pred": [1e300, 3e300]}, "mae")
    assert found.stderr == pytest.approx(1e300, rel=NEAR)
    # 12.7 of them lie on either side, which is no double of 1e308
    (found,) = measured(tmp_path, {"label": [0, 0], "pred": [1e307, 1.5e308]}, "mae")
    assert (found.ci, found.note) == (None, "no interval: its ends exceed the largest double")


@pytest.mark.parametrize(
    "text, level", [("none", None), ("normal", 0.95), ("normal:level=0.9", 0.9), ("NORMAL", 0.95)]
)
def test_an_interval_is_asked_for_in_the_one_grammar(text, level):
    spec = IntervalSpec.parse(text)
    assert (spec and spec.level) == level


@pytest.mark.parametrize(
    "text", ["usual", "normal:level=1", "normal:level=x", "normal:seed=1", "none:level=0.9"]
)
def test_what_is_no_interval_is_a_usage_error(text):
    with pytest.raises(UsageError):
        IntervalSpec.parse(text)


def test_the_command_line_shows_intervals_in_csv_and_json(here, tmp_path, drawn):
    path = table(tmp_path, drawn)
    call = ("eval", path, "-p", "pred", "-y", "label", "-l", "mae", "--ci", "normal:level=0.9")
    (held,) = json.loads(here(*call, "--json").out)["results"]
    heads, row = (line.split(",") for line in here(*call).out.splitlines())
    found = dict(zip(heads, row, strict=True))
    assert float(found["low"]) == held["ci"]["low"]
    assert float(found["stderr"]) == held["stderr"]
    assert held["ci"]["level"] == 0.9
    assert "90% in [" in here(*call, "-f", "markdown").out.replace("\\", "")


def test_a_gate_that_looks_at_intervals_turns_them_on(here, tmp_path, drawn):
    path = table(tmp_path, drawn)
    (tmp_path / "gates.toml").write_text('[[gates]]\nloss = "mae"\nmax = 100\ninconclusive = "fail"\n')
    ran = here(
        "eval",
        path,
        "-p",
        "pred",
        "-y",
        "label",
        "-l",
        "mae",
        "--json",
        "--config",
        str(tmp_path / "gates.toml"),
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["results"][0]["ci"]["method"] == "normal"


# ── the distributions, against SciPy ──


@pytest.mark.parametrize("freedom", [1, 2, 5, 30, 999, 10**5, 10**7])
@pytest.mark.parametrize("t", [-4.0, -0.3, 0.0, 0.7, 2.0, 6.5, 30.0])
def test_students_t_is_that_of_scipy(t, freedom):
    # lgamma of 10^5 is 10^6, of which one rounding is 1e-10
    assert t_upper(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-9)


@pytest.mark.parametrize("freedom", [1, 3, 50, 10**4, 10**7])
@pytest.mark.parametrize("chance", [0.8, 0.95, 0.975, 0.9995])
def test_quantiles_are_those_of_scipy(chance, freedom):
    assert t_quantile(chance, freedom) == pytest.approx(stats.t.ppf(chance, freedom), rel=1e-9)
    assert normal_quantile(chance) == pytest.approx(stats.norm.ppf(chance), rel=1e-12)


@pytest.mark.parametrize("x, a, b", [(0.0, 1, 2), (0.2, 0.5, 3.5), (0.9, 4, 0.5), (1.0, 2, 2)])
def test_the_incomplete_beta_function_is_that_of_scipy(x, a, b):
    assert beta_share(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("one, other", [(0, 0), (5, 5), (0, 7), (3, 12), (120, 160), (1000, 1100)])
def test_mcnemars_mid_p_counts_half_of_what_was_seen(one, other):
    law = stats.binom(one + other, 0.5)
    peer = 1.0 if one == other else 2 * law.cdf(min(one, other)) - law.pmf(min(one, other))
    assert mcnemar_mid_p(one, other) == pytest.approx(peer, rel=1e-9)


def test_mcnemars_mid_p_of_very_many_rows_goes_over_without_a_step():
    law = stats.binom(1_000_010, 0.5)
    peer = 2 * law.cdf(499_000) - law.pmf(499_000)
    assert mcnemar_mid_p(499_000, 501_010) == pytest.approx(
        peer, rel=1e-4
    )  # an error of order 1/n, scaled by z^4


def test_wilsons_interval_of_no_case_begins_at_zero():
    assert wilson(0.0, 10, 0.95)[0] == 0.0
    assert wilson(1.0, 10, 0.95)[1] == 1.0


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("method", ["normal", "bootstrap"])
def test_the_bench_of_coverage_runs(method):
    path = Path(__file__).parent.parent / "bench" / "coverage.py"
    spec = importlib.util.spec_from_file_location("coverage_of_intervals", path)
    bench = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = bench
    spec.loader.exec_module(bench)
    shares = bench.coverage(rows=200, draws=30, seed=1, method=method)
    assert set(shares) == set(bench.CASES)
    # 30 draws of 95 %: fewer than 23 would be five standard deviations away
    assert all(share > 0.75 for share in shares.values())


# ── every loss ──


SUMMED = [form for form in forms() if form.state == "sums"]


@pytest.mark.parametrize("loss", SUMMED, ids=title)
@pytest.mark.parametrize(
    "ends, weighted",
    [
        (False, True),
        (True, False),
        pytest.param(False, False, marks=pytest.mark.run_all),
        pytest.param(True, True, marks=pytest.mark.run_all),
    ],
)
def test_every_function_of_means_has_an_interval_around_its_value_or_says_why_not(loss, ends, weighted):
    rng, params = generator(loss, "intervals"), usual_params(loss)
    for rows in (2, 40):
        roles = kept(loss, draw(loss, params, rng, rows, ends=ends), params)
        found = loss.measure_rows(roles, row_params(loss, params, roles))
        columns = found if isinstance(found, tuple) else (found,)
        if not len(columns[0]) or not all(np.isfinite(column).all() for column in columns):
            continue
        weight = rng.integers(1, 9, len(columns[0])).astype(float) if weighted else None
        state = Sums.of(columns, weight)
        value, _ = rounded(finish(loss, own_params(loss, params, roles), state, str))
        if value is None:
            continue
        held = estimate(
            loss,
            own_params(loss, params, roles),
            value,
            state,
            Spread.of(columns, weight),
            IntervalSpec("normal"),
        )
        if held.ci is None:
            assert held.note.startswith("no interval: ")
        else:
            assert held.ci["low"] <= value <= held.ci["high"]
            assert held.stderr >= 0.0


@pytest.mark.parametrize("loss", [f for f in SUMMED if f.rate], ids=title)
def test_the_rows_of_a_rate_are_0_or_1(loss):
    rng, params = generator(loss, "rates"), usual_params(loss)
    roles = draw(loss, params, rng, 200)
    rows = loss.measure_rows(roles, row_params(loss, params, roles))
    assert set(np.unique(rows)) <= {0.0, 1.0}


def test_the_mean_of_an_expression_has_the_interval_of_the_loss_that_it_spells_out(tmp_path):
    draw = np.random.default_rng(5)
    rows = "".join(f"{a!r},{b!r},{w!r}\n" for a, b, w in draw.uniform(0.0, 4.0, (50, 3)).tolist())
    (tmp_path / "t.csv").write_text("pred,label,w\n" + rows)
    for weight in (None, "w"):
        report = evaluate(
            str(tmp_path / "t.csv"), loss=["mae", "expr:abs(pred - label)"], weight=weight, ci="normal"
        )
        named, spelled = report.results
        assert spelled.ci == named.ci
        assert named.ci is not None
