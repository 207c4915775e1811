"""Tests and intervals against SciPy and statsmodels, on three data sets: statsmodels' values are recorded.

The data sets are the repository's samples: diabetes (two regressions, and two quantiles), and breast cancer (a classifier,
and one that is slow to say yes).
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from recorded import recorded
from reports import compare_saved
from scipy import stats
from tables import table

from losscli.report.compare import compare
from losscli.report.evaluate import evaluate
from losscli.statistics.holm import holm

SAMPLES = Path(__file__).parent.parent.parent / "sample_data"


def columns(name):
    with open(SAMPLES / name, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: [row[key] for row in rows] for key in rows[0]}


def numbers(held, *names):
    return [np.array(held[name], dtype=np.float64) for name in names]


def diabetes():
    pred, linear = numbers(columns("diabetes_preds.csv"), "pred", "pred_linear")
    (label,) = numbers(columns("diabetes_labels.csv"), "label")
    return {"label": label, "a": pred, "b": linear}


def breast_cancer():
    label, prob = numbers(columns("breast_cancer.csv"), "label", "prob")
    return {"label": label, "a": prob, "b": prob**4}


def quantiles():
    label, middle, high = numbers(columns("diabetes_quantiles.csv"), "label", "q_0.5", "q_0.9")
    return {"label": label, "a": middle, "b": high}


SETS = {"diabetes": diabetes, "breast cancer": breast_cancer, "diabetes quantiles": quantiles}


@pytest.fixture(params=SETS)
def data(request):
    return request.param, SETS[request.param]()


def apart(held, power=1):
    """By how much the losses of the second model are greater, row by row."""
    return np.abs(held["b"] - held["label"]) ** power - np.abs(held["a"] - held["label"]) ** power


def classes(held):
    """Both models as classes: above or below the middle of the label."""
    middle = np.median(held["label"]) if len(set(held["label"])) > 2 else 0.5
    return {name: (column > middle).astype(int) for name, column in held.items()}


def compared(folder, held, loss, **options):
    call = {"pred": ["a", "b"], "label": "label", **options}
    return compare(table(folder, held), loss=[loss], **call).comparisons


def test_the_paired_t_test(tmp_path, data):
    name, held = data
    (found,) = compared(tmp_path, held, "mae")
    d = apart(held)

    def theirs(library):
        from statsmodels.stats.weightstats import DescrStatsW

        described = DescrStatsW(d)
        return [*described.ttest_mean()[:2], *described.tconfint_mean()]

    statistic, p_value, low, high = recorded("statsmodels", f"paired t: mae of {name}", theirs)
    assert found.worse_by / found.stderr == pytest.approx(statistic, rel=1e-9)
    assert found.p_value == pytest.approx(p_value, rel=1e-8)
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((low, high), rel=1e-9)
    peer = stats.ttest_rel(*(np.abs(held[one] - held["label"]) for one in "ba"))
    assert found.p_value == pytest.approx(peer.pvalue, rel=1e-8)


def test_mcnemars_exact_p_value_and_its_middle(tmp_path, data):
    name, held = data
    held = classes(held)
    (found,) = compared(tmp_path, held, "zero_one")
    right = [held[one] == held["label"] for one in "ab"]
    cells = [
        [int(((right[0] == one) & (right[1] == other)).sum()) for other in (True, False)]
        for one in (True, False)
    ]
    assert [found.losses, found.wins] == [cells[0][1], cells[1][0]]

    def theirs(library):
        from statsmodels.stats.contingency_tables import mcnemar

        return float(mcnemar(cells, exact=True).pvalue)

    exact = recorded("statsmodels", f"mcnemar, exact: {name}", theirs)
    few, trials = min(found.wins, found.losses), found.wins + found.losses
    # The mid-p counts half of the chance of what was seen; the exact test all of it.
    middle = exact - stats.binom.pmf(few, trials, 0.5) if found.wins != found.losses else 1.0
    assert found.p_value == pytest.approx(middle, rel=1e-9)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_wilsons_interval(tmp_path, data, level):
    name, held = data
    held = classes(held)
    (found,) = evaluate(
        table(tmp_path, held), loss=["zero_one"], pred="a", label="label", ci=f"normal:level={level}"
    ).results
    wrong, rows = int((held["a"] != held["label"]).sum()), len(held["label"])

    def theirs(library):
        from statsmodels.stats.proportion import proportion_confint

        return [float(end) for end in proportion_confint(wrong, rows, alpha=1 - level, method="wilson")]

    low, high = recorded("statsmodels", f"wilson, {level}: {name}", theirs)
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((low, high), rel=1e-9)
    peer = stats.binomtest(wrong, rows).proportion_ci(level, method="wilson")
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((peer.low, peer.high), rel=1e-9)


def test_holms_step_down(tmp_path, data):
    name, held = data
    # Five slices, by the row.
    _, *found = compared(
        tmp_path, {**held, "g": [at % 5 for at in range(len(held["label"]))]}, "mae", by=["g"]
    )
    raw = [one.p_value for one in found]

    def theirs(library):
        from statsmodels.stats.multitest import multipletests

        peers = [stats.ttest_1samp(apart(held)[at::5], 0.0).pvalue for at in range(5)]
        return multipletests(peers, method="holm")[1].tolist()

    wanted = recorded("statsmodels", f"holm: five slices of {name}", theirs)
    assert [one.p_adjusted for one in found] == pytest.approx(wanted, rel=1e-8)
    assert holm(raw) == [one.p_adjusted for one in found]


@pytest.mark.parametrize("horizon", [1, 2, 4])
@pytest.mark.parametrize("loss, power", [("mae", 1), ("mse", 2)])
def test_the_standard_error_of_diebold_and_mariano(tmp_path, data, horizon, loss, power):
    """statsmodels has no such test; its long-run variance of a mean with the truncated kernel is that of 1995."""
    name, held = data
    rows = len(held["label"])
    (found,) = compared(tmp_path, {**held, "t": range(rows)}, loss, time="t", ci=f"normal:horizon={horizon}")
    d = apart(held, power)

    def theirs(library):
        from statsmodels.regression.linear_model import OLS
        from statsmodels.stats.sandwich_covariance import weights_uniform

        options = {"maxlags": horizon - 1, "kernel": weights_uniform, "use_correction": False}
        return float(OLS(d, np.ones((rows, 1))).fit(cov_type="HAC", cov_kwds=options).bse[0])

    plain = recorded("statsmodels", f"long-run standard error, horizon {horizon}: {loss} of {name}", theirs)
    # Harvey, Leybourne & Newbold (1997), equation 9.
    correction = np.sqrt((rows + 1 - 2 * horizon + horizon * (horizon - 1) / rows) / rows)
    assert found.stderr == pytest.approx(plain / correction, rel=1e-9)
    statistic = d.mean() / plain * correction
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(statistic), rows - 1), rel=1e-8)


def test_welchs_test_of_two_saved_results(tmp_path, data, here):
    name, held = data
    path = table(tmp_path, held)
    for one in "ab":
        call = ("eval", path, "-p", one, "-y", "label", "-l", "mae", "--ci", "normal", "-q")
        assert here(*call, "-o", f"{one}.json").code == 0
    (found,) = compare_saved(str(tmp_path / "a.json"), str(tmp_path / "b.json")).comparisons
    rows = [np.abs(held[one] - held["label"]) for one in "ba"]

    def theirs(library):
        from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

        both = CompareMeans(*(DescrStatsW(column) for column in rows))
        return [*both.ttest_ind(usevar="unequal")[:2], *both.tconfint_diff(usevar="unequal")]

    statistic, p_value, low, high = recorded("statsmodels", f"welch t: mae of {name}", theirs)
    assert found.worse_by / found.stderr == pytest.approx(statistic, rel=1e-8)
    assert found.p_value == pytest.approx(p_value, rel=1e-8)
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((low, high), rel=1e-8)
    assert found.p_value == pytest.approx(stats.ttest_ind(*rows, equal_var=False).pvalue, rel=1e-8)
