"""Rows paired by key: what pairs, what is refused and how, and that no way of doing it shows in a result."""

from __future__ import annotations

import datetime
import json
import random
from decimal import Decimal
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli import evaluate
from losscli.errors import DataError
from losscli.measure.engines import keyed
from losscli.pairing import match as matching
from losscli.pairing import text_cells as cells
from losscli.pairing.match import match
from losscli.reading import csv, csv_rows
from losscli.table.block import Cells
from losscli.table.keys import text_of, text_words, words_of_texts
from losscli.table.text_integers import text_integers

LOSSES = ["mse", "mae", "r2", "huber:delta=2", "bias"]
ROWS = 1000


def laid(texts):
    raws = [text.encode() for text in texts]
    ends = np.cumsum([len(raw) for raw in raws], dtype=np.int64)
    return np.frombuffer(b"".join(raws), np.uint8), ends - [len(raw) for raw in raws], ends


# ---------------------------------------------------------------------- the words of a key


@given(st.lists(st.text(max_size=100), min_size=1, max_size=30))
def test_texts_have_the_same_words_where_they_are_the_same_and_nowhere_else(texts):
    words = text_words(*laid(texts))
    assert len({word.tobytes() for word in words.T}) == len(set(texts))
    for text, word in zip(texts, words.T, strict=True):
        if len(text.encode()) < 64:
            assert text_of(word) == text


def test_a_text_has_the_same_words_beside_a_long_one():
    alone, beside = words_of_texts(["abc"]), words_of_texts(["abc", "x" * 200])
    assert beside[: len(alone), 0].tolist() == alone[:, 0].tolist()
    assert not beside[len(alone) :, 0].any()


def test_long_texts_that_differ_at_their_end_are_different_keys():
    words = words_of_texts(["x" * 500 + "a", "x" * 500 + "b", "x" * 500 + "a"])
    assert words[:, 0].tolist() == words[:, 2].tolist() != words[:, 1].tolist()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30))
def test_canonical_integers_are_read_exactly(integers):
    values, bad = text_integers(*laid([str(integer) for integer in integers]))
    assert values.tolist() == integers
    assert not bad.any()


@pytest.mark.parametrize(
    "text",
    ["007", "-0", "+7", "7.0", " 7", "7 ", "1e3", "-", "", "0x10", "1_0", "٧", "--1", "7/", ":",
     "9223372036854775808", "-9223372036854775809", "99999999999999999999"],
)  # fmt: skip
def test_what_is_no_canonical_integer_is_not_read_as_one(text):
    assert text_integers(*laid(["12", text, "-3"]))[1].tolist() == [False, True, False]


@given(st.lists(st.integers(-3, 6), max_size=25), st.lists(st.integers(-3, 6), max_size=25), st.booleans())
def test_matching_agrees_with_a_dictionary(first, second, colliding):
    keys = [[np.array(side, np.int64).view(np.uint64).reshape(1, -1)] for side in (first, second)]
    hashed = matching.hashed
    if colliding:  # a hash only says where to look
        matching.hashed = lambda keys: np.zeros(keys[0].shape[1], np.uint64)
    try:
        found = match(*keys)
    finally:
        matching.hashed = hashed
    for side, (mine, theirs) in enumerate([(first, second), (second, first)]):
        once = [at for at, key in enumerate(mine) if key not in mine[:at]]
        partners = [theirs.index(mine[at]) if mine[at] in theirs else -1 for at in once]
        assert found.partners[side][once].tolist() == partners
        assert found.repeats[side].tolist() == [at for at in range(len(mine)) if at not in once]
        assert found.alone[side].tolist() == [at for at in once if mine[at] not in theirs]


# ---------------------------------------------------------------------- the same bits

KEYS = {
    "integers side by side": lambda row: row - 3,
    "wide integers": lambda row: (row * 0x9E3779B97F4A7C15 + 12345) % 2**63,
    "beyond 2**53": lambda row: 2**53 + row,
    "text": lambda row: f"user-{row * 7919 % 100003:06d}",
    "text of many lengths": lambda row: "k" * (row % 90) + str(row),
    "text with zeros in front": lambda row: str(row).zfill(row % 7),
}


def columns(kind, order, value, seed):
    draw = np.random.default_rng(seed).normal(50.0, 20.0, ROWS)
    return {"id": [KEYS[kind](int(row)) for row in order], value: [float(draw[row]) for row in order]}


