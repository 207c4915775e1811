"""Intervals, verdicts and gates of few rows, and changes that lie on their limit: values from SciPy and by hand."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from reports import report, result
from scipy import stats
from tables import table

from losscli.errors import UsageError
from losscli.loss.declare import MARK
from losscli.losses.regression import mae, rmse
from losscli.numbers.exact import decimal
from losscli.numbers.sums import Sums
from losscli.report.baseline import Baseline
from losscli.report.compare import compare
from losscli.report.evaluate import evaluate
from losscli.report.gates import Gate
from losscli.report.limits import Limit
from losscli.report.worse_by import exact_change
from losscli.show.lines import change_text
from losscli.statistics.intervals import IntervalSpec, estimate
from losscli.statistics.spread import Spread, greatest_share

NEAR = 1e-12


def measured(folder, columns, loss="mae", ci="normal", **options):
    return evaluate(table(folder, columns), loss=[loss], pred="pred", label="label", ci=ci, **options).results


def rows_of(values, **more):
    return {"label": [0.0] * len(values), "pred": values, **more}


# ── Student's t ──


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, 2.0, 4.0], [0.5, 0.25, 3.0, 8.0, 1.0]])
def test_the_interval_of_few_rows_is_that_of_scipys_t(tmp_path, values, level):
    (found,) = measured(tmp_path, rows_of(values), ci=f"normal:level={level}")
    peer = stats.t.interval(level, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.ci["low"], found.ci["high"]) == pytest.approx(peer, rel=1e-9)
    assert found.stderr == pytest.approx(stats.sem(values), rel=NEAR)


def test_eval_and_compare_say_the_same_of_one_mean(tmp_path):
    # Against a base without error the difference is the loss itself.
    path = table(tmp_path, {"label": [0.0] * 4, "a": [0.0] * 4, "b": [1.0, 2.0, 3.0, 5.0]})
    (one,) = evaluate(path, loss=["mae"], label="label", pred="b", ci="normal").results
    (other,) = compare(path, loss=["mae"], label="label", pred=["a", "b"]).comparisons
    assert (one.stderr, one.ci["low"], one.ci["high"]) == (other.stderr, other.ci["low"], other.ci["high"])


def test_a_row_of_weight_0_is_no_observation(tmp_path):
    (whole,) = measured(tmp_path, rows_of([1.0, 2.0, 4.0, 9.0], w=[1, 2, 3, 0]), weight="w")
    (without,) = measured(tmp_path, rows_of([1.0, 2.0, 4.0], w=[1, 2, 3]), weight="w")
    assert (whole.stderr, whole.ci) == (without.stderr, without.ci)
    # n/(n−1) · Σw²(l−m)²/W² with m = 17/6: 3/2 · (1·(11/6)² + 4·(5/6)² + 9·(7/6)²) / 36
    by_hand = Fraction(3, 2) * (Fraction(121, 36) + Fraction(100, 36) + Fraction(441, 36)) / 36
    assert whole.stderr == pytest.approx(math.sqrt(by_hand), rel=NEAR)
    (one,) = measured(tmp_path, rows_of([1.0, 2.0], w=[1, 0]), weight="w")
    assert (one.stderr, one.ci, one.note) == (None, None, "no interval: one row tells nothing of the spread")


def test_slices_of_few_rows_have_the_freedom_of_their_own_rows(tmp_path):
    columns = rows_of([1.0, 2.0, 3.0, 5.0, 9.0], g=["a", "a", "b", "b", "b"])
    found = {r.slice.get("g"): r for r in measured(tmp_path, columns, by=["g"])}
    for name, values in (("a", [1.0, 2.0]), ("b", [3.0, 5.0, 9.0])):
        peer = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert (found[name].ci["low"], found[name].ci["high"]) == pytest.approx(peer, rel=1e-9)


@pytest.mark.parametrize("rows", [2, 5, 10, 20])
def test_the_interval_of_normal_rows_covers_their_mean_as_often_as_it_says(rows):
    draws = np.random.default_rng(18).normal(10.0, 2.0, (2000, rows))
    loss, spec, inside = getattr(mae, MARK), IntervalSpec("normal"), 0
    for row in draws:
        state = Sums.of([row], None)
        ci = estimate(loss, {}, float(row.mean()), state, Spread.of([row], None), spec).ci
        inside += ci["low"] <= 10.0 <= ci["high"]
    # 2,000 draws of 95 %: two points are four standard deviations
    assert 0.93 <= inside / len(draws) <= 0.97


@pytest.mark.parametrize("unit", [1e-150, 1e-9, 1.0, 3e8, 1e150])
@pytest.mark.parametrize("rows", [2, 7, 300])
def test_the_standard_error_of_rmse_holds_twelve_digits_in_any_unit(rows, unit):
    errors = np.random.default_rng(rows).normal(0.0, unit, rows)
    squares = errors * errors
    state = Sums.of([squares], None)
    loss = getattr(rmse, MARK)
    found = estimate(
        loss, {}, math.sqrt(float(state.means[0])), state, Spread.of([squares], None), IntervalSpec("normal")
    )
    with mpmath.workdps(60):
        held = [mpmath.mpf(square) for square in squares.tolist()]
        mean = mpmath.fsum(held) / rows
        spread = mpmath.fsum((square - mean) ** 2 for square in held) / (rows - 1) / rows
        wanted = mpmath.sqrt(spread) / (2 * mpmath.sqrt(mean))
        assert abs(found.stderr / wanted - 1) < 1e-12


def test_a_kink_within_the_widest_step_does_not_bend_the_slope(tmp_path):
    # The share below the level 0.9 is 451/500 = 0.902: the slope of |share − 0.9| turns 0.2 % away.
    columns = {"label": [0.0] * 451 + [2.0] * 49, "q_0.1": [-1.0] * 500, "q_0.9": [1.0] * 500}
    (found,) = evaluate(
        table(tmp_path, columns), loss=["calib_mae"], pred="q_*", label="label", ci="normal"
    ).results
    # the mean over the two levels, of which one does not vary
    assert found.stderr == pytest.approx(stats.sem(np.array([1.0] * 451 + [0.0] * 49)) / 2, rel=NEAR)


# ── gates that look at intervals ──


def judged(report, *limits):
    return Gate(limits, None).judge(report).gate["limits"]


def test_two_rows_are_no_sure_failure_of_a_gate(tmp_path):
    path = table(tmp_path, rows_of([1.0, 1.2]))
    report = evaluate(path, loss=["mae"], pred="pred", label="label", ci="normal")
    # 1.1 ± 12.7 · 0.1: z would give 1.1 ± 0.196, all of it above 0.9.
    for inconclusive in ("pass", "fail"):
        (found,) = judged(report, Limit.of("mae", "max", 0.9, inconclusive=inconclusive))
        assert found["passed"] == (inconclusive == "pass")
        assert "not conclusive" in found["reason"]


def test_a_gate_on_one_row_says_that_there_is_no_interval(tmp_path):
    report = evaluate(table(tmp_path, rows_of([1.0])), loss=["mae"], pred="pred", label="label", ci="normal")
    (found,) = judged(report, Limit.of("mae", "max", 2.0, inconclusive="pass"))
    assert not found["passed"]
    assert "one row tells nothing of the spread" in found["reason"]


def test_few_rows_under_the_bootstrap_are_no_sure_failure_of_a_gate(tmp_path):
    path = table(tmp_path, rows_of([1.0, 1.1, 1.2]))
    report = evaluate(path, loss=["mae"], pred="pred", label="label", ci="bootstrap")
    (found,) = judged(report, Limit.of("mae", "max", 0.9, inconclusive="pass"))
    assert found["passed"]
    assert "too few" in found["reason"]


def test_holms_correction_of_few_rows_goes_by_t(tmp_path):
    # Two slices of 3 rows: t = 6 of two degrees has the one-sided p 0.0133, times 2 it is above 0.025;
    # a normal law through the same end of the interval would give 0.003.
    values = [6.0 - math.sqrt(3.0), 6.0, 6.0 + math.sqrt(3.0)]
    columns = rows_of(values * 2, g=["a"] * 3 + ["b"] * 3)
    path = table(tmp_path, columns)
    report = evaluate(path, loss=["mae"], pred="pred", label="label", ci="normal", by=["g"])
    assert 0.0125 < stats.t.sf(6.0, 2) < 0.025
    plain, corrected = (
        judged(report, Limit.of("mae", "max", 0.0, slice="*", inconclusive="pass", correction=correction))
        for correction in (None, "holm")
    )
    assert [v["passed"] for v in plain] == [False, False]
    assert [v["passed"] for v in corrected] == [True, True]


# ── comparisons by the bootstrap ──


def fought(folder, base, head, ci="bootstrap", loss="mae", **options):
    columns = {"label": [0.0] * len(base), "a": base, "b": head, **options.pop("columns", {})}
    (found, *slices) = compare(
        table(folder, columns), loss=[loss], label="label", pred=["a", "b"], ci=ci, **options
    ).comparisons
    return (found, *slices) if slices else found


@pytest.mark.parametrize("rows", [2, 3, 4, 5])
def test_too_few_rows_for_a_verdict_are_inconclusive_and_say_so(tmp_path, rows):
    found = fought(tmp_path, [1.0] * rows, [2.0 + at for at in range(rows)])
    assert found.verdict == "inconclusive"
    assert found.ci is None
    assert f"{rows} rows or clusters are too few for a verdict of 95%" in found.note
    # All of 2ⁿ flips but two differ by less: p is 2¹⁻ⁿ up to the 1999 draws
    assert found.p_value == pytest.approx(2.0 ** (1 - rows), abs=0.05)


def test_six_rows_are_enough_for_a_verdict_and_three_at_a_lower_level(tmp_path):
    assert fought(tmp_path, [1.0] * 6, [2.0, 3.0, 4.0, 2.5, 3.5, 4.5]).verdict == "worse"
    assert fought(tmp_path, [1.0] * 3, [2.0, 3.0, 4.0], ci="bootstrap:level=0.6").verdict == "worse"


def test_a_verdict_is_never_surer_than_its_own_p_value(tmp_path):
    draws = np.random.default_rng(19)
    for rows in (6, 7, 8, 10, 14):
        for _ in range(4):
            base, head = draws.exponential(1.0, rows), draws.exponential(1.8, rows)
            found = fought(tmp_path, base.tolist(), head.tolist())
            if found.verdict in ("better", "worse"):
                assert found.p_value <= 0.05
                assert found.verdict == ("worse" if found.worse_by > 0 else "better")
            elif found.p_value <= 0.05:
                assert "the p-value shows a difference, and the interval does not" in found.note


def test_a_verdict_on_rates_is_never_surer_than_mcnemars_p_value(tmp_path):
    # 10 rows of 40 are wrong with HEAD only and 2 with BASE only: the mid-p is 0.0225; of 8 and 2 it is 0.065
    for wrong, verdict in ((10, "worse"), (8, "inconclusive")):
        base, head = [0] * 40, [0] * 40
        head[:wrong], base[wrong : wrong + 2] = [1] * wrong, [1] * 2
        columns = {"label": [0] * 40, "a": base, "b": head}
        (found,) = compare(
            table(tmp_path, columns), loss=["zero_one"], label="label", pred=["a", "b"]
        ).comparisons
        assert found.test == "mcnemar mid-p"
        assert (found.verdict, found.p_value <= 0.05) == (verdict, verdict == "worse")


def test_up_to_4096_rows_each_is_its_own_group(tmp_path):
    # The standard error of the resamples of n rows is √((n−1)/n) of the sample's own; of 256 groups it would
    # miss by one in 22 (1 / √512).
    values = np.random.default_rng(4).exponential(1.0, 4096)
    (found,) = measured(tmp_path, rows_of(values.tolist()), ci="bootstrap")
    # 1999 resamples: one in 63
    assert found.stderr == pytest.approx(stats.sem(values), rel=0.06)
    rows = np.random.default_rng(5).permutation(40).astype(float)
    (few,) = measured(tmp_path, rows_of(rows.tolist()), ci="bootstrap")
    assert few.note is None, "40 rows are 40 groups, of which none falls together with another"
    assert few.stderr == pytest.approx(rows.std() / math.sqrt(40), rel=0.06)


@pytest.mark.usefixtures("few_resamples")
def test_more_rows_are_dealt_into_groups_whatever_the_blocks_and_threads(tmp_path):
    values = np.random.default_rng(6).exponential(1.0, 4200).tolist()
    columns = rows_of(values, g=["a", "b", "c"] * 1400)
    wanted = [(r.stderr, r.ci) for r in measured(tmp_path, columns, ci="bootstrap", by=["g"])]
    for options in ({"chunk_rows": 100}, {"chunk_rows": 700, "jobs": 3}):
        found = measured(tmp_path, columns, ci="bootstrap", by=["g"], **options)
        assert [(r.stderr, r.ci) for r in found] == wanted


def test_each_of_few_clusters_is_its_own_group(tmp_path):
    # 30 clusters of 3 equal rows say what 30 rows say: the draws differ, the law does not.
    values = np.random.default_rng(7).exponential(1.0, 30)
    columns = rows_of(np.repeat(values, 3).tolist(), c=[f"c{at}" for at in range(30) for _ in range(3)])
    (found,) = measured(tmp_path, columns, ci="bootstrap:cluster=c")
    assert found.stderr == pytest.approx(values.std() / math.sqrt(30), rel=0.07)
    assert found.note is None


def test_a_row_of_weight_0_is_no_group(tmp_path):
    base, head = [1.0] * 9, [2.0, 3.0, 1.5, 2.5, 1.0, 4.0, 3.0, 9.0, 9.0]
    weights = [1.0] * 7 + [0.0] * 2
    found = fought(tmp_path, base, head, weight="w", columns={"w": weights})
    without = fought(tmp_path, base[:7], head[:7], weight="w", columns={"w": weights[:7]})
    assert (found.stderr, found.ci, found.p_value) == (without.stderr, without.ci, without.p_value)


# ── heavy tails ──


def test_ordinary_rows_of_any_number_have_no_heavy_tail():
    draws = np.random.default_rng(22)
    kinds = {
        "squares of normal errors": lambda n: draws.normal(size=n) ** 2,
        "exponential": lambda n: draws.exponential(size=n),
        "absolute normal errors": lambda n: np.abs(draws.normal(size=n)),
    }
    for (_name, rows), n in itertools.product(kinds.items(), (2, 5, 12, 40, 200, 3000)):
        flagged = 0
        for _ in range(100):
            apart = (held := rows(n)) - held.mean()
            flagged += (apart**2).max() / (apart**2).sum() > greatest_share(n)
        assert flagged <= 5  # of 1 % at most, up to 5 of 100


@pytest.mark.parametrize(
    "rows, far, note",
    [
        (5, 1e6, None),  # of five rows one always holds much
        (40, 5.0, None),
        (40, 50.0, "heavy tail"),
        (1000, 50.0, "heavy tail"),
    ],
)
def test_a_wild_row_among_even_ones_is_a_heavy_tail_from_a_dozen_rows_on(tmp_path, rows, far, note):
    values = [1.0, 2.0] * (rows // 2) + [1.5] * (rows % 2)
    (found,) = measured(tmp_path, rows_of([far, *values[1:]]))
    assert found.note == note


# ── changes in the shortest decimals ──


@pytest.mark.parametrize(
    "better, base, head, limit, passed",
    [
        ("higher", 0.8, 0.6, "0.2", True),
        ("higher", 0.8, 0.6, "0.19999999999999998", False),
        ("higher", 0.8, 0.6, "25%", True),
        ("higher", 0.8, 0.6, "24.9%", False),
        ("lower", 0.1, 0.3, "0.2", True),
        ("lower", 0.1, 0.3, "200%", True),
        ("lower", 1.1, 1.21, "10%", True),
        ("lower", 1.1, 1.2100000000000002, "10%", False),
        ("lower", 0.7, 0.7 + 2**-53, "0", False),
        ("zero", -0.1, 0.3, "0.2", True),
        ("zero", 0.1, -0.3, "0.2", True),
        ("lower", 1e-320, 3e-320, "2e-320", True),
        ("lower", -1.7e308, 1.7e308, "1e308", False),
    ],
)
def test_a_change_is_judged_in_the_decimals_of_both_values(better, base, head, limit, passed):
    baseline = Baseline(report(result(base, "mae", better=better)))
    gate = Gate((Limit.of("mae", "max_regression", limit),), baseline)
    (found,) = gate.judge(report(result(head, "mae", better=better))).gate["limits"]
    assert found["passed"] == passed, found["reason"]


def test_check_judges_a_saved_change_in_decimals(here, tmp_path):
    for name, pred in (("base", 0.8), ("head", 1.0)):
        table(tmp_path, rows_of([pred, pred]), f"{name}.csv")
        call = ("eval", str(tmp_path / f"{name}.csv"), "-y", "label", "-p", "pred", "-l", "mae", "--json")
        (tmp_path / f"{name}.json").write_text(here(*call).out)
    for limit, code in (("0.2", 0), ("25%", 0), ("0.19", 1)):
        call = ("check", str(tmp_path / "head.json"), "--baseline", str(tmp_path / "base.json"))
        assert here(*call, "--max-regression", f"mae={limit}").code == code
    saved = json.loads(
        here("compare", str(tmp_path / "base.json"), str(tmp_path / "head.json"), "--json").out
    )
    assert saved["comparisons"][0]["worse_by"] == 0.2


@pytest.mark.parametrize("ci", ["normal", "bootstrap"])
def test_a_difference_as_large_as_the_margin_is_not_beyond_it(tmp_path, ci):
    found = fought(tmp_path, [0.6] * 8, [0.8] * 8, ci=ci, margin=0.2)
    assert (found.worse_by, found.verdict) == (0.2, "same")
    found = fought(tmp_path, [0.6] * 8, [0.8] * 8, ci=ci, margin=0.19)
    assert found.verdict == "worse"


@pytest.mark.parametrize(
    "base, head, wanted",
    [
        (Fraction(0.8), Fraction(0.6), "-0.2"),
        (Fraction(4, 3), Fraction(17, 6), "1.5"),
        (Fraction(10**16), Fraction(10**16) + Fraction(1, 4), "0.25"),  # the doubles are one and the same
    ],
)
def test_a_difference_of_means_is_the_shorter_of_what_it_may_be(base, head, wanted):
    assert float(exact_change("lower", base, head)) == float(wanted)


@pytest.mark.parametrize(
    "value, before, text",
    [
        (0.6, 0.8, "-0.2 (-25%)"), (0.8, 0.8, "same"), (1.0 + 2**-52, 1.0, "+2e-16 (+2e-14%)"),
        (1.7e308, -1.7e308, "–"), (1.0, 0.0, "+1"), (None, 1.0, "–"), (1.0, 5e-324, "+1"),
    ],
)  # fmt: skip
def test_a_change_is_shown_in_decimals(value, before, text):
    assert change_text(value, before) == text


def test_decimals_keep_the_order_of_doubles():
    values = np.random.default_rng(24).normal(size=200)
    ends = sorted([*values.tolist(), *np.nextafter(values, 9).tolist()])
    assert sorted(ends, key=decimal) == ends


def test_a_limit_that_is_no_number_is_still_refused():
    with pytest.raises(UsageError):
        Limit.of("mae", "max", "0.2.1")
