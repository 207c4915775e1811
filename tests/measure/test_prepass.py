"""What must be known of values before rows are measured: bind states it and reads nothing, the prepass reads it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables import table

from losscli.measure import bind
from losscli.measure.call import Call
from losscli.measure.loss_request import requests_of
from losscli.measure.needs import Knowledge, Unknown
from losscli.report.options import EvalOptions


def opened(monkeypatch, *paths, **options):
    """A call whose rows cannot be read."""
    call = Call.opened(EvalOptions(*paths, **options))

    def refuse(*wants):
        raise AssertionError("rows are read")

    for source in call.sources:
        monkeypatch.setattr(source, "parts", refuse)
    return call


def bound(call, known):
    return bind.plan(call.sources, requests_of(call.options.losses), call.options, known)


def needs(call, known):
    with pytest.raises(Unknown) as unknown:
        bound(call, known)
    return {(need.subject, need.columns): need for need in unknown.value.needs}


def test_bind_reads_no_row(tmp_path, monkeypatch):
    path = table(tmp_path, {"pred": [1, 2], "label": [1, 3], "g": ["a", "b"]})
    call = opened(monkeypatch, path, loss=["mse", "r2"], by=["g"], where="pred > 0", worst=1)
    assert [measure.loss.name for measure in bound(call, Knowledge()).measures] == ["mse", "r2"]


def test_edges_are_asked_for_all_at_once_and_the_plan_has_those_of_the_answer(tmp_path, monkeypatch):
    path = table(tmp_path, {"pred": [1, 2], "label": [1, 3], "age": [20, 50], "size": [1, 2]})
    call = opened(
        monkeypatch, path, pred="pred", label="label", loss="mse", by=["age:bins=2+size:quantiles=2"]
    )
    known = Knowledge()
    found = needs(call, known)
    assert set(found) == {("edges", ((0, 2),)), ("edges", ((0, 3),))}
    known.answers = {need: (float(at), 9.0) for at, need in enumerate(found.values())}
    (view,) = bound(call, known).slicings
    assert [key.edges for key in view.slicing.keys] == [(0.0, 9.0), (1.0, 9.0)]


def test_lists_are_looked_at_first_and_then_read_for_their_labels(tmp_path, monkeypatch):
    path = str(tmp_path / "t.parquet")
    rows = pa.table({"label": [["a"], ["a", "b"]], "pred": [["b"], ["c"]]})
    pq.write_table(rows, path)
    call = Call.opened(EvalOptions(path, loss="hamming"))
    known = Knowledge()
    found = needs(call, known)
    assert set(found) == {("first lists", ((0, 0),)), ("first lists", ((0, 1),))}
    known.answers |= dict.fromkeys(found.values())
    found = needs(call, known)
    assert set(found) == {("labels", ((0, 0),)), ("labels", ((0, 1),))}
    known.answers |= {need: {"a", "b"} for need in found.values()}
    assert {label for slot in bound(call, known).sides[0] for label in slot.labels} == {"a", "b"}


def test_ids_that_two_files_store_in_the_same_bytes_are_not_compared(tmp_path):
    paths = [str(tmp_path / name) for name in ("p.parquet", "l.parquet", "m.parquet")]
    for path, role, ids in zip(paths, ("pred", "label", "label"), ([1, 2], [1, 2], [1, 3]), strict=True):
        pq.write_table(pa.table({"id": ids, role: [1.0, 2.0]}), path)
    for labels, compared in ((paths[1], 0), (paths[2], 1)):
        call = Call.opened(EvalOptions(paths[0], labels, loss="mse"))
        assert len(call.plan(requests_of(call.options.losses)).shared_ids) == compared