def written(folder, name, suffix, table):
    path = str(folder / f"{name}.{suffix}")
    if suffix == "csv":
        lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
        (folder / f"{name}.csv").write_text("".join(f"{line}\n" for line in lines))
    else:
        pq.write_table(pa.table(table), path, row_group_size=128)
    return path


def shuffled(seed=7):
    order = list(range(ROWS))
    random.Random(seed).shuffle(order)
    return order


def measured(*paths, **options):
    report = evaluate(*paths, loss=LOSSES, **options)
    return report.metrics, report.rows


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("suffixes", [("csv", "csv"), ("parquet", "parquet"), ("csv", "parquet")])
def test_the_order_of_rows_changes_nothing(tmp_path, kind, suffixes):
    labels = written(tmp_path, "labels", suffixes[1], columns(kind, range(ROWS), "label", 1))
    preds = written(tmp_path, "preds", suffixes[0], columns(kind, range(ROWS), "pred", 2))
    mixed = written(tmp_path, "mixed", suffixes[0], columns(kind, shuffled(), "pred", 2))
    by_position = measured(preds, labels)
    for first in (preds, mixed):
        for options in ({}, {"memory": 1}, {"jobs": 1, "chunk_rows": 7}, {"jobs": 3, "chunk_rows": 100}):
            assert measured(first, labels, on="id", **options) == by_position


@pytest.mark.parametrize("way", ["in order", "dense", "by hash", "put aside"])
def test_every_way_of_pairing_gives_the_same_bits(tmp_path, monkeypatch, way):
    order = list(range(ROWS)) if way == "in order" else shuffled()
    taken = []
    for name in ("in_order", "dense", "by_hash"):
        whole = getattr(keyed._KeyedReader, name)

        def noted(self, *args, name=name, whole=whole):
            found = whole(self, *args)
            if found is not None:
                taken.append(name)
            return found

        monkeypatch.setattr(keyed._KeyedReader, name, noted)
    if way in ("by hash", "put aside"):
        monkeypatch.setattr(keyed, "table_side", lambda keys, sources: None)
    preds = written(tmp_path, "p", "parquet", columns("integers side by side", order, "pred", 2))
    labels = written(tmp_path, "l", "parquet", columns("integers side by side", range(ROWS), "label", 1))
    straight = written(tmp_path, "s", "parquet", columns("integers side by side", range(ROWS), "pred", 2))
    found = measured(preds, labels, on="id", memory=1 if way == "put aside" else None)
    assert found == measured(straight, labels)
    assert taken == [{"in order": "in_order", "dense": "dense"}.get(way, "by_hash")]


@pytest.mark.parametrize("kind", ["integers side by side", "wide integers", "text"])
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_dropped_rows_are_counted_alike_in_every_way(tmp_path, kind, order):
    rows = list(range(ROWS)) if order == "sorted" else shuffled()
    first = [row for row in rows if row % 10]  # lacks every tenth
    second = [row for row in range(ROWS) if row % 7]  # lacks every seventh
    common = sorted(set(first) & set(second))
    preds = written(
        tmp_path, "p", "parquet", columns(kind, sorted(first) if order == "sorted" else first, "pred", 2)
    )
    labels = written(tmp_path, "l", "csv", columns(kind, second, "label", 1))
    both = [
        written(tmp_path, name, "csv", columns(kind, common, value, seed))
        for name, value, seed in (("bp", "pred", 2), ("bl", "label", 1))
    ]
    wanted, _ = measured(*both)
    for options in ({}, {"memory": 1}, {"jobs": 1, "chunk_rows": 13}):
        metrics, counts = measured(preds, labels, on="id", unmatched="drop", **options)
        assert metrics == wanted
        assert (counts.read_preds, counts.read_labels) == (len(first), len(second))
        assert (counts.only_preds, counts.only_labels) == (
            len(first) - len(common),
            len(second) - len(common),
        )
        assert counts.paired == counts.used == len(common)


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 40), max_size=30), st.lists(st.integers(0, 40), max_size=30),
    st.sampled_from(["error", "drop"]), st.booleans(), st.sampled_from([None, 1]),
)  # fmt: skip
def test_any_two_lists_of_keys_are_paired_or_refused_as_a_dictionary_says(
    tmp_path_factory, first, second, unmatched, as_text, memory
):
    folder = tmp_path_factory.mktemp("keys")
    tables = [
        {"id": [f"k{key}" if as_text else key for key in keys], value: [float(key + at) for key in keys]}
        for at, (keys, value) in enumerate(((first, "pred"), (second, "label")))
    ]
    paths = [written(folder, f"f{at}", "parquet", table) for at, table in enumerate(tables)]
    common = set(first) & set(second)
    distinct = len(set(first)) == len(first) and len(set(second)) == len(second)
    good = distinct and bool(common) and (unmatched == "drop" or set(first) == set(second))
    if good:
        report = evaluate(*paths, loss=["bias"], on="id", unmatched=unmatched, memory=memory)
        assert report.metrics == {"bias": -1.0}
        assert report.rows.paired == len(common)
    else:
        with pytest.raises(DataError):
            evaluate(*paths, loss=["bias"], on="id", unmatched=unmatched, memory=memory)


