"""JSON lines: values by kind, lines, damage."""

from __future__ import annotations

import gzip
import json
import math
import os
import random

import pytest
from columns import rows_and_stop
from hypothesis import given
from hypothesis import strategies as st

from losscli.errors import DataError
from losscli.reading import jsonl
from losscli.reading.jsonl import open_jsonl
from losscli.table.block import ColumnRequest

NUMBER, CLASS, TEXT, SCORE = "number", "class", "text", "score"


@pytest.fixture
def written(tmp_path):
    def write(*lines):
        path = str(tmp_path / f"{len(os.listdir(tmp_path))}.jsonl")
        with open(path, "wb") as file:
            file.write(
                b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
            )
        return path

    return write


def good(path, *wants, **options):
    rows, stop = rows_and_stop(open_jsonl(path), *wants, **options)
    assert stop is None
    return rows


def values(written, kind, *stored):
    path = written('{"v": null}', *(f'{{"v": {value}}}' for value in stored))
    return [value for (value,) in good(path, ColumnRequest(0, kind))[1:]]


# ---------------------------------------------------------------------- values


def test_numbers_are_numbers_truth_values_and_text_that_holds_numbers(written):
    stored = [
        "1",
        "-0.1",
        "1e3",
        "true",
        "false",
        '" 1.5 "',
        '"1e-400"',
        "9007199254740992",
        "Infinity",
        '"-inf"',
    ]
    wanted = [1.0, -0.1, 1000.0, 1.0, 0.0, 1.5, 0.0, 2.0**53, math.inf, -math.inf]
    assert values(written, NUMBER, *stored) == wanted
    plain = [(text, number) for text, number in zip(stored, wanted, strict=True) if text != '"1e-400"']
    assert values(written, SCORE, *(text for text, _ in plain)) == [number for _, number in plain]
    assert values(written, SCORE, "1e3", '"1E2"') == [1000, "1E2"]


def test_null_nan_and_empty_text_are_missing(written):
    for kind in (NUMBER, CLASS, TEXT, SCORE):
        assert values(written, kind, "null", "NaN", '""') == [None] * 3
    assert values(written, NUMBER, '"NA"', '"n/a"') == [None] * 2
    assert values(written, CLASS, '"NA"', '"nan"') == ["NA", "nan"]


def test_a_whole_number_is_one_label_however_it_is_written(written):
    assert values(written, CLASS, "1", "1.0", '"1"', '"1.0"', "true", '"True"', "1e0") == [1] * 7
    assert values(written, CLASS, "0.50", '"a"', '"é"', str(10**30), "Infinity") == [
        "0.5",
        "a",
        "é",
        10**30,
        "inf",
    ]


