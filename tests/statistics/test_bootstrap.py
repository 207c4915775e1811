"""The bootstrap: against a plain loop over lists of rows, the same bits however rows are read, and every state."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bca import bca
from draws import (
    draw,
    files,
    forms,
    generator,
    kept,
    of_each_kind,
    own_params,
    row_params,
    spec,
    title,
    usual_params,
)
from scipy.stats import norm
from sklearn import metrics
from tables import table

from losscli.errors import UsageError
from losscli.numbers.states import state_kind
from losscli.report.evaluate import evaluate
from losscli.report.finish import finish, rounded
from losscli.statistics import bootstrap
from losscli.statistics.bootstrap import (
    REPLICATES,
    NoInterval,
    Replicates,
    acceleration,
    draws,
    pulled,
    pushed,
)
from losscli.statistics.bootstrap import (
    resamples as states_of_resamples,
)
from losscli.statistics.groups import GROUPS
from losscli.statistics.intervals import IntervalSpec, one_side

MASK = 2**64 - 1


# ── the same, in plain Python ──


def mixed(word):
    """The last steps of SplitMix64 (Steele, Lea & Flood 2014)."""
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB & MASK
    return word ^ (word >> 31)


def group_of_number(row):
    return mixed(row)


def group_of_text(text):
    raw = text.encode() + b"\1"
    words = [int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw), 8)]
    return mixed(sum(mixed(word) * (2 * at + 1) for at, word in enumerate(words)) & MASK)


def resamples(groups, seed=0):
    """Lists of row numbers, one for each resample: the rows of the groups that were drawn."""
    held = [[row for row, group in enumerate(groups) if group == g] for g in sorted(set(groups))]
    words = np.random.PCG64(seed).random_raw(bootstrap.REPLICATES * len(held)).tolist()
    for at in range(bootstrap.REPLICATES):
        drawn = words[at * len(held) : (at + 1) * len(held)]
        yield [row for word in drawn for row in held[(word >> 32) * len(held) >> 32]]


def by_hand(value_of, groups, seed=0, level=0.95):
    """The interval and the standard error from loops over all resamples and over all groups but one."""
    values = [value_of(rows) for rows in resamples(groups, seed)]
    without = [
        value_of([row for row, group in enumerate(groups) if group != left_out])
        for left_out in sorted(set(groups))
    ]
    low, high = bca(values, value_of(list(range(len(groups)))), without, level)
    return low, high, np.std(values, ddof=1)


def r2(y, f, w):
    mean = (w * y).sum() / w.sum()
    return 1 - (w * (y - f) ** 2).sum() / (w * (y - mean) ** 2).sum()


def correlation(y, f, w):
    spread = np.cov(y, f, aweights=w)
    return spread[0, 1] / np.sqrt(spread[0, 0] * spread[1, 1])


PEERS = {
    "mae": lambda y, f, w: (w * abs(y - f)).sum() / w.sum(),
    "rmse": lambda y, f, w: math.sqrt((w * (y - f) ** 2).sum() / w.sum()),
    "wape": lambda y, f, w: (w * abs(y - f)).sum() / (w * abs(y)).sum(),
    "r2": r2,
    "explained_variance": lambda y, f, w: metrics.explained_variance_score(y, f, sample_weight=w),
    "pearson": correlation,
    "max_error": lambda y, f, w: abs(y - f).max(),
}


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(11)
    label = rng.normal(10, 2, 300)
    return {
        "label": label.tolist(), "pred": (label + rng.standard_t(5, 300)).tolist(),
        "w": rng.integers(1, 5, 300).astype(float).tolist(), "g": rng.choice(["a", "b"], 300).tolist(),
        "who": rng.integers(0, 60, 300).tolist(), "id": rng.permutation(300).tolist(),
    }  # fmt: skip


def measured(path, *losses, ci="bootstrap", **options):
    return evaluate(path, loss=losses, pred="pred", label="label", ci=ci, **options).results


def seen(results):
    return [(r.value, r.stderr, r.ci, r.note) for r in results]


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("name", PEERS)
def test_the_interval_is_that_of_a_loop_over_lists_of_rows(tmp_path, drawn, name, weight):
    (found,) = measured(table(tmp_path, drawn), name, weight=weight)
    y, f, w = (np.array(drawn[column]) for column in ("label", "pred", "w"))
    w = w if weight else np.ones(300)
    low, high, error = by_hand(
        lambda rows: PEERS[name](y[rows], f[rows], w[rows]), [group_of_number(row + 1) for row in range(300)]
    )
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((low, high), rel=1e-11)
    assert found.stderr == pytest.approx(error, rel=1e-9)
    assert (found.ci["level"], found.ci["method"]) == (0.95, "bootstrap")


def test_of_whole_numbers_it_is_so_to_the_bit(tmp_path):
    rng = np.random.default_rng(3)
    errors = rng.integers(0, 1000, 200).tolist()
    (found,) = measured(
        table(tmp_path, {"label": [0] * 200, "pred": errors}), "mae", ci="bootstrap:level=0.9,seed=5"
    )
    low, high, _ = by_hand(
        lambda rows: float(Fraction(sum(errors[row] for row in rows), len(rows))),
        [group_of_number(row + 1) for row in range(200)], seed=5, level=0.9,
    )  # fmt: skip
    assert (found.ci["low"], found.ci["high"]) == (low, high)


def test_rows_of_one_cluster_are_drawn_together(tmp_path, drawn):
    path = table(tmp_path, drawn)
    (found,) = measured(path, "mae", ci="bootstrap:cluster=who")
    rows = np.abs(np.array(drawn["label"]) - np.array(drawn["pred"]))
    low, high, error = by_hand(lambda at: rows[at].mean(), [group_of_text(str(who)) for who in drawn["who"]])
    assert (found.ci["low"], found.ci["high"], found.stderr) == pytest.approx((low, high, error), rel=1e-9)
    # Ten copies of each row say no more than one: by cluster the standard error stays.
    copies = {name: np.repeat(column, 10) for name, column in drawn.items()}
    once, again = (
        measured(table(tmp_path, columns, name), "mae", ci="bootstrap:cluster=id")[0]
        for columns, name in ((drawn, "once.csv"), (copies, "again.csv"))
    )
    assert (once.stderr, once.ci) == (again.stderr, again.ci)


def test_rows_that_are_paired_by_key_are_dealt_by_the_text_of_their_key(tmp_path, drawn):
    files = by_key(tmp_path, drawn, list(range(300)))
    (found,) = measured(*files[:1], "mae", labels=files[1], on="id")
    rows = np.abs(np.array(drawn["label"]) - np.array(drawn["pred"]))
    low, high, error = by_hand(lambda at: rows[at].mean(), [group_of_text(str(key)) for key in drawn["id"]])
    assert (found.ci["low"], found.ci["high"], found.stderr) == pytest.approx((low, high, error), rel=1e-9)


def by_key(folder, columns, order, suffix="csv"):
    """The same rows as two files with a key, in an order."""
    held = {name: [column[at] for at in order] for name, column in columns.items()}
    sides = ({"id": held["id"], "pred": held["pred"]}, {"id": columns["id"], "label": columns["label"]})
    paths = []
    for name, side in zip(("preds", "labels"), sides, strict=True):
        if suffix == "csv":
            paths.append(table(folder, side, f"{name}.csv"))
        else:
            paths.append(str(folder / f"{name}.{suffix}"))
            pq.write_table(pa.table(side), paths[-1])
    return paths


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("turned", [False, True])
def test_with_keys_neither_the_order_of_rows_nor_the_format_shows(tmp_path, drawn, suffix, turned):
    once = by_key(tmp_path, drawn, list(range(300)))
    first = seen(evaluate(*once, loss=["mae", "r2"], on="id", ci="bootstrap").results)
    (tmp_path / "more").mkdir()
    again = by_key(tmp_path / "more", drawn, list(range(300))[:: -1 if turned else 1], suffix)
    assert seen(evaluate(*again, loss=["mae", "r2"], on="id", ci="bootstrap").results) == first


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("weight", [None, "w"])
def test_the_interval_is_the_same_bits_however_the_rows_are_cut(tmp_path, drawn, weight):
    path, losses = table(tmp_path, drawn), ("mae", "wape", "r2", "max_error")
    call = {"weight": weight, "by": ["g"], "min_slice": 6}
    wanted = seen(measured(path, *losses, **call))
    assert seen(measured(path, *losses, **call, chunk_rows=7, jobs=3)) == wanted


@pytest.mark.usefixtures("few_resamples")
def test_formats_do_not_show(tmp_path, drawn):
    path = str(tmp_path / "t.parquet")
    pq.write_table(pa.table(drawn), path, row_group_size=17)
    for ci in ("bootstrap", "bootstrap:cluster=who", "bootstrap:cluster=g"):
        one = seen(measured(path, "mae", "r2", by=["g"], ci=ci))
        assert one == seen(measured(table(tmp_path, drawn), "mae", "r2", by=["g"], ci=ci))


@pytest.mark.usefixtures("few_resamples")
def test_the_interval_of_a_slice_is_that_of_its_rows_alone(tmp_path, drawn):
    path = table(tmp_path, drawn)
    whole = measured(path, "r2", "rmse", weight="w", by=["g"])
    alone = measured(path, "r2", "rmse", weight="w", where="g == 'a'")
    assert seen(r for r in whole if r.slice == {"g": "a"}) == seen(alone)


@pytest.mark.usefixtures("few_resamples")
def test_folded_slices_are_one_slice(tmp_path, drawn):
    found = measured(table(tmp_path, drawn), "mae", "r2", by=["g"], min_slice=1000)
    assert seen(found[:2]) == seen(found[2:])


def test_another_seed_draws_other_groups(tmp_path, drawn):
    path = table(tmp_path, drawn)
    one, same, other = (measured(path, "mae", ci=f"bootstrap:seed={s}")[0].ci for s in ("0", "00", "1"))
    assert one == same
    assert one != other
    assert one == measured(path, "mae")[0].ci


def test_an_average_of_outputs_is_resampled_as_a_whole(tmp_path):
    rng = np.random.default_rng(2)
    columns = {name: rng.normal(size=150) for name in ("y_a", "y_b", "p_a", "p_b")}
    call = {"loss": ["rmse"], "pred": "p_a,p_b", "label": "y_a,y_b", "ci": "bootstrap"}
    (found,) = evaluate(table(tmp_path, columns), **call).results

    def value(rows):
        return np.mean(
            [math.sqrt(((columns[f"y_{one}"][rows] - columns[f"p_{one}"][rows]) ** 2).mean()) for one in "ab"]
        )

    low, high, error = by_hand(value, [group_of_number(row + 1) for row in range(150)])
    assert (found.ci["low"], found.ci["high"], found.stderr) == pytest.approx((low, high, error), rel=1e-9)
    parts = evaluate(table(tmp_path, columns), **call, average="none").results
    assert [part.ci is not None for part in parts] == [True, True]


@pytest.mark.usefixtures("few_resamples")
def test_classes_are_resampled_with_their_table(tmp_path):
    rng = np.random.default_rng(4)
    label = rng.choice(["a", "b", "c"], 200)
    pred = np.where(rng.random(200) < 0.6, label, rng.choice(["a", "b", "c"], 200))
    (found,) = measured(table(tmp_path, {"label": label, "pred": pred}), "f1")
    low, high, error = by_hand(
        lambda rows: metrics.f1_score(label[rows], pred[rows], average="macro"),
        [group_of_number(row + 1) for row in range(200)],
    )
    assert (found.ci["low"], found.ci["high"], found.stderr) == pytest.approx((low, high, error), rel=1e-9)


# ── what has no interval ──


def test_resamples_without_a_value_count_as_beyond_both_ends(tmp_path):
    # Five positives of 200: a resample holds none of them about once in 150 times.
    label = [1] * 5 + [0] * 195
    path = table(tmp_path, {"label": label, "pred": [1, 1, 1, 0, 0] + [0] * 195})
    (found,) = measured(path, "recall")
    values = [
        np.mean([[1, 1, 1, 0, 0][row] for row in rows if row < 5]) if any(row < 5 for row in rows) else None
        for rows in resamples([group_of_number(row + 1) for row in range(200)])
    ]
    lost = values.count(None)
    assert 0 < lost < 50
    assert f"not defined in {lost} of 1999 resamples" in found.note
    # Of the groups of positives one each is left out: three of five were found, and then two or three of four.
    groups = [group_of_number(row + 1) for row in range(5)]
    assert len(set(groups)) == 5
    without = (
        [2 / 4] * 3 + [3 / 4] * 2 + [3 / 5] * (len({group_of_number(row + 1) for row in range(200)}) - 5)
    )
    assert (found.ci["low"], found.ci["high"]) == pytest.approx(bca(values, 3 / 5, without), rel=1e-12)
    (found,) = measured(table(tmp_path, {"label": [1] + [0] * 199, "pred": [1] + [0] * 199}), "recall")
    assert found.ci is None
    assert found.note.startswith("no interval: not defined in")


def test_few_groups_are_said_and_one_is_none(tmp_path):
    columns = {"label": [0.0] * 40, "pred": [1.0, 2.0] * 20, "c": ["x", "x", "y", "z"] * 10, "o": ["k"] * 40}
    path = table(tmp_path, columns)
    assert measured(path, "mae", ci="bootstrap:cluster=c")[0].note == "only 3 groups were resampled"
    (found,) = measured(path, "mae", ci="bootstrap:cluster=o")
    assert (found.value, found.stderr, found.ci) == (1.5, None, None)
    assert "one group" in found.note


def test_a_heavy_row_is_said_under_either_interval(tmp_path):
    path = table(tmp_path, {"label": [0.0] * 200, "pred": [50.0, 2.0] + [1.0, 2.0] * 99})
    assert [measured(path, "mae", ci=ci)[0].note for ci in ("normal", "bootstrap")] == ["heavy tail"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "bootstrap:seed=-1", "bootstrap:seed=x", "bootstrap:level=0.9999", "bootstrap:cluster=",
        "bootstrap:groups=10", "normal:cluster=g", "normal:seed=1", "normal:horizon=0",
    ],
)  # fmt: skip
def test_what_is_no_bootstrap_is_a_usage_error(text):
    with pytest.raises(UsageError):
        IntervalSpec.parse(text)


def test_a_cluster_that_is_no_column_lists_the_columns(here, tmp_path, drawn):
    ran = here("eval", table(tmp_path, drawn), "-l", "mae", "--ci", "bootstrap:cluster=whom").block()
    assert ran.code == 3
    assert "`who`" in ran.err


def test_the_horizon_is_of_a_comparison(tmp_path, drawn):
    with pytest.raises(UsageError, match="horizon"):
        measured(table(tmp_path, drawn), "mae", ci="normal:horizon=2")


def test_the_command_shows_it_in_json(here, tmp_path, drawn):
    path = table(tmp_path, drawn)
    ran = here("eval", path, "-p", "pred", "-y", "label", "-l", "r2", "--ci", "bootstrap", "--json")
    assert ran.code == 0, ran.err
    (held,) = json.loads(ran.out)["results"]
    assert held["ci"]["method"] == "bootstrap"
    assert held["ci"]["low"] < held["value"] < held["ci"]["high"]


def test_more_slices_than_can_be_resampled_are_refused(here, tmp_path):
    path = table(tmp_path, {"label": [0.0] * 4097, "pred": [1.0] * 4097, "id_of": range(4097)})
    call = ("eval", path, "-p", "pred", "-y", "label", "-l", "mae", "--by", "id_of")
    assert here(*call).code == 0
    ran = here(*call, "--ci", "bootstrap").block()
    assert ran.code == 2
    assert "more than 4096 slices, the most for `--ci bootstrap`" in ran.err


# ── the ends of the interval ──


def replicates(values, whole, without=()):
    return Replicates.of([*values, whole, *without])


def skewed(seed, bias=0.0):
    """Means of resamples of skewed rows, the mean, and the means without one row each."""
    rng = np.random.default_rng(seed)
    rows = rng.exponential(size=60)
    values = [float(rng.choice(rows, 60).mean() + bias) for _ in range(REPLICATES)]
    return values, float(rows.mean()), [float(np.delete(rows, at).mean()) for at in range(60)]


LEVELS = [0.001, 0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]


@pytest.mark.parametrize("bias", [-0.1, 0.0, 0.15])
@pytest.mark.parametrize("level", LEVELS)
def test_the_ends_are_those_of_the_formula_at_every_level(level, bias):
    held = replicates(*skewed(1, bias))
    ci = held.interval(IntervalSpec("bootstrap", level))
    assert (ci["low"], ci["high"]) == bca(*skewed(1, bias), level)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_of_the_negative_is_the_negative(seed):
    values, whole, without = skewed(seed, 0.05)
    one = replicates(values, whole, without)
    other = replicates([-v for v in values], -whole, [-v for v in without])
    for level in LEVELS:
        ci, turned = (held.interval(IntervalSpec("bootstrap", level)) for held in (one, other))
        assert (ci["low"], ci["high"]) == (-turned["high"], -turned["low"])


@pytest.mark.parametrize("bias", [-0.2, -0.1, 0.0, 0.15, 0.2])
def test_a_higher_level_is_never_narrower_and_from_95_percent_the_value_lies_inside(bias):
    held, whole = replicates(*skewed(3, bias)), skewed(3, bias)[1]
    found = [held.interval(IntervalSpec("bootstrap", level)) for level in LEVELS]
    assert sorted((ci["low"] for ci in found), reverse=True) == [ci["low"] for ci in found]
    assert sorted(ci["high"] for ci in found) == [ci["high"] for ci in found]
    assert all(ci["low"] <= whole <= ci["high"] for ci in found if ci["level"] >= 0.95)


def test_without_bias_and_skewness_it_is_the_percentile_interval():
    # 999 below, one tie, 999 above; and two values without a group each, of equal distance from their mean.
    held = replicates([float(v) for v in range(-999, 1000)], 0.0, [-1.0, 1.0])
    for place in range(1, 1000):
        spec = IntervalSpec("bootstrap", (1000 - place) / 1000)
        ci = held.interval(spec)
        assert (ci["low"], ci["high"]) == (place - 1000, 1000 - place)
        # The value below the end is left out by it, and speaks with the place's share of 2000.
        chance = held.chance(lambda value, end=place - 1001: value <= end)
        assert chance <= float(one_side(spec.level))
        assert chance == pytest.approx(place / 2000, rel=1e-9)


def test_an_end_whose_formula_has_no_finite_value_is_the_limit():
    # 1 - a(z0 + z) = 1 - (3 + 3.3)/6 < 0
    assert pushed(3.3, 3.0, 1 / 6) == -pushed(-3.3, -3.0, -1 / 6) == math.inf
    assert pulled(-3.3, 3.0, 1 / 6) == -pulled(3.3, -3.0, -1 / 6) == -math.inf
    assert pulled(pushed(-1.96, 0.3, 0.1), 0.3, 0.1) == pytest.approx(-1.96, rel=1e-12)


def test_resamples_that_are_all_the_same_are_a_point(tmp_path):
    ci = replicates([3.5] * REPLICATES, 3.5, [3.5] * 40).interval(IntervalSpec("bootstrap"))
    assert (ci["low"], ci["high"]) == (3.5, 3.5)
    (found,) = measured(table(tmp_path, {"label": [0] * 300, "pred": [0] * 300}), "zero_one")
    assert (found.ci["low"], found.ci["high"], found.note) == (0.0, 0.0, None)


def test_of_a_rare_error_ties_count_half_and_the_end_lies_above_that_of_the_percentiles(tmp_path):
    errors = [1 if row % 100 == 7 else 0 for row in range(1000)]
    (found,) = measured(table(tmp_path, {"label": [0] * 1000, "pred": errors}), "zero_one")

    def value(rows):
        return float(Fraction(sum(errors[row] for row in rows), len(rows)))

    groups = [group_of_number(row + 1) for row in range(1000)]
    assert (found.ci["low"], found.ci["high"]) == by_hand(value, groups)[:2]
    percentile = sorted(value(rows) for rows in resamples(groups))
    assert found.ci["low"] > percentile[49]
    assert found.ci["high"] > percentile[-50]


@pytest.mark.parametrize(
    "below, whole", [(0, "above"), (49, "above"), (50, None), (1949, None), (1950, "below")]
)
def test_where_nearly_all_resamples_lie_on_one_side_of_the_value_there_is_no_interval(below, whole):
    # One in forty of 1999 is 49.975.
    held = replicates([-1.0] * below + [1.0] * (REPLICATES - below), 0.0, [-1.0, 0.0, 1.0])
    if whole is None:
        held.interval(IntervalSpec("bootstrap"))
        return
    with pytest.raises(NoInterval, match=f"lie {whole} the value"):
        held.interval(IntervalSpec("bootstrap"))


def test_a_value_that_its_resamples_overshoot_says_so_in_place_of_an_interval(tmp_path):
    # Of well calibrated scores the error is what chance leaves, and resamples add theirs to it.
    rng = np.random.default_rng(0)
    scores = rng.random(500)
    path = table(tmp_path, {"label": (rng.random(500) < scores).astype(int), "pred": scores})
    (found,) = measured(path, "ece")
    assert (found.ci, found.stderr) == (None, None)
    assert found.note.startswith("no interval: ")
    assert found.note.endswith("% of the resamples lie above the value: they are biased")


def test_an_end_beyond_all_resamples_is_the_outermost_and_is_said():
    # One resample in ten lies below the value, so that the low end would be the one of Φ(2·Φ⁻¹(0.1) − 1.96).
    assert 2000 * norm.cdf(2 * norm.ppf(0.1) - 1.96) < 1
    values = [float(v) for v in range(-200, REPLICATES - 200)]
    held = replicates(values, 0.0, [-1.0, 0.0, 1.0])
    assert held.interval(IntervalSpec("bootstrap"))["low"] == -200.0
    assert held.notes(IntervalSpec("bootstrap")) == [
        "an end lies beyond all resamples, of which the outermost is shown"
    ]
    assert held.notes(IntervalSpec("bootstrap", 0.5)) == []


def test_values_without_a_group_that_are_not_defined_are_left_out():
    values, whole, without = skewed(2)
    spec = IntervalSpec("bootstrap")
    assert replicates(values, whole, [None, *without]).interval(spec) == replicates(
        values, whole, without
    ).interval(spec)
    assert acceleration([None, None]) == acceleration([]) == acceleration([2.0]) == 0.0


@pytest.mark.parametrize("size", [1.0, 2.0**1000, 2.0**-1060])
def test_the_acceleration_is_that_of_exact_arithmetic_in_any_order(size):
    rows = [1.0, 1.0, 2.0, 3.0, 40.0]
    mean = Fraction(sum(map(Fraction, rows))) / 5
    cubes, squares = (sum((mean - Fraction(row)) ** power for row in rows) for power in (3, 2))
    expected = float(cubes) / (6 * float(squares) ** 1.5)
    assert expected < 0  # the heavy tail of the values without a group lies above
    values = [row * size for row in rows]
    assert acceleration(values) == pytest.approx(expected, rel=1e-14)
    assert {acceleration(values[at:] + values[:at]) for at in range(5)} == {acceleration(values)}
    # Far from zero a mean that is rounded would leave nothing of it.
    assert acceleration([1e15 + row for row in rows]) == acceleration(rows)


@pytest.mark.parametrize(
    "bias, level, lost",
    [
        *((bias, level, 0) for bias in (-0.15, 0.0, 0.15) for level in (0.5, 0.9, 0.95, 0.99)),
        *((bias, level, lost) for bias in (-0.03, 0.03) for level, lost in ((0.5, 40), (0.9, 2))),
    ],
)
def test_a_one_sided_p_value_is_small_just_where_the_interval_leaves_the_margin_out(bias, level, lost):
    values, whole, without = skewed(4, bias)
    values = [None] * lost + values[lost:]
    held, side = replicates(values, whole, without), float(one_side(level))
    ci = held.interval(IntervalSpec("bootstrap", level))
    for margin in (*sorted(values[lost:])[::7], ci["low"], ci["high"]):
        assert (held.chance(lambda v, m=margin: v <= m) <= side) == (ci["low"] > margin)
        assert (held.chance(lambda v, m=margin: v >= m, above=True) <= side) == (ci["high"] < margin)
        assert (held.chance(lambda v, m=margin: v > m, above=True) <= side) == (ci["high"] <= margin)


# ── every state ──


@pytest.mark.parametrize("loss", forms(), ids=title)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_resample_is_the_merge_of_its_groups(loss, weighted):
    rng, params = generator(loss, "bootstrap"), usual_params(loss)
    roles = kept(loss, draw(loss, params, rng, 60), params)
    found = loss.measure_rows(roles, row_params(loss, params, roles))
    columns = found if isinstance(found, tuple) else (found,)
    finite = np.logical_and.reduce([np.isfinite(column) for column in columns])
    columns = tuple(
        column[finite] for column in columns
    )  # where a row is infinite there is nothing to resample
    rows = len(columns[0])
    codes = rng.integers(0, 5, rows)
    weight = rng.integers(1, 9, rows).astype(float) if weighted else None
    kind = state_kind(loss.state)
    state = kind.of(columns, weight, None, codes, 6)
    groups = [state.at(g) if (codes == g).any() else None for g in range(6)]
    counts = rng.integers(0, 3, (4, 6)).astype(float)
    counts[:, 0] = 1.0
    own = own_params(loss, params, roles)
    for row, resample in zip(counts, states_of_resamples(state, counts), strict=True):
        merged = None
        for group, count in zip(groups, row, strict=True):
            for _ in range(int(count) if group is not None else 0):
                merged = group if merged is None else merged.merge(group)
        assert (resample.rows, resample.weight) == (merged.rows, merged.weight)
        if loss.per_class and loss.state == "confusion":
            resample, merged = resample.counts(1), merged.counts(1)
        assert rounded(finish(loss, own, resample, str)) == rounded(finish(loss, own, merged, str))


def test_sums_of_any_size_are_multiplied_without_rounding():
    from losscli.numbers.sums import Sums

    values = np.array([1.7e308, -1.7e308, 5e-324, -3e-200, 12.5, 1e16])
    groups = Sums.of([values], None, None, np.arange(6), 6)
    counts = np.array([[3.0, 2, 256, 1, 0, 7], [0, 0, 1, 0, 0, 0]])
    for row, state in zip(counts, states_of_resamples(groups, counts), strict=True):
        exact = sum(int(count) * Fraction(value) for count, value in zip(row, values.tolist(), strict=True))
        assert state.totals[0].fraction == exact


def test_every_resample_draws_as_many_groups_as_there_are():
    counts = draws(37, 1)
    assert counts.shape == (REPLICATES, 37)
    assert (counts.sum(axis=1) == 37).all()
    # 1999 · 37 draws: each group about 1999 times, with a standard deviation of 45
    assert abs(counts.sum(axis=0) - REPLICATES).max() < 6 * 45


def test_groups_are_even_over_numbers_and_keys():
    for groups in (
        [group_of_number(row) for row in range(1, 25601)], [group_of_text(str(key)) for key in range(25600)]
    ):  # fmt: skip
        # 100 rows a group, with a standard deviation of 10
        assert abs(np.bincount([group >> 56 for group in groups], minlength=GROUPS) - 100).max() < 60


def test_the_standard_error_of_resamples_far_from_zero_loses_no_digit():
    values = [1e15 + at for at in range(REPLICATES)]
    assert replicates(values, 1e15).stderr == pytest.approx(np.std(np.arange(REPLICATES), ddof=1), rel=1e-14)


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("loss", of_each_kind([form for form in forms() if form.state != "sums"]), ids=title)
def test_what_is_no_function_of_means_has_the_bootstrap_and_no_normal_interval(loss, tmp_path):
    rng, params = generator(loss, "intervals"), usual_params(loss)
    held = files(tmp_path, loss, draw(loss, params, rng, 30))
    for ci in ("normal", "bootstrap"):
        for found in evaluate(
            held.preds, held.labels, loss=[spec(loss, params)], ci=ci, **held.options
        ).results:
            assert (found.ci is None) == (found.stderr is None)
            if ci == "normal":
                assert found.ci is None
            assert found.ci is not None or found.value is None or "no interval: " in found.note
