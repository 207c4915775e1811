"""Blocks of plain numbers are read by a way of their own, to the same bits; all others are declined."""

from __future__ import annotations

import io
import random
import struct

import pytest
from csv_reading import read, read_plainly

from losscli.reading import csv, plain_csv
from losscli.reading.source import Dialect
from losscli.table.block import ColumnRequest
from losscli.table.keys import text_of


@pytest.fixture
def taken(monkeypatch):
    """For each block whether it was read plainly."""
    found = []
    whole = plain_csv.PlainReader.read

    def noted(self, block, readings):
        held = whole(self, block, readings)
        found.append(held is not None)
        return held

    monkeypatch.setattr(plain_csv.PlainReader, "read", noted)
    with read_plainly():
        yield found


def doubles(count):
    dice = random.Random(5)
    bits = (struct.unpack("<d", struct.pack("<Q", dice.getrandbits(64)))[0] for _ in range(4 * count))
    finite = [value for value in bits if value - value == 0.0][:count]
    return [repr(value).replace("e+", "e") for value in finite] + [
        "0",
        "-0",
        "5e-324",
        "1.7976931348623157e308",
        ".5",
        "5.",
        "1E5",
        "007",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_plain_numbers_are_the_doubles_that_python_reads(taken, delimiter, line_end):
    cells = doubles(2000)
    rows = list(zip(cells, reversed(cells), strict=True))
    text = line_end.join(["a" + delimiter + "b", *(delimiter.join(row) for row in rows), ""])
    found = read(text.encode(), "number", "number", part=4096, dialect=Dialect(delimiter=delimiter))
    assert found.stop is None
    assert [[value.hex() for value in column] for column in found.lists] == [
        [float(cell).hex() for cell in column] for column in zip(*rows, strict=True)
    ]
    assert all(taken)


def test_one_column_and_the_last_of_many_are_read_plainly(taken):
    assert read(b"a\n1\n2.5\n", "number").lists == [[1.0, 2.5]]
    found = read(b"a,b,c\n1,x y,3\n4,5,6\n", "number")
    assert found.lists == [[1.0, 4.0]]
    assert taken == [True, False]  # of the second file a cell holds a space


@pytest.mark.parametrize(
    "line",
    [b"1", b"1,2,3", b"", b"+1,2", b"1, 2", b"NA,2", b",2", b"inf,2", b"nan,2", b"1e999,2", b"0x10,2", b"abc,2",
     b'"1",2', b"1_0,2", b"1\r,2", b"1.5.5,2", b"--1,2", b"1\n2,7,4", b"1,+2\n+7,4"],
    ids=str,
)  # fmt: skip
def test_what_is_not_plain_is_read_as_by_the_other_reader(taken, line):
    data = b"a,b\n3,4\n" + line + b"\n5,6\n"
    found = read(data, "number", "number")
    if line not in (b"inf,2", b"nan,2", b"1e999,2"):  # numbers to Arrow too, whose doubt is looked into later
        assert not taken or not all(taken)
    taken.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_csv, "WORTH_IT", 1 << 60)
        wanted = read(data, "number", "number")
    assert not any(taken)
    assert (found.rows, repr(found.lists), str(found.stop)) == (
        wanted.rows,
        repr(wanted.lists),
        str(wanted.stop),
    )


def test_a_file_that_is_not_plain_is_soon_left_to_the_other_reader(taken, monkeypatch):
    monkeypatch.setattr(plain_csv, "PATIENCE", 3)
    tried = []
    whole = plain_csv.PlainReader._cells
    monkeypatch.setattr(plain_csv.PlainReader, "_cells", lambda *given: tried.append(1) or whole(*given))
    found = read(b"a,b\n" + b"1,NA\n" * 100, "number", "number", part=16)
    assert found.rows == 100
    assert len(tried) == 3


def test_keys_are_the_texts_as_they_stand(taken):
    data = b"id,a\n007,1\n7,2\n12345678,3\n123456789,4\n"
    source = csv.open_csv(path="-", stream=io.BytesIO(data), dialect=Dialect())
    (part,) = source.parts([ColumnRequest(0, "text_key")])
    (batch,) = part.batches(100)
    assert all(taken)
    (column,) = batch.columns
    assert [text_of(column.words[:, row]) for row in range(4)] == ["007", "7", "12345678", "123456789"]
