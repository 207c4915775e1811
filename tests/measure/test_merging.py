"""Tallies of two processes merge to that of all rows, to the bit: their groups carry labels."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from tables import table

from losscli.measure.call import Call
from losscli.measure.fold import fold
from losscli.measure.loss_request import requests_of
from losscli.measure.observers.observer import WHOLE
from losscli.measure.observers.worst_rows import WorstRows
from losscli.measure.tally import Tally
from losscli.report.evaluate import evaluated
from losscli.report.options import EvalOptions
from losscli.report.provenance import finish_options
from losscli.report.results import results
from losscli.statistics import groups

FOLDS_A_PIECE = """
import pickle, sys
from losscli.measure.fold import fold
from losscli.measure.tally import Tally

plan, blocks = pickle.load(sys.stdin.buffer)
tally = Tally()
for block in blocks:
    tally.merge(fold(plan, block))
pickle.dump(tally, sys.stdout.buffer)
"""

ROWS = 600
LOSSES = ["mse", "r2", "max_error", "f1", "brier", "ece"]

OPTIONS = {
    "a slicing": {"by": ["g"]},
    "crossings": {"by": ["g+h", "pred:edges=0.3/0.6", "g+h+pred:bins=3"]},
    "missing values": {"by": ["g", "g+h"], "nan": "drop", "weight": "w"},
    "missing values that are kept": {"by": ["g"], "nan": "propagate"},
    "intervals": {"by": ["h", "g"], "ci": "normal", "weight": "w", "min_slice": 20},
    "resamples of rows": {"loss": "mse", "by": ["h"], "ci": "bootstrap"},
    "resamples of clusters": {"loss": "mse", "by": ["h"], "ci": "bootstrap:cluster=c", "nan": "drop"},
    "the worst rows": {"by": ["g"], "worst": 7, "columns": ["c"]},
    "pictures": {"by": ["h"], "pictures": "all"},
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    random = np.random.default_rng(3)
    names = [f"g{at}" for at in range(40)]
    columns = {
        "label": random.integers(0, 2, ROWS).tolist(),
        "pred": random.random(ROWS).round(4).tolist(),
        "w": random.integers(0, 4, ROWS).tolist(),
        # The later half meets other slices, and the same ones in another order.
        "g": [names[at] for at in [*random.integers(0, 25, ROWS // 2), *(39 - random.integers(0, 25, ROWS // 2))]],
        "h": random.choice(["x", "y", "", "z"], ROWS).tolist(),
        "c": random.integers(0, 50, ROWS).tolist(),
    }  # fmt: skip
    return table(tmp_path_factory.mktemp("rows"), columns, "rows.csv"), columns


def blocks_of(call, plan, monkeypatch):
    """The blocks that are folded."""
    found = []

    def noted(plan, block):
        found.append(block)
        return fold(plan, block)

    monkeypatch.setattr("losscli.measure.engines.threads.fold", noted)
    plan, outcome = call.measured(plan, None)
    return plan, outcome.tally, found


def in_another_process(plan, blocks):
    found = subprocess.run(
        [sys.executable, "-c", FOLDS_A_PIECE], input=pickle.dumps((plan, blocks)), stdout=subprocess.PIPE, check=True
    )  # fmt: skip
    return pickle.loads(found.stdout)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_tallies_of_two_processes_merge_to_that_of_all_rows(name, path, monkeypatch, tmp_path):
    options = OPTIONS[name]
    file, columns = path
    if "nan" in options:
        gone = ["" if at % 9 == 4 else value for at, value in enumerate(columns["pred"])]
        file = table(tmp_path, columns | {"pred": gone}, "gaps.csv")
    call = Call.opened(
        EvalOptions(file, pred="pred", label="label", chunk_rows=50, jobs=1, **{"loss": LOSSES} | options)
    )
    plan, whole, blocks = blocks_of(call, call.plan(requests_of(call.options.losses)), monkeypatch)
    assert len(blocks) == ROWS // 50
    half = len(blocks) // 2
    one, other = (in_another_process(plan, piece) for piece in (blocks[half:], blocks[:half]))
    one.merge(other)
    one.add_up()
    finish = finish_options(call.options, plan, call.sources)
    merged, expected = (results(plan, tally, finish._replace(whole=tally)) for tally in (one, whole))
    assert merged == expected
    assert any(result.slice for result in merged)
    assert {key for key in one.kept if key[1] is WHOLE} == {key for key in whole.kept if key[1] is WHOLE}
    if "worst" in options:
        assert any(isinstance(what, WorstRows) for what, _ in one.kept)


@pytest.mark.parametrize("most", [300, 500, 10_000])
@pytest.mark.parametrize("by", [[], ["h"]])
def test_groups_of_the_bootstrap_do_not_depend_on_where_they_become_too_many(most, by, path, monkeypatch):
    # In one block, when blocks merge, or when the pairs of slices and groups do.
    monkeypatch.setattr(groups, "MOST_OWN", most)
    monkeypatch.setattr(groups, "MOST_PAIRS", 2 * most)
    file, _ = path
    found = [
        evaluated(
            EvalOptions(file, loss="mse", pred="pred", label="label", ci="bootstrap", by=by, chunk_rows=rows, jobs=jobs)
        ).results
        for rows, jobs in [(600, 1), (150, 2), (17, 1)]
    ]  # fmt: skip
    assert found[0] == found[1] == found[2]
    assert found[0][0].ci is not None


def test_a_block_gives_only_the_slices_that_have_rows_in_it(path, monkeypatch):
    file, columns = path
    call = Call.opened(
        EvalOptions(file, loss="mse", pred="pred", label="label", by=["g"], where="g == 'g3'", jobs=1)
    )
    plan, whole, (block,) = blocks_of(call, call.plan(requests_of(call.options.losses)), monkeypatch)
    assert columns["g"].count("g3")
    assert list(fold(plan, block).labels[0]) == list(whole.labels[0]) == [("g3",)]


def test_an_empty_tally_takes_the_labels_of_another_in(path, monkeypatch):
    file, _ = path
    call = Call.opened(EvalOptions(file, loss="mse", pred="pred", label="label", by=["g"], jobs=1))
    plan, _, (block,) = blocks_of(call, call.plan(requests_of(call.options.losses)), monkeypatch)
    one, other = Tally(), fold(plan, block)
    one.merge(other)
    one.merge(other)
    assert list(one.labels[0]) == list(other.labels[0])
    assert one.labels[0] is not other.labels[0]
