"""The bootstrap: against a plain loop over lists of rows, the same bits however rows are read, and every state."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics

from draws import draw, files, forms, generator, kept, row_params, spec, title, usual_params
from losscli.bootstrap import GROUPS, REPLICATES, Replicates, draws, resampled
from losscli.errors import UsageError
from losscli.evaluation import evaluate
from losscli.intervals import IntervalSpec
from losscli.results import finish, rounded
from losscli.state import STATES
from test_intervals import own_params, table

MASK = 2**64 - 1


# ── the same, in plain Python ──


def mixed(word):
    """The last steps of SplitMix64 (Steele, Lea & Flood 2014)."""
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB & MASK
    return word ^ (word >> 31)


def group_of_number(row):
    return mixed(row) >> 56


def group_of_text(text):
    raw = text.encode() + b"\1"
    words = [int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw), 8)]
    return mixed(sum(mixed(word) * (2 * at + 1) for at, word in enumerate(words)) & MASK) >> 56


def resamples(groups, seed=0):
    """Lists of row numbers, one for each resample: the rows of the groups that were drawn."""
    held = [[row for row, group in enumerate(groups) if group == g] for g in sorted(set(groups))]
    words = np.random.PCG64(seed).random_raw(REPLICATES * len(held)).tolist()
    for at in range(REPLICATES):
        drawn = words[at * len(held) : (at + 1) * len(held)]
        yield [row for word in drawn for row in held[(word >> 32) * len(held) >> 32]]


def by_hand(value_of, groups, seed=0, level=0.95):
    """The interval and the standard error from a loop over all resamples."""
    values = sorted(value_of(rows) for rows in resamples(groups, seed))
    at = {0.95: 50, 0.9: 100}[level]  # of 2000
    return values[at - 1], values[-at], np.std(values, ddof=1)


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


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("turned", [False, True])
def test_with_keys_neither_the_order_of_rows_nor_the_format_shows(tmp_path, drawn, suffix, turned):
    once = by_key(tmp_path, drawn, list(range(300)))
    first = seen(evaluate(*once, loss=["mae", "r2"], on="id", ci="bootstrap").results)
    (tmp_path / "more").mkdir()
    again = by_key(tmp_path / "more", drawn, list(range(300))[:: -1 if turned else 1], suffix)
    assert seen(evaluate(*again, loss=["mae", "r2"], on="id", ci="bootstrap").results) == first


@pytest.mark.parametrize("options", [{"chunk_rows": 1}, {"chunk_rows": 7, "jobs": 3}, {"jobs": 2}])
@pytest.mark.parametrize("weight", [None, "w"])
def test_the_interval_is_the_same_bits_however_the_rows_are_cut(tmp_path, drawn, options, weight):
    path, losses = table(tmp_path, drawn), ("mae", "rmse", "wape", "r2", "max_error")
    call = {"weight": weight, "by": ["g", "who"], "min_slice": 6}
    assert seen(measured(path, *losses, **call, **options)) == seen(measured(path, *losses, **call))


def test_formats_do_not_show(tmp_path, drawn):
    path = str(tmp_path / "t.parquet")
    pq.write_table(pa.table(drawn), path, row_group_size=17)
    for ci in ("bootstrap", "bootstrap:cluster=who", "bootstrap:cluster=g"):
        one = seen(measured(path, "mae", "r2", by=["g"], ci=ci))
        assert one == seen(measured(table(tmp_path, drawn), "mae", "r2", by=["g"], ci=ci))


def test_the_interval_of_a_slice_is_that_of_its_rows_alone(tmp_path, drawn):
    path = table(tmp_path, drawn)
    whole = measured(path, "r2", "rmse", weight="w", by=["g"])
    alone = measured(path, "r2", "rmse", weight="w", where="g == 'a'")
    assert seen(r for r in whole if r.slice == {"g": "a"}) == seen(alone)


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
    held = sorted(value for value in values if value is not None)
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((held[49 - lost], held[lost - 50]), rel=1e-12)
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


# ── every state ──


@pytest.mark.parametrize("loss", forms(), ids=title)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_resample_is_the_merge_of_its_groups(loss, weighted):
    rng, params = generator(loss, "bootstrap"), usual_params(loss)
    roles = kept(loss, draw(loss, params, rng, 60), params)
    found = loss.measure_rows(roles, row_params(loss, params, roles))
    columns = found if isinstance(found, tuple) else (found,)
    rows = len(columns[0])
    codes = rng.integers(0, 5, rows)
    weight = rng.integers(1, 9, rows).astype(float) if weighted else None
    groups = [
        STATES[loss.state].of([c[codes == g] for c in columns], None if weight is None else weight[codes == g])
        if (codes == g).any() else None
        for g in range(6)
    ]  # fmt: skip
    counts = rng.integers(0, 3, (4, 6)).astype(float)
    counts[:, 0] = 1.0
    own = own_params(loss, params, roles)
    for row, state in zip(counts, resampled(groups, counts), strict=True):
        merged = None
        for group, count in zip(groups, row, strict=True):
            for _ in range(int(count) if group is not None else 0):
                merged = group if merged is None else merged.merge(group)
        assert (state.rows, state.weight) == (merged.rows, merged.weight)
        if loss.per_class and loss.state == "confusion":
            state, merged = state.counts(1), merged.counts(1)
        assert rounded(finish(loss, own, state)) == rounded(finish(loss, own, merged))


def test_sums_of_any_size_are_multiplied_without_rounding():
    from losscli.state import Sums

    values = np.array([1.7e308, -1.7e308, 5e-324, -3e-200, 12.5, 1e16])
    groups = [Sums.of([values[at : at + 1]], None) for at in range(6)]
    counts = np.array([[3.0, 2, 256, 1, 0, 7], [0, 0, 1, 0, 0, 0]])
    for row, state in zip(counts, resampled(groups, counts), strict=True):
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
        assert abs(np.bincount(groups, minlength=GROUPS) - 100).max() < 60


def test_the_standard_error_of_resamples_far_from_zero_loses_no_digit():
    values = [1e15 + at for at in range(REPLICATES)]
    assert Replicates.of(values).stderr == pytest.approx(np.std(np.arange(REPLICATES), ddof=1), rel=1e-14)


@pytest.mark.parametrize("loss", [form for form in forms() if form.state != "sums"], ids=title)
def test_what_is_no_function_of_means_has_the_bootstrap_and_no_normal_interval(loss, tmp_path):
    rng, params = generator(loss, "intervals"), usual_params(loss)
    held = files(tmp_path, loss, draw(loss, params, rng, 60))
    for ci in ("normal", "bootstrap"):
        for found in evaluate(
            held.preds, held.labels, loss=[spec(loss, params)], ci=ci, **held.options
        ).results:
            assert (found.ci is None) == (found.stderr is None)
            if ci == "normal":
                assert found.ci is None
            assert found.ci is not None or found.value is None or "no interval: " in found.note
