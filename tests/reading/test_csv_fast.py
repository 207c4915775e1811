"""Which blocks the fast reader of CSV takes and which it leaves to the reference: both give the same bits."""

from __future__ import annotations

import io
import random
import struct

import pytest
from csv_reading import read

from losscli.reading import csv, csv_fast
from losscli.reading.source import Dialect
from losscli.table.block import ColumnRequest
from losscli.table.keys import text_of


@pytest.fixture
def taken(monkeypatch):
    """For each block whether the fast reader took it, and how many columns it left to the grammar."""
    found = []
    whole, by_grammar, known = csv_fast.FastReader.read, csv_fast.read_texts, csv_fast.known_column

    def noted(self, block, quotes, wants):
        found.append(0)
        batch = whole(self, block, quotes, wants)
        if batch is None:
            found[-1] = None
        return batch

    def counted(*given):
        found[-1] += 1
        return by_grammar(*given)

    def counted_once(*given, **more):
        column = known(*given, **more)
        found[-1] += column is not None
        return column

    monkeypatch.setattr(csv_fast.FastReader, "read", noted)
    monkeypatch.setattr(csv_fast, "known_column", counted_once)
    monkeypatch.setattr(csv_fast, "read_texts", counted)
    return found


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
    assert None not in taken


@pytest.mark.parametrize(
    "line",
    [b"1,2", b" 1,2", b"1, 2", b"1\t,2", b"NA,2", b"nan,2", b"NULL,2", b",2", b" ,2", b'"1",2', b'"",2', b'" 1 ",2',
     b"1,2\r", b'"NA","2"\r'],
    ids=str,
)  # fmt: skip
def test_numbers_and_missing_ones_are_read_fast(taken, line):
    found = read(b"a,b\n3,4\n" + line + b"\n5,6\n", "number", "number")
    assert found.stop is None
    assert found.lists[0][1] in (1.0, None)
    assert found.lists[1] == [4.0, 2.0, 6.0]
    assert taken == [0]


@pytest.mark.parametrize("line", [b"+-1,2", b"inf,2", b"-nan,2", b"0x10,2", b"abc,2", b"1_0,2", b"1.5.5,2", b"--1,2",
                                  b"1e999,2", b"9007199254740993,2", b"nope,2"], ids=str)  # fmt: skip
def test_a_cell_that_may_be_no_double_leaves_its_column_to_the_grammar(taken, line):
    read(b"a,b\n3,4\n" + line + b"\n5,6\n", "number", "number")
    assert taken == [1]


@pytest.mark.parametrize(
    "line",
    [b"1", b"1,2,3", b"", b"1\r2,3", b'"1""2",3', b"1\n2,7,4", b'1"2,"3"', b'"1\r2",3'],
    ids=str,
)
def test_blocks_of_another_shape_are_left_to_the_reference(taken, line):
    read(b"a,b\n3,4\n" + line + b"\n5,6\n", "text", "text")
    assert taken == ([None] if line != b'"1\r2",3' else [2])


@pytest.mark.parametrize("cell", [b'5"', b'a "b" c', b'it"s'])
def test_quotes_in_the_middle_of_plain_cells_are_read_fast(taken, cell):
    found = read(b"a,b\n3,x\n4," + cell + b"\n", "number", "text")
    assert found.lists == [[3.0, 4.0], ["x", cell.decode()]]
    assert taken == [1]


def test_delimiters_and_line_ends_within_quotes_are_read_fast(taken):
    found = read(b'a,b\n1,"x,y"\n2,"x\r\ny"\n3,z\n', "number", "text")
    assert found.lists == [[1.0, 2.0, 3.0], ["x,y", "x\r\ny", "z"]]
    assert taken == [1]


def test_a_doubled_quote_in_a_column_that_is_not_wanted_changes_nothing(taken):
    data = b'a,b\n1,"say ""x,y"""\n2,"z"\n'
    assert read(data, "number").lists == [[1.0, 2.0]]
    assert read(data, "number", "text").lists == [[1.0, 2.0], ['say "x,y"', "z"]]
    assert taken == [0, None]


def test_numbers_with_a_decimal_comma_are_read_fast(taken):
    found = read(b"a;b\n1,5;x.y\n2;z,w\n", "number", "text", dialect=Dialect(decimal=","))
    assert found.lists == [[1.5, 2.0], ["x.y", "z,w"]]
    assert taken == [1]


def test_keys_are_the_texts_as_they_stand(taken):
    data = b"id,a\n007,1\n7,2\n12345678,3\n123456789,4\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv, "SMALL_BYTES", 0)
        source = csv.open_csv(path="-", stream=io.BytesIO(data), dialect=Dialect())
        (part,) = source.parts([ColumnRequest(0, "text_key")])
        (batch,) = part.batches(100)
    assert taken == [0]
    (column,) = batch.columns
    assert [text_of(column.words[:, row]) for row in range(4)] == ["007", "7", "12345678", "123456789"]
