"""`losscli compare`: differences against SciPy, verdicts, slices, files and exit codes."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest
from bca import bca
from scipy import stats
from tables import COMPARED, table, two_models

from losscli.errors import DataError, UsageError
from losscli.report.compare import compare
from losscli.report.comparison import Comparison


def compared(folder, columns, *losses, pred=("a", "b"), label="label", **options):
    return compare(table(folder, columns), loss=losses, pred=pred, label=label, **options).comparisons


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_paired_t_test_is_that_of_scipy(tmp_path, seed):
    d = two_models(seed)
    (found,) = compared(tmp_path, d, "mae")
    rows = [np.abs(d[name] - d["label"]) for name in ("b", "a")]
    peer = stats.ttest_rel(*rows)
    ends = peer.confidence_interval(0.95)
    assert found.worse_by == pytest.approx((rows[0] - rows[1]).mean(), rel=1e-12)
    assert found.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert (found.wins, found.losses) == ((rows[0] < rows[1]).sum(), (rows[0] > rows[1]).sum())
    assert found.test == "paired t"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_rates_the_p_value_is_mcnemars(tmp_path, seed):
    d = two_models(seed)
    (found,) = compared(tmp_path, d, "zero_one", pred=("ca", "cb"), label="k")
    wins = int(((d["ca"] != d["k"]) & (d["cb"] == d["k"])).sum())
    losses = int(((d["ca"] == d["k"]) & (d["cb"] != d["k"])).sum())
    law = stats.binom(wins + losses, 0.5)
    peer = min(1.0, 2 * law.cdf(min(wins, losses)) - law.pmf(min(wins, losses)))
    assert (found.wins, found.losses, found.ties) == (wins, losses, 240 - wins - losses)
    assert found.test == "mcnemar mid-p"
    assert found.p_value == pytest.approx(1.0 if wins == losses else peer, rel=1e-9)


def test_a_root_of_means_goes_by_both_slopes(tmp_path):
    d = two_models(5)
    (found,) = compared(tmp_path, d, "rmse")
    a, b = ((d[name] - d["label"]) ** 2 for name in ("a", "b"))
    influence = b / (2 * np.sqrt(b.mean())) - a / (2 * np.sqrt(a.mean()))
    # The slopes are followed over 2^-20 of the means: to about 1e-10, more where they cancel.
    assert found.stderr == pytest.approx(influence.std(ddof=1) / np.sqrt(240), rel=1e-8)


def test_weights_of_one_change_nothing_and_a_weighted_row_is_one_observation(tmp_path):
    d = two_models(6)
    (plain,) = compared(tmp_path, d, "mae")
    (ones,) = compared(tmp_path, {**d, "w": [1] * 240}, "mae", weight="w")
    assert (plain.worse_by, plain.ci, plain.p_value) == (ones.worse_by, ones.ci, ones.p_value)
    (found,) = compared(tmp_path, d, "mae", weight="w")
    rows = np.abs(d["b"] - d["label"]) - np.abs(d["a"] - d["label"])
    mean = (d["w"] * rows).sum() / d["w"].sum()
    error = np.sqrt((d["w"] ** 2 * (rows - mean) ** 2).sum() * 240 / 239) / d["w"].sum()
    assert found.stderr == pytest.approx(error, rel=1e-12)


@pytest.mark.parametrize(
    "shift, margin, verdict",
    [
        (1.0, 0.0, "worse"),  # every row is about 1 worse
        (1.0, 0.5, "worse"),
        (1.0, 1.0, "inconclusive"),
        (1.0, 2.0, "same"),
        (0.0, 0.0, "inconclusive"),
        (-1.0, 0.0, "better"),
        (-1.0, 0.5, "better"),
    ],
)
def test_the_verdict_says_where_the_interval_lies(tmp_path, shift, margin, verdict):
    noise = np.tile([-0.25, 0.25], 50)
    columns = {"label": [0.0] * 100, "a": [2.0] * 100, "b": 2.0 + shift + noise}
    (found,) = compared(tmp_path, columns, "mae", margin=margin)
    low, high = found.ci["low"], found.ci["high"]
    by_hand = (
        "worse" if low > margin else "better" if high < -margin
        else "same" if -margin <= low <= high <= margin else "inconclusive"
    )  # fmt: skip
    assert found.verdict == by_hand == verdict


def test_two_models_that_say_the_same_are_the_same(tmp_path):
    (found,) = compared(tmp_path, {"label": [1, 2, 3], "a": [1, 3, 5], "b": [1, 3, 5]}, "mae")
    assert (found.worse_by, found.p_value, found.verdict, found.ties) == (0.0, 1.0, "same", 3)


def test_where_higher_is_better_worse_is_lower(tmp_path):
    columns = {"label": [0.0, 3.0] * 20, "l": [-1.0] * 40, "u": [4.0] * 40, "v": [1.0] * 40}
    (found,) = compared(tmp_path, columns, "coverage", pred=("lower=l,upper=u", "lower=l,upper=v"))
    assert (found.better, found.base.value, found.head.value, found.worse_by) == ("higher", 1.0, 0.5, 0.5)
    assert (found.wins, found.losses, found.verdict) == (0, 20, "worse")


def test_where_zero_is_best_the_farther_one_is_worse(tmp_path):
    columns = {"label": [0.0] * 40, "a": [0.5, 0.7] * 20, "b": [-2.0, -2.2] * 20}
    (found,) = compared(tmp_path, columns, "mean_error")
    assert found.better == "zero"
    assert found.worse_by == pytest.approx(1.5, rel=1e-12)
    assert found.verdict == "worse"


def test_slices_are_judged_under_holms_correction(tmp_path):
    whole, *slices = compared(tmp_path, two_models(8), "mae", by=["g"])
    assert whole.p_adjusted is None
    raw = sorted(one.p_value for one in slices)
    # Holm (1979): the i-th smallest times (m − i), and never below the one before
    expected, greatest = {}, 0.0
    for rank, p in enumerate(raw):
        greatest = max(greatest, min(1.0, (len(raw) - rank) * p))
        expected[p] = greatest
    assert [one.p_adjusted for one in slices] == [expected[one.p_value] for one in slices]
    (alone,) = compared(tmp_path, two_models(8), "mae", where="g == 'x'")
    (found,) = (one for one in slices if one.slice == {"g": "x"})
    assert (found.ci, found.p_value, found.wins) == (alone.ci, alone.p_value, alone.wins)


@pytest.mark.parametrize("options", [{"chunk_rows": 1}, {"chunk_rows": 7, "jobs": 3}])
def test_a_comparison_is_the_same_bits_however_the_rows_are_cut(tmp_path, options):
    losses = ("mae", "rmse", "wape", "r2")
    once = compared(tmp_path, two_models(9), *losses, weight="w", by=["g"])
    assert compared(tmp_path, two_models(9), *losses, weight="w", by=["g"], **options) == once


def test_a_loss_without_rows_has_a_difference_and_no_interval(tmp_path):
    (found,) = compared(tmp_path, two_models(1), "r2")
    assert found.worse_by == pytest.approx(found.base.value - found.head.value, rel=1e-9)
    assert (found.ci, found.p_value, found.wins, found.verdict) == (None, None, None, "inconclusive")
    assert found.note


def test_several_models_are_each_compared_with_the_first(tmp_path):
    d = two_models(3)
    found = compared(tmp_path, {**d, "c": d["a"]}, "mae", pred=("a", "b", "c"))
    assert [(one.base.pred, one.head.pred) for one in found] == [("a", "b"), ("a", "c")]
    assert found[1].verdict == "same"


# ── files ──


@pytest.fixture
def files(tmp_path):
    d = two_models(4, rows=60)
    ids = list(range(60))
    base = table(tmp_path, {"id": ids, "pred": d["a"], "label": d["label"]}, "base.csv")
    head = table(tmp_path, {"id": ids, "pred": d["b"]}, "head.csv")
    labels = table(tmp_path, {"id": ids, "label": d["label"]}, "labels.csv")
    both = table(tmp_path, {"label": d["label"], "a": d["a"], "b": d["b"]}, "both.csv")
    return d, base, head, labels, both


def key(one):
    return (one.base.value, one.head.value, one.worse_by, one.ci, one.p_value, one.wins, one.verdict)


def test_two_files_with_and_without_labels_are_compared_as_two_columns(tmp_path, files):
    d, base, head, labels, both = files
    (as_columns,) = compare(both, loss=["mae"], pred=["a", "b"], label="label").comparisons
    only = table(tmp_path, {"pred": d["a"]}, "only.csv")
    (three,) = compare(only, head, labels, loss=["mae"], label="label", pred=["pred"]).comparisons
    (two,) = compare(base, head, loss=["mae"]).comparisons
    assert key(as_columns) == key(three) == key(two)


def test_two_files_may_be_paired_by_key_in_any_order(tmp_path, files):
    d, base, head, *_ = files
    turned = table(tmp_path, {"id": list(range(60))[::-1], "pred": d["b"][::-1]}, "turned.csv")
    (by_key,) = compare(base, turned, loss=["mae"], on="id").comparisons
    (by_position,) = compare(base, head, loss=["mae"]).comparisons
    assert key(by_key) == key(by_position)
    with pytest.raises(DataError):  # the column says that by position the rows are not the same
        compare(base, turned, loss=["mae"])


@pytest.mark.parametrize("options", [{}, {"chunk_rows": 7, "jobs": 3}, {"memory": 1}])
def test_three_files_are_paired_by_key_in_any_order(tmp_path, files, options):
    d, _, head, _, both = files
    order = np.random.default_rng(2).permutation(60)
    base = table(tmp_path, {"id": order, "pred": d["a"][order]}, "only.csv")
    turned = table(tmp_path, {"id": range(59, -1, -1), "label": d["label"][::-1]}, "turned.csv")
    (as_columns,) = compare(both, loss=["mae"], pred=["a", "b"], label="label").comparisons
    found = compare(base, head, turned, loss=["mae"], on="id", **options)
    assert key(found.comparisons[0]) == key(as_columns)
    assert (found.rows.read_preds, found.rows.read_labels, found.rows.paired) == (60, 60, 60)
    assert [one.role for one in found.inputs] == ["base", "head", "labels"]


@pytest.mark.usefixtures("few_resamples")
def test_the_bootstrap_of_three_files_does_not_see_their_order(tmp_path, files):
    d, _, head, labels, _ = files
    found = []
    for order in (range(60), np.random.default_rng(2).permutation(60)):
        base = table(tmp_path, {"id": list(order), "pred": d["a"][list(order)]}, "only.csv")
        found += compare(base, head, labels, loss=["mae"], on="id", ci="bootstrap").comparisons
    assert found[0].ci == found[1].ci


@pytest.mark.parametrize(
    "short, said",
    [
        ("base", "the key `7` is not in {base}"),
        ("head", "the key `7` is not in {head}"),
        ("labels", "the key `7` is not in {labels}"),
    ],
)
def test_a_key_that_one_of_three_files_lacks_is_refused_or_dropped(tmp_path, files, short, said):
    d, *_ = files
    columns = {"base": ("pred", d["a"]), "head": ("pred", d["b"]), "labels": ("label", d["label"])}
    kept = [at for at in range(60) if at != 7]
    paths = {}
    for name, (column, values) in columns.items():
        rows = kept if name == short else range(60)
        paths[name] = table(tmp_path, {"id": list(rows), column: values[list(rows)]}, f"{name}3.csv")
    with pytest.raises(DataError) as refused:
        compare(*paths.values(), loss=["mae"], on="id")
    assert refused.value.message == said.format(**paths)
    found = compare(*paths.values(), loss=["mae"], on="id", unmatched="drop")
    assert (found.rows.paired, found.comparisons[0].rows) == (59, 59)
    rows = [np.abs(d[name] - d["label"])[kept].mean() for name in ("b", "a")]
    assert found.comparisons[0].worse_by == pytest.approx(rows[0] - rows[1], rel=1e-9)


@pytest.mark.parametrize("twice", ["base", "head", "labels"])
def test_a_key_that_stands_twice_in_one_of_three_files_is_refused(tmp_path, files, twice):
    d, *_ = files
    columns = {"base": ("pred", d["a"]), "head": ("pred", d["b"]), "labels": ("label", d["label"])}
    paths = []
    for name, (column, values) in columns.items():
        rows = [*range(60), 7] if name == twice else range(60)
        paths.append(table(tmp_path, {"id": list(rows), column: values[list(rows)]}, f"{name}3.csv"))
    with pytest.raises(DataError, match="the key `7` stands in an earlier row") as refused:
        compare(*paths, loss=["mae"], on="id")
    assert (refused.value.row, refused.value.file) == (61, paths[list(columns).index(twice)])


def test_three_files_without_a_common_key_hold_nothing_to_measure(tmp_path):
    paths = [
        table(tmp_path, {"id": [at], name: [1.0]}, f"{at}.csv")
        for at, name in enumerate(("pred", "pred", "label"))
    ]
    with pytest.raises(DataError, match="nothing is left to measure"):
        compare(*paths, loss=["mae"], on="id", unmatched="drop")


def test_a_label_that_both_files_hold_must_agree(tmp_path, files):
    d, base, *_ = files
    label = d["label"].copy()
    same = table(tmp_path, {"id": range(60), "pred": d["b"], "label": label}, "same.csv")
    (agreed,) = compare(base, same, loss=["mae"]).comparisons
    assert agreed.rows == 60
    label[6] += 1
    other = table(tmp_path, {"id": range(60), "pred": d["b"], "label": label}, "other.csv")
    with pytest.raises(DataError) as refused:
        compare(base, other, loss=["mae"])
    assert (refused.value.row, refused.value.column) == (7, "label")


def test_files_of_unequal_length_are_refused_whichever_is_short(tmp_path, files):
    d, base, _, labels, _ = files
    short = table(tmp_path, {"pred": d["b"][:50]}, "short.csv")
    with pytest.raises(DataError, match="50 rows"):
        compare(base, short, loss=["mae"])
    with pytest.raises(DataError, match="60"):
        compare(short, short, labels, loss=["mae"], pred=["pred"], label="label")


@pytest.mark.parametrize(
    "options",
    [
        {"head": None}, {"pred": ["pred", "id"], "labels": "labels.csv"},
        {"margin": -1.0}, {"margin": float("nan")}, {"fail_on": ["bad"]}, {"ci": "usual"}, {"average": "none"},
        {"nan": "propagate"}, {"loss": []},
    ],
)  # fmt: skip
def test_a_call_that_makes_no_comparison_is_a_usage_error(files, options):
    _, base, head, *_ = files
    with pytest.raises(UsageError):
        compare(base, **{"head": head, "loss": ["mae"], **options})


# ── the command ──


def test_a_worse_model_is_exit_1_and_what_fails_can_be_chosen(here, tmp_path):
    columns = {"label": [0.0] * 40, "a": [1.0, 1.1] * 20, "b": [2.0, 2.2] * 20, "c": [1.1, 1.0] * 20}
    path = table(tmp_path, columns)
    call = ("compare", path, "-y", "label", "-l", "mae", "-p", "a")
    ran = here(*call, "-p", "b")
    assert ran.code == 1
    assert "comparison failed: mae of b: worse" in ran.err
    assert here(*call, "-p", "b", "--fail-on", "").code == 0
    assert here(*call, "-p", "c").code == 0
    assert here(*call, "-p", "c", "--fail-on", "worse,inconclusive").code == 1


def test_the_document_holds_what_its_schema_says(here, tmp_path):
    schema = Comparison.model().model_json_schema(by_alias=True)
    path = table(tmp_path, two_models(2))
    ran = here(
        "compare", path, *COMPARED, "-l", "r2", "-l", "huber:delta=2", "--by", "g", "--json", "--fail-on", "",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    jsonschema.Draft202012Validator(schema).validate(found)
    assert found["schema"] == "losscli.comparison/1"
    assert {one["loss"] for one in found["comparisons"]} == {"mae", "r2", "huber:delta=2"}


@pytest.mark.parametrize("format", ["table", "csv", "markdown"])
def test_every_format_tells_the_verdict(here, tmp_path, format):
    path = table(tmp_path, two_models(2))
    ran = here("compare", path, *COMPARED, "-l", "r2", "-f", format, "--fail-on", "")
    assert ran.code == 0, ran.err
    assert "inconclusive" in ran.out
    assert "no function of means" in ran.out


def test_a_format_that_a_comparison_has_not_is_exit_2_before_anything_is_read(here):
    ran = here("compare", "absent.csv", "absent.csv", "-l", "mae", "-f", "junit").block()
    assert ran.code == 2


# ── the bootstrap ──


def group_of(row):
    """The group of a row by its number, from 1: the steps of SplitMix64 in plain Python."""
    mask, word = 2**64 - 1, row
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 & mask
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB & mask
    return word ^ (word >> 31)


def loops(rows, value, seed=0):
    """The differences of 1999 resamples, of 1999 flips, and without one group each, from plain lists of rows."""
    groups = [group_of(row + 1) for row in range(rows)]
    held = [[row for row in range(rows) if groups[row] == g] for g in sorted(set(groups))]
    k = len(held)
    words = np.random.PCG64(seed).random_raw(1999 * k).tolist()
    bits = (np.random.PCG64((seed, 1)).random_raw(1999 * k) >> np.uint64(63)).tolist()
    resamples, flips = [], []
    for at in range(1999):
        drawn = [row for word in words[at * k : (at + 1) * k] for row in held[(word >> 32) * k >> 32]]
        resamples.append(value("b", drawn, [], "a") - value("a", drawn, [], "b"))
        turned = bits[at * k : (at + 1) * k]
        mine = [row for bit, group in zip(turned, held, strict=True) if not bit for row in group]
        other = [row for bit, group in zip(turned, held, strict=True) if bit for row in group]
        flips.append(value("b", mine, other, "a") - value("a", mine, other, "b"))
    rest = [[row for row in range(rows) if row not in group] for group in map(set, held)]
    without = [value("b", some, [], "a") - value("a", some, [], "b") for some in rest]
    return resamples, flips, without


def r2_of(d):
    def value(name, mine, other, rival):
        label = np.concatenate((d["label"][mine], d["label"][other]))
        pred = np.concatenate((d[name][mine], d[rival][other]))
        return -(1 - ((label - pred) ** 2).sum() / ((label - label.mean()) ** 2).sum())

    return value


def mae_of(d):
    def value(name, mine, other, rival):
        apart = (np.abs(d[name][mine] - d["label"][mine]), np.abs(d[rival][other] - d["label"][other]))
        return np.concatenate(apart).mean()

    return value


@pytest.mark.parametrize("name, value", [("mae", mae_of), ("r2", r2_of)])
@pytest.mark.parametrize("shift, seed", [(0.3, 0), (0.05, 7)])
def test_resamples_and_flips_are_those_of_a_loop_over_lists_of_rows(tmp_path, name, value, shift, seed):
    d = {key: np.array(column) for key, column in two_models(21, shift=shift).items()}
    (found,) = compared(tmp_path, d, name, ci=f"bootstrap:seed={seed}")
    resamples, flips, without = loops(240, value(d), seed)
    everything = list(range(240))
    seen = value(d)("b", everything, [], "a") - value(d)("a", everything, [], "b")
    assert (found.ci["low"], found.ci["high"]) == pytest.approx(bca(resamples, seen, without), rel=1e-9)
    assert found.stderr == pytest.approx(np.std(resamples, ddof=1), rel=1e-9)
    assert found.p_value == (sum(abs(flip) >= abs(seen) - 1e-12 for flip in flips) + 1) / 2000
    assert (found.test, found.ci["method"]) == ("sign flip", "bootstrap")


@pytest.mark.parametrize("shift, verdict", [(1.0, "worse"), (-1.0, "better"), (0.0, "inconclusive")])
def test_the_bootstraps_verdict_says_where_its_interval_lies(tmp_path, shift, verdict):
    # Skewed, so that the interval is none of percentiles.
    noise = np.random.default_rng(2).exponential(scale=0.5, size=200) - 0.5
    columns = {"label": [0.0] * 200, "a": [4.0] * 200, "b": 4.0 + shift + noise}
    (found,) = compared(tmp_path, columns, "mae", ci="bootstrap")
    low, high = found.ci["low"], found.ci["high"]
    by_hand = "worse" if low > 0 else "better" if high < 0 else "inconclusive"
    assert found.verdict == by_hand == verdict
    (found,) = compared(tmp_path, columns, "mae", ci="bootstrap", margin=2.0)
    assert found.verdict == "same"
    # At its very end the interval does not lie beyond the margin, and within it just so.
    end, outside = (low, high) if verdict == "worse" else (-high, -low)
    ends = [
        (end, "inconclusive"),
        (np.nextafter(end, 0), verdict),
        (outside, "same"),
        (np.nextafter(outside, 0), "inconclusive"),
    ]
    for margin, expected in ends if verdict != "inconclusive" else ():
        (found,) = compared(tmp_path, columns, "mae", ci="bootstrap", margin=float(margin))
        assert found.verdict == expected


def test_two_models_that_say_the_same_are_the_same_by_the_bootstrap(tmp_path):
    columns = {"label": range(50), "a": [3] * 50, "b": [3] * 50}
    (found,) = compared(tmp_path, columns, "mae", ci="bootstrap")
    assert (found.worse_by, found.p_value, found.verdict) == (0.0, 1.0, "same")


@pytest.mark.usefixtures("few_resamples")
def test_slices_are_resampled_alone_and_judged_under_holms_correction(tmp_path):
    found = compared(tmp_path, two_models(8), "mae", "r2", by=["g"], ci="bootstrap")
    slices = [one for one in found if one.slice]
    for one in slices:
        (alone,) = compared(
            tmp_path, two_models(8), one.loss, where=f"g == '{one.slice['g']}'", ci="bootstrap"
        )
        assert (one.ci, one.p_value, one.stderr) == (alone.ci, alone.p_value, alone.stderr)
    raw = sorted(one.p_value for one in slices if one.loss == "mae")
    assert min(one.p_adjusted for one in slices if one.loss == "mae") == min(1.0, raw[0] * len(raw))


@pytest.mark.usefixtures("few_resamples")
def test_a_bootstrap_of_differences_is_the_same_bits_however_the_rows_are_cut(tmp_path):
    once = compared(tmp_path, two_models(9), "mae", "r2", weight="w", by=["g"], ci="bootstrap")
    call = {"weight": "w", "by": ["g"], "ci": "bootstrap"}
    assert compared(tmp_path, two_models(9), "mae", "r2", **call, chunk_rows=7, jobs=3) == once


def test_classes_are_compared_by_the_bootstrap(tmp_path):
    (found,) = compared(tmp_path, two_models(2), "f1", pred=("ca", "cb"), label="k", ci="bootstrap")
    assert found.ci["low"] <= found.worse_by <= found.ci["high"]
    assert found.wins is None


def test_one_row_that_holds_far_more_than_its_share_of_the_difference_makes_a_heavy_tail(tmp_path):
    even = {"label": [0.0] * 200, "a": [1.0, 2.0] * 100, "b": [2.0, 1.0] * 100}
    assert compared(tmp_path, even, "mae")[0].note is None
    (found,) = compared(tmp_path, {**even, "b": [50.0, *even["b"][1:]]}, "mae")
    assert found.note == "heavy tail"


# ── over time ──


def diebold_mariano(d, horizon):
    """The statistic of Harvey, Leybourne & Newbold (1997), as in R's forecast::dm.test, and its p-value."""
    n = len(d)
    m = d.mean()
    lags = [((d[k:] - m) * (d[: n - k] - m)).sum() / n for k in range(horizon)]
    plain = m / np.sqrt((lags[0] + 2 * sum(lags[1:])) / n)
    held = plain * np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    return held, 2 * stats.t.sf(abs(held), n - 1)


