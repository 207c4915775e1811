"""A plan is a value: it pickles whatever the options are, and measures the same in another process."""

from __future__ import annotations

import pickle
from dataclasses import fields

import numpy as np
import pytest
from tables import table

from losscli.measure.call import Call
from losscli.measure.engines import threads
from losscli.measure.loss_request import requests_of
from losscli.reading.source import Dialect
from losscli.report.evaluate import evaluated
from losscli.report.models import CompareOptions
from losscli.report.options import EvalOptions, GateOptions
from losscli.report.provenance import finish_options
from losscli.report.results import results

ROWS = {
    "id": range(12),
    "label": [0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1],
    "pred": [0.1, 0.8, 0.6, 0.3, 0.9, 0.4, 0.7, 0.2, 0.1, 0.6, 0.8, 0.9],
    "other": [0.2, 0.7, 0.5, 0.3, 0.9, 0.5, 0.6, 0.3, 0.2, 0.5, 0.9, 0.8],
    "w": [1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 1, 1],
    "group": ["a", "b", "a", "c", "b", "a", "c", "b", "a", "a", "b", "c"],
    "size": [1, 2, 1, 4, 2, 1, 4, 2, 1, 1, 2, 4],
    "day": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
}

SHARED = {
    "loss": ["log_loss", "brier", "f1:threshold=0.4", "r2", "expr:abs(pred - label) * w"],
    "pred": ["pred", "other"],
    "label": "label",
    "weight": "w",
    "from_logits": True,
    "classes": ["0", "1"],
    "pos_label": "1",
    "class_weight": {"1": 3.0},
    "average": "macro",
    "by": ["group", "pred:bins=3", "day:quantiles=2", "w:edges=1/2", "group+w"],
    "min_slice": 4,
    "where": "group != 'c' and w >= 1",
    "nan": "drop",
    "on": "id",
    "key_type": "int",
    "unmatched": "drop",
    "ci": "normal:level=0.9",
    "input_format": "csv",
    "dialect": Dialect(null=("-",)),
    "jobs": 2,
    "chunk_rows": 5,
    "memory": 1 << 26,
    "time": "day",
}
EVAL = SHARED | {
    "rows_out": "rows.csv",
    "gradient": True,
    "worst": 3,
    "columns": ["group", "day"],
    "constant": True,
    "pictures": "all",
    "group": "group",
    "group_weight": "size",
}
COMPARE = SHARED | {"margin": 0.1, "fail_on": ["better"]}
NEEDS = {
    "key_type": {"on": "id"},
    "unmatched": {"on": "id"},
    "gradient": {"rows_out": "rows.csv"},
    "columns": {"worst": 3},
    "average": {"loss": ["f1"]},
    "group_weight": {"group": "group"},
    "from_logits": {"loss": ["log_loss"]},
    "time": {"loss": ["theil_u2"]},
}
"""Options without which another says nothing."""


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    preds = table(tmp_path, {name: ROWS[name] for name in ROWS if name != "label"}, "preds.csv")
    return preds, table(tmp_path, {name: ROWS[name] for name in ("id", "label")}, "labels.csv")


def measured(call, plan):
    """The results by a plan, and the plan itself."""
    plan, outcome = call.measured(plan, None)
    return results(plan, outcome.tally, finish_options(call.options, plan, call.sources))


def again(call):
    plan = call.plan(requests_of(call.options.losses))
    copied = pickle.loads(pickle.dumps(plan))
    return measured(call, plan), measured(call, copied)


def test_every_option_that_decides_a_plan_is_tried():
    of_plans = {field.name for field in fields(EvalOptions) if field.init}
    told = {field.name for field in fields(GateOptions)} | {"preds", "labels", "for_spreadsheets"}
    # What becomes of the plan's tally, which rows it is for, and who measures them.
    told |= {"state_out", "shard", "resume", "engine", "compat"}
    assert of_plans - told == set(EVAL)
    of_plans = {field.name for field in fields(CompareOptions) if field.init}
    told = {"base", "head", "labels", "engine", "state_out", "shard", "group", "group_weight", "compat"}
    assert of_plans - told == set(COMPARE)


@pytest.mark.parametrize("name", EVAL)
def test_a_plan_pickles_with_each_option_and_measures_the_same(name, paths):
    options = {"loss": ["mse", "zero_one"], "pred": "pred", **NEEDS.get(name, {}), name: EVAL[name]}
    one, other = again(Call.opened(EvalOptions(*paths, **options)))
    assert one == other != []


@pytest.mark.parametrize("ci", ["bootstrap", "bootstrap:cluster=group"])
@pytest.mark.parametrize("more", [{}, {"by": ["group"]}, {"on": "id"}])
def test_a_plan_of_resamples_pickles(ci, more, paths):
    one, other = again(Call.opened(EvalOptions(*paths, loss="mse", pred="pred", ci=ci, **more)))
    assert one == other != []


@pytest.mark.parametrize("name", COMPARE)
def test_a_plan_of_a_comparison_pickles_with_each_option(name, paths):
    options = {"loss": ["mse"], "pred": ["pred", "other"], **NEEDS.get(name, {}), name: COMPARE[name]}
    one, other = again(Call.opened(CompareOptions(*paths, **options)))
    assert one == other != []


@pytest.mark.parametrize("loss", ["mse", "mae", "log_loss", "zero_one"])
def test_a_plan_with_constants_pickles_and_measures_the_same(loss, paths):
    options = EvalOptions(
        *paths, loss=loss, pred="pred", constant=True, by=["group", "day:bins=2"], min_slice=4
    )
    call = Call.opened(options)
    plan, outcome = call.measured(call.plan(requests_of(call.options.losses)), None)
    copied = pickle.loads(pickle.dumps(plan))
    tally = threads.run(copied, call.sources, jobs=2, advance=lambda rows, size: None, memory=None).tally
    finish = finish_options(call.options, plan, call.sources)
    found = results(copied, tally, finish)
    assert found == results(plan, outcome.tally, finish)
    assert all(one.constant is not None for one in found)


def test_a_plan_that_was_measured_by_pickles_with_the_slices_it_has_met(paths):
    call = Call.opened(EvalOptions(*paths, loss="mse", pred="pred", by=["group"], ci="bootstrap"))
    plan, _ = call.measured(call.plan(requests_of(call.options.losses)), None)
    assert measured(call, pickle.loads(pickle.dumps(plan))) == evaluated(call.options).results


@pytest.mark.parametrize(
    ("rows", "loss", "jobs"),
    [(1_000, "auc", 1), (200_000, "mse", 1), (200_000, "auc", 4), (2_200_000, "mse", 4)],
)
def test_arrays_are_measured_on_every_core_where_they_are_large_or_their_rows_are_kept(
    rows, loss, jobs, monkeypatch
):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: range(4), raising=False)
    call = Call.opened(EvalOptions(np.full(rows, 0.5), np.zeros(rows), loss=loss))
    assert threads.default_jobs(call.sources, call.plan(requests_of(call.options.losses))) == jobs
