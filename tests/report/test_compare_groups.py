"""`losscli compare --group`: the groups are what is paired, and what varies."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from tables import COMPARED, table

from losscli.errors import UsageError
from losscli.report.compare import compare


def grouped_models(seed=4, rows=400, groups=25):
    rng = np.random.default_rng(seed)
    label, q = rng.normal(size=rows), rng.integers(0, groups, rows)
    return {
        "label": label, "a": label + rng.normal(size=rows),
        "b": label + 0.6 * rng.normal(size=groups)[q] + rng.normal(size=rows),
        "q": q, "half": rng.choice(["x", "y"], rows), "gw": 1 + q % 3,
    }  # fmt: skip


def compared(folder, columns, loss, **options):
    return compare(
        table(folder, columns), loss=loss, pred=("a", "b"), label="label", group="q", **options
    ).comparisons


def by_group(d, value, where=None):
    held = np.ones(len(d["q"]), bool) if where is None else where
    codes = [code for code in np.unique(d["q"]) if (held & (d["q"] == code)).any()]
    return [
        np.array([value((d[name] - d["label"])[held & (d["q"] == code)]) for code in codes]) for name in "ab"
    ]


def rmse(errors):
    return np.sqrt((errors**2).mean())


def test_the_interval_is_of_the_differences_of_groups(tmp_path):
    d = grouped_models()
    (found,) = compared(tmp_path, d, "rmse")
    base, head = by_group(d, rmse)
    peer = stats.ttest_rel(head, base)
    ends = peer.confidence_interval(0.95)
    assert found.worse_by == pytest.approx((head - base).mean(), rel=1e-12)
    assert found.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    assert (found.ci["low"], found.ci["high"]) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert (found.wins, found.ties, found.losses) == ((head < base).sum(), 0, (head > base).sum())
    assert found.test == "paired t"


def test_of_a_loss_that_is_best_at_zero_the_farther_mean_is_worse(tmp_path):
    d = grouped_models()
    d["b"] = d["b"] - 3.0
    (found,) = compared(tmp_path, d, "bias")
    base, head = by_group(d, np.mean)
    signed = np.sign(head.mean()) * head - np.sign(base.mean()) * base
    assert found.worse_by == pytest.approx(abs(head.mean()) - abs(base.mean()), rel=1e-12)
    assert found.stderr == pytest.approx(signed.std(ddof=1) / np.sqrt(len(signed)), rel=1e-9)


def test_groups_weigh_as_their_weights_say(tmp_path):
    d = grouped_models()
    (found,) = compared(tmp_path, d, "mae", group_weight="gw")
    base, head = by_group(d, lambda errors: np.abs(errors).mean())
    w = 1 + np.unique(d["q"]) % 3
    apart = head - base
    mean = (w * apart).sum() / w.sum()
    error = np.sqrt(len(w) / (len(w) - 1) * (w**2 * (apart - mean) ** 2).sum()) / w.sum()
    assert (found.worse_by, found.stderr) == (pytest.approx(mean, rel=1e-12), pytest.approx(error, rel=1e-9))


def test_groups_are_compared_within_each_slice_under_holms_correction(tmp_path):
    d = grouped_models()
    whole, *slices = compared(tmp_path, d, "rmse", by=("half",))
    assert whole.p_adjusted is None
    peers = [stats.ttest_rel(*reversed(by_group(d, rmse, d["half"] == half))).pvalue for half in "xy"]
    assert [one.p_value for one in slices] == pytest.approx(peers, rel=1e-9)
    twice = min(1.0, 2 * min(peers))
    holm = [max(p, twice) for p in peers]
    assert [one.p_adjusted for one in slices] == pytest.approx(holm, rel=1e-9)


def test_the_bootstrap_draws_groups(tmp_path):
    d = grouped_models()
    (found,) = compared(tmp_path, d, "rmse", ci="bootstrap")
    (normal,) = compared(tmp_path, d, "rmse")
    assert (found.test, found.ci["method"], found.worse_by) == ("sign flip", "bootstrap", normal.worse_by)
    assert found.stderr == pytest.approx(normal.stderr, rel=0.1)


def test_one_row_in_each_group_is_the_comparison_of_rows(tmp_path):
    d = grouped_models()
    d["q"] = np.arange(len(d["q"]))
    (found,) = compared(tmp_path, d, "mae")
    (peer,) = compare(table(tmp_path, d), loss="mae", pred=("a", "b"), label="label").comparisons
    assert (found.worse_by, found.ci, found.p_value) == (peer.worse_by, peer.ci, peer.p_value)
    assert (found.wins, found.ties, found.losses) == (peer.wins, peer.ties, peer.losses)


@pytest.mark.parametrize("options", [{"chunk_rows": 7}, {"jobs": 3, "chunk_rows": 50}])
def test_it_is_the_same_bits_however_the_rows_are_cut(tmp_path, options):
    d = grouped_models()
    assert compared(tmp_path, d, ("rmse", "r2"), **options) == compared(tmp_path, d, ("rmse", "r2"))


def test_models_that_have_values_in_other_groups_have_no_interval(tmp_path):
    # In group 0 the ranks of `a` are all tied, and no correlation is.
    d = grouped_models()
    d["a"] = np.where(d["q"] == 0, 1.0, d["a"])
    (found,) = compared(tmp_path, d, "spearman:undefined=skip")
    assert (found.ci, found.wins, found.verdict) == (None, None, "inconclusive")
    assert "no interval: the models do not have a value in the same groups" in found.note
    (drawn,) = compared(tmp_path, d, "spearman:undefined=skip", ci="bootstrap")
    assert (drawn.ci, drawn.worse_by) == (None, found.worse_by)


def test_one_group_has_no_interval(tmp_path):
    d = grouped_models()
    d["q"] = np.zeros_like(d["q"])
    (found,) = compared(tmp_path, d, "mae")
    assert found.ci is None
    assert "one group of rows tells nothing" in found.note


def test_over_groups_time_orders_the_rows_of_each(tmp_path):
    d = grouped_models()
    d["t"] = np.arange(len(d["q"]))
    (found,) = compared(tmp_path, d, "theil_u2", time="t")
    assert found.test == "paired t"
    with pytest.raises(UsageError, match="`horizon` is of a comparison over time"):
        compared(tmp_path, d, "mae", time="t", ci="normal:horizon=2")


def test_the_command_fails_where_the_groups_say_that_the_head_is_worse(here, tmp_path):
    d = grouped_models()
    d["b"] = d["b"] + 2.0
    path = table(tmp_path, d)
    ran = here("compare", path, *COMPARED, "--group", "q", "--json")
    (found,) = json.loads(ran.out)["comparisons"]
    assert (ran.code, found["verdict"], found["wins"] + found["ties"] + found["losses"]) == (1, "worse", 25)
    assert here("compare", path, *COMPARED, "--group-weight", "gw").code == 2