def test_slices_weights_and_filters_go_along(tmp_path):
    rows, mixed = list(range(ROWS)), shuffled()

    def table(order, value, seed):
        held = columns("text", order, value, seed)
        return held | {
            "country": [("de", "fr", None)[r % 3] for r in order],
            "w": [float(r % 5) for r in order],
        }

    labels = written(tmp_path, "l", "parquet", table(rows, "label", 1))
    one = written(tmp_path, "p", "parquet", columns("text", rows, "pred", 2))
    other = written(tmp_path, "m", "parquet", columns("text", mixed, "pred", 2))
    options = {"loss": ["mse"], "by": ["country"], "weight": "w", "where": "w > 0"}
    wanted = evaluate(one, labels, **options)
    for memory in (None, 1):
        found = evaluate(other, labels, on="id", memory=memory, **options)
        assert [(r.slice, r.value, r.rows) for r in found.results] == [
            (r.slice, r.value, r.rows) for r in wanted.results
        ]
        assert found.rows.dropped == wanted.rows.dropped


# ---------------------------------------------------------------------- what is a key


def test_keys_that_look_alike_stay_apart(losscli, text):
    keys = [
        "NA",
        "null",
        "None",
        "1",
        "01",
        "1.0",
        " 1",
        "1 ",
        "nan",
        "a",
        "A",
        "9007199254740993",
        "9007199254740992",
    ]
    preds = text("p.csv", ["id,pred", *(f"{key},{at}" for at, key in enumerate(keys))])
    labels = text("l.csv", ["id,label", *(f"{key},{at}" for at, key in reversed(list(enumerate(keys))))])
    ran = losscli("eval", preds, labels, "-l", "mae", "--on", "id", "--json")
    assert json.loads(ran.out)["metrics"] == {"mae": 0.0}
    assert json.loads(ran.out)["rows"]["paired"] == len(keys)


def test_a_csv_key_takes_the_type_of_the_other_side(here, text, parquet):
    preds = text("p.csv", ["id,pred", "10,1", "9,2", "-8,4"])
    labels = parquet("l.parquet", {"id": [-8, 9, 10], "label": [4.0, 2.0, 1.0]})
    assert here("eval", preds, labels, "-l", "mae", "--on", "id", "-f", "value").out.strip() == "0.0"
    wide = parquet("w.parquet", {"id": pa.array([2**64 - 1, 9], pa.uint64()), "label": [1.0, 2.0]})
    big = text("b.csv", ["id,pred", "9,2", f"{2**64 - 1},1"])
    assert here("eval", big, wide, "-l", "mae", "--on", "id", "-f", "value").out.strip() == "0.0"


@pytest.mark.parametrize("cell", ["007", "7.0", " 7", "+7", "0x7", "seven", "9223372036854775808"])
@pytest.mark.parametrize("chunk_rows", [1, 65536])
def test_text_that_is_no_plain_integer_is_refused_with_its_place(here, text, parquet, cell, chunk_rows):
    preds = text("p.csv", ["id,pred", "5,1", "6,1", f"{cell},2"])
    labels = parquet("l.parquet", {"id": [5, 6, 7], "label": [1.0, 1.0, 2.0]})
    ran = here("eval", preds, labels, "-l", "mae", "--on", "id", "--chunk-rows", chunk_rows).block()
    assert ran.code == 3
    assert ran.err.startswith(f"error: p.csv, column `id`, row 3: the key `{cell}` ")


