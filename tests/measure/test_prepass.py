"""What must be known of values before rows are measured: bind states it and reads nothing, the prepass reads it."""

from __future__ import annotations

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from tables import table

from losscli import DataError, compare, evaluate
from losscli.measure import bind
from losscli.measure.call import Call
from losscli.measure.loss_request import requests_of
from losscli.measure.needs import Knowledge, Unknown
from losscli.reading import jsonl
from losscli.reading.folder import CountedFolder
from losscli.reading.source import Source
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


# ── whatever the format and the call, no row is read and no file is opened while the plan is made ──

COLUMNS = {
    "id": [3, 1, 2, 4],
    "label": [1, 0, 1, 1],
    "pred": [0.5, 0.25, 0.75, 1.0],
    "other": [0.25, 0.5, 0.5, 0.75],
    "w": [1, 2, 1, 3],
    "g": ["a", "b", "a", "b"],
}


def rows_of(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def npz(path, columns):
    np.savez(path, **{name: np.array(column) for name, column in columns.items()})


WRITERS = {
    "csv": lambda path, columns: table(path.parent, columns, path.name),
    "parquet": lambda path, columns: pq.write_table(pa.table(columns), path, row_group_size=2),
    "arrow": lambda path, columns: feather.write_feather(pa.table(columns), path, compression="uncompressed"),
    "jsonl": lambda path, columns: lines(path, rows_of(columns)),
    "npz": npz,
}
CALLS = {
    "two files": {},
    "by key": {"on": "id"},
    "options": {"loss": ["log_loss", "f1"], "weight": "w", "where": "id > 0", "ci": "normal", "nan": "drop"},
    "slices": {"by": ["g", "pred:bins=2+g", "w:quantiles=2"], "min_slice": 2},
    "bootstrap": {"ci": "bootstrap:cluster=g"},
    "rows": {"worst": 2, "columns": ["g", "oth*"]},
    "constants": {"loss": ["mse", "mae"], "constant": True, "by": ["g"]},
}


@pytest.fixture
def unreadable_at_bind(tmp_path, monkeypatch):
    """A folder for inputs, which is away while a plan is made; and no source reads then.  Plans are counted."""
    folder, away, plan = tmp_path / "inputs", tmp_path / "away", bind.plan
    folder.mkdir()
    binding = []

    def bound_without_files(*given):
        folder.rename(away)
        binding.append(True)
        try:
            return plan(*given)
        finally:
            binding[-1] = False
            away.rename(folder)

    def guarded(kind, name):
        work = vars(kind)[name]

        def refuse(*given, **more):
            assert not any(binding), f"{kind.__name__}.{name} is called while the plan is made"
            return work(*given, **more)

        monkeypatch.setattr(kind, name, refuse)

    kinds, reading = [Source], ("parts", "part_of", "look_for", "holds_the_same")
    for kind in kinds:
        kinds += kind.__subclasses__()
        for name in reading:
            if name in vars(kind):
                guarded(kind, name)
    assert CountedFolder in kinds
    monkeypatch.setattr(bind, "plan", bound_without_files)
    return folder, binding


def inputs(folder, suffix):
    """A file of predictions, and one of labels."""
    preds = {name: column for name, column in COLUMNS.items() if name != "label"}
    labels = {name: COLUMNS[name] for name in ("id", "label")}
    paths = [folder / f"{name}.{suffix}" for name in ("preds", "labels")]
    for path, columns in zip(paths, (preds, labels), strict=True):
        WRITERS[suffix](path, columns)
    return [str(path) for path in paths]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("suffix", WRITERS)
def test_bind_reads_nothing_of_any_format(suffix, call, unreadable_at_bind):
    folder, binding = unreadable_at_bind
    options = {"loss": "mse", "pred": "pred", **CALLS[call]}
    assert evaluate(*inputs(folder, suffix), **options).results
    assert binding


@pytest.mark.parametrize("suffix", WRITERS)
def test_bind_reads_nothing_of_folders_and_of_files_that_are_compared(suffix, unreadable_at_bind):
    folder, binding = unreadable_at_bind
    for name in ("g=a", "g=b"):
        (folder / name).mkdir()
        WRITERS[suffix](folder / name / f"rows.{suffix}", {name: COLUMNS[name] for name in ("label", "pred")})
    assert evaluate(str(folder), loss="mse", pred="pred", label="label", by=["g", "pred:bins=2"]).results
    base, labels = inputs(folder, suffix)
    assert compare(base, labels, loss="mse", pred=["pred", "other"], on="id").rows
    assert len(binding) > 2


def test_bind_reads_nothing_of_standard_input(unreadable_at_bind, monkeypatch):
    _, binding = unreadable_at_bind
    rows = b"label,pred\n1,2\n3,3\n"
    for options in ({}, {"constant": True}, {"input_format": "csv"}):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows)))
        assert evaluate("-", loss="mse", **options).results[0].value == 0.5
    assert binding