def test_text_is_the_text_of_the_value(written):
    assert values(written, TEXT, "1", "1.0", '"1.00"', "true", "-0.0", '"\\u00e9"', str(2**53 + 1)) == [
        "1", "1.0", "1.00", "true", "0.0", "é", str(2**53 + 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kind, value, message",
    [
        (NUMBER, "9007199254740993", "`9007199254740993` is no double"),
        (NUMBER, "1e400", "beyond the largest double"),
        (NUMBER, "1" + "0" * 400, "beyond the largest double"),
        (NUMBER, "1" + "0" * 5000, "thousands of digits"),
        (NUMBER, '"x"', "`x` is not a number"),
        (NUMBER, "[1]", "a list is not a number"),
        (NUMBER, '{"a": 1}', "an object is not a number"),
        (CLASS, "1e400", "beyond the largest double"),
        (CLASS, "[1]", "a list is no label"),
        (TEXT, "{}", "an object is no label"),
        (TEXT, '"\\ud800"', "surrogate"),
    ],
)
def test_a_value_that_cannot_be_read_as_wanted_is_refused_with_its_row(written, kind, value, message):
    path = written('{"w": 1, "v": 1}', '{"w": 1, "v": 2}', f'{{"w": 1, "v": {value}}}', '{"w": 1, "v": []}')
    for chunk_rows in (1, 7):
        rows, stop = rows_and_stop(
            open_jsonl(path), ColumnRequest(0, NUMBER), ColumnRequest(1, kind), chunk_rows=chunk_rows
        )
        assert len(rows) == 2
        assert (stop.file, stop.row) == (path, 3)
        assert message in stop.message


def test_a_score_is_a_class_where_a_cell_is_no_number(written):
    assert values(written, SCORE, "1", '"x"') == [1, "x"]


# ---------------------------------------------------------------------- lines and keys


def test_columns_are_the_keys_of_all_objects_of_the_first_block_and_a_missing_key_is_a_missing_value(written):
    source = open_jsonl(written('{"b": 1, "a": 2, "": 3}', '{"a": 4, "c": 5}', '{"b": 6}'))
    assert (source.columns, source.named, source.rows, source.format) == (
        ("b", "a", "", "c"), True, None, "jsonl",
    )  # fmt: skip
    assert rows_and_stop(source, ColumnRequest(0, NUMBER), ColumnRequest(1, NUMBER))[0] == [
        (1.0, 2.0),
        (None, 4.0),
        (6.0, None),
    ]


def test_rows_can_be_counted_without_a_column(written):
    source = open_jsonl(written(*['{"a": 1}'] * 5))
    assert [batch.rows for part in source.parts([]) for batch in part.batches(2)] == [2, 2, 1]


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n", "\n \t\r\n\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_of_any_kind_and_empty_lines_at_the_end_are_no_rows(tmp_path, start, end):
    path = str(tmp_path / "x.jsonl")
    with open(path, "wb") as file:
        file.write((start + '{"a": 1}\r\n{"a": 2}\n {"a": 3} ' + end).encode())
    assert good(path, ColumnRequest(0, NUMBER)) == [(1.0,), (2.0,), (3.0,)]


@pytest.mark.parametrize("gap", [1, 3, 5000])
@pytest.mark.parametrize("before", [1, 2, 500])
def test_an_empty_line_between_others_is_refused_with_its_row(written, monkeypatch, gap, before):
    monkeypatch.setattr(jsonl, "PART_BYTES", 64)
    path = written(*['{"a": 1}'] * before, *[""] * gap, '{"a": 2}')
    rows, stop = rows_and_stop(open_jsonl(path), ColumnRequest(0, NUMBER))
    assert (len(rows), stop.row) == (before, before + 1)
    assert "empty" in stop.message


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "no JSON"),
        ('{"a": 1}}', "no JSON"),
        ('{"a": 1} {"a": 2}', "no JSON"),
        ("[1]", "no object"),
        ("1", "no object"),
        ("null", "no object"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"b": {"c": 1, "c": 2}}', "stands twice"),
        (b'{"a": "\xff"}', "UTF-8"),
        ('{"a": 0x1}', "no JSON"),
        ('{"a": 01}', "no JSON"),
        ("[" * 100_000, "too deeply"),
    ],
)
def test_a_line_that_is_no_object_is_refused_with_its_row(written, line, message):
    path = written('{"a": 1}', '{"a": 2}', line, '{"a": 3}')
    rows, stop = rows_and_stop(open_jsonl(path), ColumnRequest(0, NUMBER))
    assert (len(rows), stop.row) == (2, 3)
    assert message in stop.message
    assert "\n" not in stop.message + stop.detail
    with pytest.raises(DataError) as caught:
        open_jsonl(written(line))
    assert caught.value.row == 1
    assert message in caught.value.message


def test_a_list_of_all_rows_is_refused_with_a_hint(written):
    with pytest.raises(DataError, match="jq"):
        open_jsonl(written("[", '{"a": 1}', "]"))


def test_a_file_without_rows_is_refused(written, tmp_path):
    for lines in ([], [""], [" ", "\t"], ["\ufeff"]):
        with pytest.raises(DataError, match="empty"):
            open_jsonl(written(*lines))
    with pytest.raises(DataError, match="no such file"):
        open_jsonl(str(tmp_path / "absent.jsonl"))


def test_a_line_without_end_is_refused(written, monkeypatch):
    monkeypatch.setattr(jsonl, "PART_BYTES", 64)
    monkeypatch.setattr(jsonl, "LINE_LIMIT_BYTES", 1 << 10)
    path = written('{"a": 1}', '{"a": "' + "x" * 2000 + '"}')
    rows, stop = rows_and_stop(open_jsonl(path), ColumnRequest(0, NUMBER))
    assert (rows, stop.row) == ([(1.0,)], 2)
    assert "does not end" in stop.message
    with pytest.raises(DataError, match="does not end"):
        open_jsonl(written('{"a": "' + "x" * 2000 + '"}'))