def test_integers_and_text_are_refused_unless_the_call_says_what_they_are(here, parquet):
    preds = parquet("p.parquet", {"id": ["3", "1", "2"], "pred": [3.0, 1.0, 2.0]})
    labels = parquet("l.parquet", {"id": [1, 2, 3], "label": [1.0, 2.0, 3.0]})
    ran = here("eval", preds, labels, "-l", "mae", "--on", "id").block()
    assert ran.code == 3
    assert "p.parquet has text; l.parquet has integers" in ran.err
    assert "--key-type" in ran.err
    for kind in ("int", "text"):
        ran = here("eval", preds, labels, "-l", "mae", "--on", "id", "--key-type", kind, "-f", "value")
        assert (ran.code, ran.out.strip()) == (0, "0.0")


TYPED = {
    "booleans": (pa.array([True, False]), ["TRUE", "false"]),
    "dates": (
        pa.array([datetime.date(2024, 1, 31), datetime.date(1969, 12, 31)]),
        ["2024-01-31", "1969-12-31"],
    ),
    "timestamps": (
        pa.array(
            [datetime.datetime(2024, 1, 31, 12, 30), datetime.datetime(2024, 1, 31)], pa.timestamp("us")
        ),
        ["2024-01-31 12:30:00.000", "2024-01-31T00:00:00"],
    ),
    "decimals": (pa.array([Decimal("1.50"), Decimal("-2.00")]), ["1.5", "-2.00"]),
    "doubles": (pa.array([0.1, -2.0]), ["0.1", "-2"]),
    "32-bit integers": (pa.array([-5, 7], pa.int32()), ["-5", "7"]),
    "dictionary text": (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    "large text": (pa.array(["a", "ß"], pa.large_string()), ["a", "ß"]),
    "text views": (pa.array(["a", "a much longer text"], pa.string_view()), ["a", "a much longer text"]),
}


@pytest.mark.parametrize("name", TYPED)
def test_keys_of_any_type_pair_with_themselves_and_with_their_text(here, text, tmp_path, name):
    array, cells = TYPED[name]
    pq.write_table(pa.table({"id": array, "pred": [1.0, 5.0]}), tmp_path / "p.parquet")
    turned = pa.array(array.to_pylist()[::-1], array.type)
    pq.write_table(pa.table({"id": turned, "label": [5.0, 1.0]}), tmp_path / "l.parquet")
    labels = text("l.csv", ["id,label", f"{cells[1]},5", f"{cells[0]},1"])
    for path in ("l.parquet", labels):
        ran = here("eval", "p.parquet", path, "-l", "mae", "--on", "id", "-f", "value")
        assert (ran.code, ran.out.strip()) == (0, "0.0"), ran.err


def test_jsonl_arrow_and_numpy_hold_keys_too(here, text, tmp_path):
    lines = text("p.jsonl", ['{"id": 2, "pred": 2.0}', '{"id": 1, "pred": 1.0}'])
    table = pa.table({"id": [1, 2], "label": [1.0, 2.0]})
    with pa.OSFile(str(tmp_path / "l.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    np.savez(tmp_path / "l.npz", id=np.array([1, 2]), label=np.array([1.0, 2.0]))
    for labels in ("l.arrow", "l.npz"):
        ran = here("eval", lines, labels, "-l", "mae", "--on", "id", "-f", "value")
        assert (ran.code, ran.out.strip()) == (0, "0.0"), ran.err


def test_several_columns_are_one_key(here, text, parquet):
    preds = text("p.csv", ["store,day,pred", "a,2024-01-02,2", "b,2024-01-01,3", "a,2024-01-01,1"])
    days = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2), datetime.date(2024, 1, 1)]
    labels = parquet("l.parquet", {"day": days, "store": ["a", "a", "b"], "label": [1.0, 2.0, 3.0]})
    ran = here("eval", preds, labels, "-l", "mae", "--on", "store,day", "--json")
    found = json.loads(ran.out)
    assert found["metrics"] == {"mae": 0.0}
    assert "|pair:key(store,day)|" in found["results"][0]["signature"]
    ran = here("eval", preds, labels, "-l", "mae", "--on", "store").block()
    assert ran.code == 3
    assert "hint:  several columns together may be a key" in ran.err


def test_two_columns_do_not_run_into_one_another(here, text):
    preds = text("p.csv", ["a,b,pred", "1,23,1", "12,3,2"])
    labels = text("l.csv", ["a,b,label", "12,3,2", "1,23,1"])
    assert here("eval", preds, labels, "-l", "mae", "--on", "a,b", "-f", "value").out.strip() == "0.0"


def test_an_exact_column_name_wins_over_the_comma(here, text):
    preds = text("p.csv", ['"a,b",pred', "1,1", "2,2"])
    labels = text("l.csv", ['"a,b",label', "2,2", "1,1"])
    assert here("eval", preds, labels, "-l", "mae", "--on", "a,b", "-f", "value").out.strip() == "0.0"


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize("memory", [None, 1])
@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("as_text", [False, True])
def test_every_wrong_key_is_counted_and_the_first_few_are_named(tmp_path, memory, jobs, as_text):
    def key(number):
        return f"k{number}" if as_text else number

    table = {"id": [key(n) for n in range(500)], "pred": [1.0] * 500}
    preds = written(tmp_path, "p", "parquet", table)
    kept = [n for n in range(500) if n not in (3, 77, 310)]
    labels = written(tmp_path, "l", "parquet", {"id": [key(n) for n in kept], "label": [1.0] * 497})

    def refused(*paths):
        with pytest.raises(DataError) as caught:
            evaluate(*paths, loss=["mae"], on="id", memory=memory, jobs=jobs, chunk_rows=64)
        return caught.value

    error = refused(preds, labels)
    assert (error.file, error.column, error.row) == (preds, "id", 4)
    assert error.message == f"the key `{key(3)}` is not in {labels}"
    assert (
        f"3 rows without a partner (`{key(3)}` in row 4, `{key(77)}` in row 78, `{key(310)}` in row 311)"
        in error.detail
    )
    assert "--unmatched drop" in error.hint

    twice = [*range(400), *range(100)]
    repeated = written(tmp_path, "r", "parquet", {"id": [key(n) for n in twice], "label": [1.0] * 500})
    error = refused(preds, repeated)
    assert (error.file, error.row) == (repeated, 401)
    assert error.message == f"the key `{key(0)}` stands in an earlier row as well"
    assert "has 100 rows with a repeated key" in error.detail
    error = refused(repeated, labels)  # on either side
    assert (error.file, error.row) == (repeated, 401)

    holes = [None if n in (9, 250) else key(n) for n in range(500)]
    lacking = written(tmp_path, "n", "parquet", {"id": holes, "label": [1.0] * 500})
    error = refused(preds, lacking)
    assert (error.file, error.row, error.message) == (lacking, 10, "the key is missing")
    assert "2 rows without a key (row 10, row 251)" in error.detail


def test_repeated_keys_are_errors_where_others_are_dropped(here, text):
    preds = text("p.csv", ["id,pred", "a,1", "b,2"])
    for name, rows, what in (
        ("twice", ["a,1", "c,1", "a,2"], "row 3: the key `a` stands in an earlier row"),
        ("twice alone", ["a,1", "c,1", "c,2"], "row 3: the key `c` stands in an earlier row"),
    ):
        labels = text(f"{name}.csv", ["id,label", *rows])
        ran = here("eval", preds, labels, "-l", "mae", "--on", "id", "--unmatched", "drop").block()
        assert (ran.code, what in ran.err) == (3, True), ran.err


def test_nothing_in_common_is_an_error_where_others_are_dropped(here, text):
    preds, labels = text("p.csv", ["id,pred", "a,1"]), text("l.csv", ["id,label", "b,1"])
    ran = here("eval", preds, labels, "-l", "mae", "--on", "id", "--unmatched", "drop").block()
    assert ran.code == 3
    assert "nothing is left to measure" in ran.err


HOSTILE = {
    "shifted by one": lambda rows: rows[1:] + rows[:1],
    "one row twice": lambda rows: rows[:50] + rows[49:-1],
    "one row missing": lambda rows: rows[:50] + rows[51:],
    "two rows exchanged": lambda rows: rows[:10] + [rows[11], rows[10]] + rows[12:],
}


@pytest.mark.parametrize("how", HOSTILE)
@pytest.mark.parametrize("suffixes", [("csv", "csv"), ("parquet", "parquet"), ("csv", "parquet")])
@pytest.mark.parametrize("kind", ["integers side by side", "text"])
def test_a_hostile_pairing_is_refused_by_position(tmp_path, how, suffixes, kind):
    preds = written(tmp_path, "p", suffixes[0], columns(kind, range(ROWS), "pred", 2))
    labels = written(tmp_path, "l", suffixes[1], columns(kind, HOSTILE[how](list(range(ROWS))), "label", 1))
    for jobs in (1, 3):
        with pytest.raises(DataError) as caught:
            measured(preds, labels, jobs=jobs)
        # A hint leads to no option that refuses: a key that stands twice is none.
        assert ("--on" in (caught.value.hint or "")) is (how != "one row twice")


@pytest.mark.parametrize("how", ["one row twice", "one row missing"])
def test_a_hostile_pairing_is_refused_by_key(tmp_path, how):
    preds = written(tmp_path, "p", "csv", columns("text", range(ROWS), "pred", 2))
    labels = written(tmp_path, "l", "csv", columns("text", HOSTILE[how](list(range(ROWS))), "label", 1))
    with pytest.raises(DataError):
        measured(preds, labels, on="id")


@pytest.fixture
def where_they_lie(monkeypatch):
    """Texts of CSV are compared where they lie in its blocks, however few they are."""
    monkeypatch.setattr(cells, "WORTH_ARROW", 0)
    monkeypatch.setattr(csv, "SMALL_BYTES", 0)
    asked = []
    whole = cells.same_cells
    monkeypatch.setattr(cells, "same_cells", lambda *pair: asked.append(whole(*pair)) or asked[-1])
    return asked


TEXTS = st.lists(st.text("ab0,é\n", max_size=70), max_size=30)


@given(TEXTS, TEXTS, st.integers(0, 30), st.integers(0, 30))
def test_texts_are_the_same_where_they_lie_if_and_only_if_they_are_the_same(one, other, start, stop):
    with mock.patch.object(cells, "WORTH_ARROW", 0):
        # Behind another text, so that the same texts lie elsewhere.
        held = [Cells(*laid(["x", *texts])).picked(slice(1, len(texts) + 1)) for texts in (one, other)]
        assert cells.same_cells(*held) == (one == other)
        again = Cells(*laid(one)).picked(slice(start, stop))
        assert cells.same_cells(held[0].picked(slice(start, stop)), again)
        assert not cells.same_cells(held[0], Cells(*laid([*one, ""])))


@pytest.mark.parametrize("chunk_rows", [1, 64, 10**6])
@pytest.mark.parametrize("jobs", [1, 3])
def test_ids_of_csv_are_compared_where_they_lie(tmp_path, monkeypatch, where_they_lie, chunk_rows, jobs):
    ids = [str(7 * row) for row in range(300)]
    wrong = list(ids)
    wrong[250] = str(7 * 250 + 1)
    for name, column, held in (("p", "pred", ids), ("l", "label", ids), ("w", "label", wrong)):
        # Lines of other lengths on each side, so that blocks end in other rows.
        lines = [f"{cell},{row / 8:.{3 if column == 'pred' else 6}f}" for row, cell in enumerate(held)]
        (tmp_path / f"{name}.csv").write_text("\n".join([f"id,{column}", *lines, ""]))
    preds, labels, others = (str(tmp_path / f"{name}.csv") for name in "plw")
    monkeypatch.setattr(csv_rows, "PART_BYTES", 1000)
    metrics, _ = measured(preds, labels, chunk_rows=chunk_rows, jobs=jobs)
    assert metrics["mae"] == 0.0
    assert where_they_lie
    assert all(where_they_lie)
    with pytest.raises(DataError) as caught:
        measured(preds, others, chunk_rows=chunk_rows, jobs=jobs)
    assert (caught.value.row, caught.value.column) == (251, "id")
    assert caught.value.message == f"the row is `1750`, and `1751` in {others}"


def test_a_telling_column_that_differs_is_refused_with_its_row(here, text):
    preds = text("p.csv", ["user_id,pred", "1,1", "2,2", "3,3"])
    labels = text("l.csv", ["user_id,label", "1,1", "3,2", "2,3"])
    ran = here("eval", preds, labels, "-l", "mae").block()
    assert ran.code == 3
    assert ran.err.startswith("error: p.csv, column `user_id`, row 2: the row is `2`, and `3` in l.csv")
    assert "2 of 3 rows differ" in ran.err
    assert "hint:  to pair rows by it, add `--on user_id`" in ran.err


def test_a_telling_column_may_be_written_in_two_ways(here, text, parquet):
    preds = text("p.csv", ["id,pred", "1.0,1", "2.0,2"])
    labels = text("l.csv", ["id,label", "1,1", "02,2"])
    assert here("eval", preds, labels, "-l", "mae", "-f", "value").out.strip() == "0.0"
    typed = parquet("l.parquet", {"id": [1, 2], "label": [1.0, 2.0]})
    assert here("eval", preds, typed, "-l", "mae", "-f", "value").out.strip() == "0.0"


def test_a_column_that_plays_a_role_or_has_another_name_is_not_compared(here, text):
    preds = text("p.csv", ["grid,key,pred", "1,5,1", "2,6,2"])
    labels = text("l.csv", ["grid,key,label", "9,5,1", "8,7,2"])
    ran = here("eval", preds, labels, "-l", "mae", "--label", "key", "--pred", "pred", "-f", "value")
    assert ran.code == 0


def test_a_fault_names_the_row_of_the_file_that_holds_it(here, text):
    preds = text("p.csv", ["id,prob", "a,0.5", "b,0.25", "c,1.5"])
    labels = text("l.csv", ["id,label", "c,1", "b,0", "a,1"])
    ran = here("eval", preds, labels, "-l", "log_loss", "--on", "id").block()
    assert ran.err.startswith("error: p.csv, column `prob`, row 3: 1.5 is not in [0, 1]")
    bad = text("b.csv", ["id,label", "c,1", "b,7", "a,1"])
    good = text("g.csv", ["id,prob", "a,0.5", "b,0.25", "c,0.5"])
    ran = here("eval", good, bad, "-l", "log_loss", "--on", "id").block()
    assert ran.err.startswith("error: b.csv, column `label`, row 2: 7 is not in")


def test_a_cell_that_cannot_be_read_goes_before_the_keys(here, text):
    preds = text("p.csv", ["id,pred", "a,1", "a,x"])
    labels = text("l.csv", ["id,label", "b,1"])
    ran = here("eval", preds, labels, "-l", "mae", "--on", "id").block()
    assert ran.err.startswith("error: p.csv, column `pred`, row 2: `x` is not a number")


def test_standard_input_can_be_paired_by_key(losscli, text):
    labels = text("l.csv", ["id,label", "1,1", "2,2"])
    ran = losscli("eval", "-", labels, "-l", "mae", "--on", "id", "-f", "value", input=b"id,pred\n2,2\n1,1\n")
    assert (ran.code, ran.out.strip()) == (0, "0.0")


@pytest.mark.parametrize(
    "words, what",
    [
        (["--on", "id", "--unmatched", "keep"], "`--unmatched` is error or drop"),
        (["--unmatched", "drop"], "`--on KEY`"),
        (["--on", "id,id"], "does not name each key once"),
        (["--on", "id", "--key-type", "float"], "`--key-type` is int or text"),
        (["--on", "id", "--memory", "lots"], "is no size"),
    ],
)
def test_a_call_that_makes_no_sense_is_a_usage_error(here, text, words, what):
    preds, labels = text("p.csv", ["id,pred", "a,1"]), text("l.csv", ["id,label", "a,1"])
    ran = here("eval", preds, labels, "-l", "mae", *words).block()
    assert ran.code == 2
    assert what in ran.err


def test_a_key_that_is_in_one_file_only_is_a_missing_column(here, text):
    preds, labels = text("p.csv", ["id,pred", "a,1"]), text("l.csv", ["ids,label", "a,1"])
    ran = here("eval", preds, labels, "-l", "mae", "--on", "id").block()
    assert ran.code == 3
    assert ran.err.startswith("error: l.csv: there is no column `id`")


@pytest.mark.parametrize("words", [("--on", "id"), ()], ids=["by key", "by position"])
def test_a_key_that_is_no_utf_8_is_refused_with_its_row(here, tmp_path, words):
    for name, column in (("p", "pred"), ("l", "label")):
        (tmp_path / f"{name}.csv").write_bytes(b"id,%s\na,1\n\xe9,2\nb,3\n" % column.encode())
    ran = here("eval", tmp_path / "p.csv", tmp_path / "l.csv", "-l", "mae", *words).block()
    assert ran.code == 3
    assert "column `id`, row 2: `\\xe9` is not valid UTF-8" in ran.err