def test_bind_reads_nothing_of_lists(unreadable_at_bind):
    folder, binding = unreadable_at_bind
    rows = [{"label": ["a"], "pred": ["b"]}, {"label": ["a", "b"], "pred": ["c"]}]
    lines(folder / "lists.jsonl", rows)
    pq.write_table(pa.Table.from_pylist(rows), folder / "lists.parquet")
    for name in ("lists.jsonl", "lists.parquet"):
        assert evaluate(str(folder / name), loss="hamming").results
    assert len(binding) == 6  # first lists, then labels, then all is known


# ── columns of JSON lines that begin after the head ──


@pytest.fixture
def late(unreadable_at_bind, monkeypatch):
    """Writes JSON lines whose head is the first line."""
    monkeypatch.setattr(jsonl, "PART_BYTES", 16)

    def written(*rows, name="late.jsonl"):
        lines(unreadable_at_bind[0] / name, rows)
        return str(unreadable_at_bind[0] / name)

    return written


def test_a_column_that_begins_after_the_head_is_looked_for_by_the_prepass(late, unreadable_at_bind):
    path = late({"pred": 1, "label": 2}, {"pred": 2, "label": 2}, {"pred": 5, "label": 2, "site": "a"})
    found = evaluate(path, loss="mse", by=["site"]).results
    assert [(one.slice, one.value) for one in found] == [
        ({}, 10 / 3), ({"site": "a"}, 9.0), ({"site": None}, 0.5),
    ]  # fmt: skip
    assert len(unreadable_at_bind[1]) == 2
    assert evaluate(path, loss="mse", by=["site"], worst=1, columns=["site"]).results[0].value == 10 / 3


def test_a_column_that_begins_after_the_head_is_no_default_and_in_no_glob(late):
    path = late({"p_a": 1, "y": 2}, {"p_a": 2, "y": 2}, {"p_a": 3, "y": 2, "p_b": 0})
    found = evaluate(path, loss="mse", pred="p_*", where="missing(p_b)").results
    assert [(one.pred, one.value) for one in found] == [("p_*", 0.5)]
    alone = late({"forecast": 1}, {"forecast": 2}, {"forecast": 3, "p_b": 0}, name="alone.jsonl")
    labels = late({"y": 1}, {"y": 2}, {"y": 4}, name="labels.jsonl")
    assert evaluate(alone, labels, loss="mae", where="missing(p_b)").results[0].value == 0.0


def test_a_column_that_no_row_has_is_refused_once_all_rows_were_looked_at(late):
    path = late({"pred": 1, "label": 2}, {"pred": 2, "label": 2})
    with pytest.raises(DataError, match="no column `site`"):
        evaluate(path, loss="mse", by=["site"])


def test_the_hint_at_types_of_keys_is_read_after_bind(unreadable_at_bind):
    folder, _ = unreadable_at_bind
    pq.write_table(pa.table({"id": [1, 2], "pred": [1.0, 2.0]}), folder / "p.parquet")
    pq.write_table(pa.table({"id": ["1", "2"], "label": [1.0, 2.0]}), folder / "l.parquet")
    with pytest.raises(DataError) as refused:
        evaluate(str(folder / "p.parquet"), str(folder / "l.parquet"), loss="mse", on="id")
    assert refused.value.hint == "`--key-type int` or `--key-type text` reads all of them in one way"


def test_what_can_be_read_only_once_has_the_columns_of_its_head(unreadable_at_bind, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"label": 1, "pred": 1}\n')))
    with pytest.raises(DataError, match="no column `site`"):
        evaluate("-", loss="mse", input_format="jsonl", by=["site"])
