"""Rows of CSV that are found without decoding are the rows that a reader in order gives."""

from __future__ import annotations

import itertools
import random
import sys
from functools import partial

import numpy as np
import pytest

from losscli.measure.engines import forked
from losscli.reading import csv_lines, csv_rows
from losscli.reading.csv import open_csv
from losscli.reading.source import Dialect, parts_from
from losscli.table.block import ColumnRequest

WANTS = [ColumnRequest(0, "number"), ColumnRequest(1, "number")]


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """An opened file, which is looked through few bytes at a time."""
    monkeypatch.setattr(csv_lines, "BLOCK_BYTES", 40)
    monkeypatch.setattr(csv_lines, "TILE_BYTES", 40)

    def write(content, **dialect):
        path = tmp_path / "rows.csv"
        path.write_bytes(content)
        return open_csv(str(path), dialect=Dialect(**dialect))

    return write


def numbers(parts, chunk_rows=1 << 17):
    batches = [batch for part in parts for batch in part.batches(chunk_rows)]
    assert all(batch.stop is None for batch in batches)
    return np.concatenate([np.column_stack([c.values for c in batch.columns]) for batch in batches]).tolist()


def lines(rows, seed=1):
    some = random.Random(seed)
    return [f"{some.randrange(10 ** some.randrange(1, 9))},{at}" for at in range(rows)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "{end}", "{end}{end}{end}"])
@pytest.mark.parametrize("rows", [1, 2, 7, 40])
def test_any_run_of_rows_is_that_of_the_whole(opened, end, last, rows):
    text = end.join(["a,b", *lines(rows)]) + last.format(end=end)
    source = opened(text.encode())
    whole = numbers(source.parts(WANTS))
    assert len(whole) == source.find_rows() == rows
    for first, stop in itertools.combinations(range(0, rows + 1, max(1, rows // 8)), 2):
        assert numbers([source.rows_between(first, stop, WANTS)], chunk_rows=3) == whole[first:stop]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
@pytest.mark.parametrize("tiles", [1, 2, 5])
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_stretches_that_several_processes_count_are_those_of_one(opened, monkeypatch, tiles, jobs):
    text = "\r\n".join(["a,b", *lines(200), ""]).encode()
    monkeypatch.setattr(csv_lines, "TILES", tiles)
    found = []
    for spread in (map, partial(forked.spread, jobs)):
        source = opened(text)
        assert source.find_rows(spread) == 200
        found.append(source.lines)
    assert found[0] == found[1]


def test_rows_of_a_file_without_a_header_begin_at_its_start(opened):
    source = opened(b"1,2\n3,4\n5,6\n", header=False)
    assert source.find_rows() == 3
    assert numbers([source.rows_between(1, 3, WANTS)]) == [[3, 4], [5, 6]]


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n1,"2"\n3,4\n', "a,b\r1,2\r3,4\r", "a,b\n1,2\r3,4\n", "a,b\n1,2\r\n3,4\r", "a,b\n", "a,b\n\n\n",
        "a,b\n" + "1" * 100 + ",2\n", "a,b\n1,2\n" + "\n" * 100,
    ],
)  # fmt: skip
def test_where_a_line_may_be_no_row_none_is_found(opened, text):
    assert opened(text.encode()).find_rows() is None


def test_text_that_is_not_the_bytes_of_a_file_is_read_in_order(opened):
    assert opened("a,b\n1,2\n".encode("utf-16"), encoding="utf-16").find_rows() is None


@pytest.mark.parametrize(
    "text", ["plain", "quoted", "within", "returns", "lone returns", "empty cells", "bad"]
)
def test_rows_from_any_on_are_those_of_the_whole_and_parts_before_them_are_counted(opened, text, monkeypatch):
    monkeypatch.setattr(csv_rows, "PART_BYTES", 40)
    rows = [f"{at},{at % 7}" for at in range(30)]
    rows[20:23] = {
        "quoted": ['"20",1', '21,"2"', '"22","3"'], "within": ['"2\n0",1', '"2""1","2"', "22,3"],
        "empty cells": [",1", "21,", ","], "bad": ["20,1,1", "21,2", "22,3"],
    }.get(text, rows[20:23])  # fmt: skip
    end = {"returns": "\r\n", "lone returns": "\r"}.get(text, "\n")
    source = opened(end.join(["a,b", *rows, ""]).encode())
    wants = [ColumnRequest(0, "text"), ColumnRequest(1, "text")]

    def read(parts):
        found, stop, row = [], None, 0
        for batch in (batch for part in parts for batch in part.batches(3)):
            row += batch.rows
            found += zip(*(np.take(np.array([*c.values, None]), c.codes) for c in batch.columns), strict=True)
            if batch.stop is not None:
                stop = batch.stop.row or row + 1
                break
        return found, stop

    whole, stop = read(source.parts(wants))
    assert (len(whole), stop) == ((20, 21) if text == "bad" else (30, None))
    for first in range(len(whole) + 1):
        found, stop = read(parts_from(source.parts(wants), first))
        assert found == whole[first:]
        assert (stop is not None) == (text == "bad")