def over_time(seed, rows=120):
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.normal(size=rows + 2), [1.0, 0.6, 0.3], "valid")
    label = rng.normal(size=rows).cumsum()
    return {
        "t": np.arange(rows),
        "label": label,
        "a": label + rng.normal(size=rows),
        "b": label + 1.2 * noise,
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("horizon", [1, 2, 3])
@pytest.mark.parametrize("loss", ["mae", "mse"])
def test_over_time_the_test_is_diebold_and_marianos(tmp_path, seed, horizon, loss):
    d = over_time(seed)
    turned = {name: column[np.random.default_rng(seed).permutation(120)] for name, column in d.items()}
    (found,) = compared(tmp_path, turned, loss, time="t", ci=f"normal:horizon={horizon}")
    power = {"mae": 1, "mse": 2}[loss]
    apart = np.abs(d["b"] - d["label"]) ** power - np.abs(d["a"] - d["label"]) ** power
    statistic, p_value = diebold_mariano(apart, horizon)
    assert found.test == found.ci["method"] == "diebold-mariano"
    assert found.worse_by / found.stderr == pytest.approx(statistic, rel=1e-9)
    assert found.p_value == pytest.approx(p_value, rel=1e-8)
    assert (found.ci["low"] > 0) == (found.worse_by > 0 and p_value < 0.05)


def test_one_step_ahead_it_is_the_paired_t_test(tmp_path):
    d = over_time(4)
    (timed,), (plain,) = (compared(tmp_path, d, "mae", time=time) for time in ("t", None))
    assert (timed.p_value, timed.stderr) == pytest.approx((plain.p_value, plain.stderr), rel=1e-12)


@pytest.mark.parametrize("options", [{"chunk_rows": 1}, {"chunk_rows": 7, "jobs": 3}])
def test_over_time_it_is_the_same_bits_however_the_rows_are_cut(tmp_path, options):
    d = {**over_time(5), "g": ["x", "y"] * 60}
    call = {"time": "t", "ci": "normal:horizon=3", "by": ["g"]}
    assert compared(tmp_path, d, "mae", **call, **options) == compared(tmp_path, d, "mae", **call)


def test_dates_are_put_in_order_whatever_the_order_of_their_text(tmp_path):
    d = over_time(6)
    days = [f"2024-{1 + at // 28:02d}-{1 + at % 28:02d}T{at % 24:02d}:00" for at in range(120)]
    hours = [f"{day}{':00.500' if at % 2 else ''}Z" for at, day in enumerate(days)]
    by_number, by_day, by_hour = (
        compared(tmp_path, {**d, "t": times}, "mae", time="t", ci="normal:horizon=3")
        for times in (range(-20, 100), days, hours)
    )
    assert by_number == by_day == by_hour


def test_several_series_of_one_time_are_compared_each_for_itself(tmp_path):
    d = {name: np.tile(column, 2) for name, column in over_time(7).items()} | {"g": ["x"] * 120 + ["y"] * 120}
    whole, *slices = compared(tmp_path, d, "mae", time="t", ci="normal:horizon=2", by=["g"])
    assert whole.ci is None
    assert "120 rows of the same time" in whole.note
    assert all(one.test == "diebold-mariano" for one in slices)
    (found,) = compared(tmp_path, d, "mae", time="t")  # one step ahead, no order is needed
    assert found.ci is not None


@pytest.mark.parametrize(
    "loss, why",
    [("rmse", "a mean of rows"), ("r2", "no function of means"), ("mean_error", "a mean of rows")],
)
def test_what_is_no_mean_of_rows_has_no_test_over_time(tmp_path, loss, why):
    (found,) = compared(tmp_path, over_time(8), loss, time="t")
    assert (found.ci, found.p_value) == (None, None)
    assert why in found.note


def test_a_long_run_variance_that_is_not_positive_is_no_interval(tmp_path):
    d = {"t": range(40), "label": [0.0] * 40, "a": [1.0] * 40, "b": [1.0, 2.0] * 20}
    (found,) = compared(tmp_path, d, "mae", time="t", ci="normal:horizon=2")
    assert found.ci is None
    assert "not positive" in found.note


@pytest.mark.parametrize("times", [["1", "2", "soon"] * 40, ["1/2/24", "2/2/24", "3/2/24"] * 40])
def test_times_without_a_sure_order_are_refused(tmp_path, times):
    with pytest.raises(DataError, match="neither a number nor a date"):
        compared(tmp_path, {**over_time(1), "t": times}, "mae", time="t")


def test_a_missing_time_is_said(tmp_path):
    (found,) = compared(tmp_path, {**over_time(1), "t": ["", *range(119)]}, "mae", time="t")
    assert found.note == "no interval: 1 row without a time"


@pytest.mark.parametrize(
    "options",
    [{"time": "t", "ci": "bootstrap"}, {"time": "t", "weight": "t"}, {"ci": "normal:horizon=2"}],
)
def test_what_time_does_not_go_with_is_a_usage_error(tmp_path, options):
    with pytest.raises(UsageError):
        compared(tmp_path, over_time(1), "mae", **options)


def test_each_loss_is_compared_in_each_slice(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "one,two,label,part\n" + "".join(f"{i},{2 * i},{i % 3},{'ab'[i % 2]}\n" for i in range(20))
    )
    found = compare(str(path), pred=["one", "two"], label="label", loss=["mse", "mae"], by=["part"])
    slices = [(one.loss, one.slice["part"]) for one in found.comparisons if one.slice]
    assert sorted(slices) == [("mae", "a"), ("mae", "b"), ("mse", "a"), ("mse", "b")]