@pytest.mark.parametrize("part_bytes", [1, 10, 64, 1 << 20])
@pytest.mark.parametrize("chunk_rows", [1, 7, 65536])
def test_rows_do_not_depend_on_where_the_lines_are_cut(written, monkeypatch, part_bytes, chunk_rows):
    monkeypatch.setattr(jsonl, "PART_BYTES", part_bytes)
    rows = [(row / 7, f"é{row % 5}") for row in range(200)]
    path = written(*(json.dumps({"p": p, "c": c}, ensure_ascii=False) for p, c in rows))
    assert good(path, ColumnRequest(0, NUMBER), ColumnRequest(1, CLASS), chunk_rows=chunk_rows) == rows
    assert sum(part.rows for part in open_jsonl(path).parts([])) == len(rows)


@given(
    st.lists(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(2**53), 2**53)
    ),
    st.lists(st.text(min_size=1)),
)
def test_what_python_writes_is_read_as_it_was(tmp_path_factory, numbers, texts):
    path = str(tmp_path_factory.mktemp("any") / "x.jsonl")
    with open(path, "w") as file:
        file.writelines(json.dumps({"n": n, "t": None}) + "\n" for n in [None, *numbers])
        file.writelines(json.dumps({"n": None, "t": t}) + "\n" for t in texts)
    rows = good(path, ColumnRequest(0, NUMBER), ColumnRequest(1, TEXT))[1:]
    assert [n for n, _ in rows] == [None if n is None else float(n) for n in numbers] + [None] * len(texts)
    assert [t for _, t in rows] == [None] * len(numbers) + texts


# ---------------------------------------------------------------------- files


def test_a_compressed_file_is_read_and_one_that_is_cut_off_is_refused(tmp_path):
    path = str(tmp_path / "x.jsonl.gz")
    raw = gzip.compress(b"".join(b'{"a": %d}\n' % row for row in range(1000)))
    with open(path, "wb") as file:
        file.write(raw)
    rows, stop = rows_and_stop(open_jsonl(path, compression="gz"), ColumnRequest(0, NUMBER))
    assert (rows, stop) == ([(float(row),) for row in range(1000)], None)
    with open(path, "wb") as file:
        file.write(raw[:-20])
    with pytest.raises(DataError) as caught:
        rows_and_stop(open_jsonl(path, compression="gz"), ColumnRequest(0, NUMBER))
    assert caught.value.file == path


def test_a_file_that_changes_while_it_is_read_is_refused(written, monkeypatch):
    monkeypatch.setattr(jsonl, "PART_BYTES", 64)
    path = written(*['{"a": 1}'] * 100)
    parts = open_jsonl(path).parts([ColumnRequest(0, NUMBER)])
    next(parts)
    os.utime(path, (1, 1))
    with pytest.raises(DataError, match="changed while it was read"):
        list(parts)


FUZZED = int(os.environ.get("LOSSCLI_FUZZED", "750"))


def test_no_damage_makes_more_than_a_refusal_or_a_value(tmp_path):
    original = "".join(
        json.dumps({"a": row / 3, "b": f"é{row}", "c": row % 2 == 0}) + "\n" for row in range(20)
    ).encode()
    rng = random.Random(11)
    path = str(tmp_path / "fuzzed.jsonl")
    refused = 0
    for _ in range(FUZZED):
        raw = bytearray(original)
        for _ in range(rng.choice([1, 1, 2, 5])):
            place = rng.randrange(len(raw))
            raw[place : place + rng.choice([0, 1, 1])] = bytes(
                [rng.choice([rng.randrange(256), *b'{}[]",:\n0e'])]
            )
        with open(path, "wb") as file:
            file.write(raw)
        try:
            source = open_jsonl(path)
            wants = [
                ColumnRequest(place, rng.choice([NUMBER, CLASS, TEXT, SCORE]))
                for place in range(len(source.columns))
            ]
            _, stop = rows_and_stop(source, *wants, chunk_rows=rng.choice([7, 65536]))
            refused += stop is not None
        except DataError:
            refused += 1
    assert refused > FUZZED // 2


def test_a_filter_takes_numbers_of_json_lines_as_numbers(tmp_path):
    from losscli import evaluate

    rows = [
        '{"pred": 1, "label": 3.0, "n": 1}',
        '{"pred": 2, "label": 2, "n": null}',
        '{"pred": 3, "label": 3, "n": 2.5}',
    ]
    (tmp_path / "t.jsonl").write_text("".join(f"{row}\n" for row in rows))
    for where, used in (("n > 1", 1), ("n in (1, 2)", 1), ("missing(n) or abs(pred) < 2", 2)):
        report = evaluate(str(tmp_path / "t.jsonl"), loss=["mae"], pred="pred", label="label", where=where)
        assert report.rows.used == used
