"""Generated CSV: what comes back equals what Python's csv module wrote, and what a plain oracle reads."""

from __future__ import annotations

import contextlib
import csv as python_csv
import io
import random

import pytest
from csv_oracle import label, number, read_table
from csv_reading import bits, read, read_alike, read_source
from hypothesis import given
from hypothesis import strategies as st

from losscli.errors import DataError
from losscli.reading import csv, csv_rows
from losscli.reading.source import Dialect
from losscli.table.block import ColumnRequest

CELLS = [
    b"1", b"2.5", b"-3", b"+1", b"", b'""', b'"a"', b"a", b'"a,b"', b'"x\ny"', b'"x\r\ny"', b'"q""q"', b'5" p', b"NA",
    b"nan", b'"NaN"', b"inf", b"1e400", b"abc\xff", b"\xc3\xa9", b"true", b"FALSE", b"1.0", b"1e3", b" 7 ", b" ",
    b"0x10", b'"abc"d', b'"', b"1_0", b"nan(1)", b"-nan", b'"1"', b'""""', b"0", b"-0", b"007", b"\t1",
    b"9007199254740993", b"99999999999999999999", b"1\x00", b'a"b"c', b'""x',
]  # fmt: skip
STYLES = {
    "plain": CELLS[:3] + [b"inf", b"NA"],
    "quoted": [cell for cell in CELLS if cell[:1] == cell[-1:] == b'"' and len(cell) > 1] + CELLS[:3],
    "mostly good": CELLS[:12] * 5 + CELLS,
    "wild": CELLS,
    "mutated": CELLS[:8],
}
LINE_ENDS = [b"\n", b"\n", b"\n", b"\r\n", b"\r"]
REASONS = {
    "width": ("has ", "the line is empty"),
    "unclosed": ("a quote opens here that is never closed",),
    "text behind a quote": ("text stands behind a closing quote",),
}


def table_of(dice: random.Random) -> bytes:
    width, style = dice.choice([1, 2, 2, 3]), dice.choice(list(STYLES))
    line_end, mixed = dice.choice(LINE_ENDS), dice.random() < 0.2
    data = b",".join([b"a", b'"b"', b"c\xc3\xa9"][:width]) + line_end
    for _ in range(dice.randrange(25)):
        cells = width if dice.random() < 0.99 else dice.randrange(1, 4)
        data += b",".join(dice.choice(STYLES[style]) for _ in range(cells))
        data += dice.choice(LINE_ENDS) if mixed else line_end
        if dice.random() < 0.02:
            data += line_end
    if dice.random() < 0.3:
        data = data.rstrip(b"\r\n")
    data += line_end * dice.randrange(3) if dice.random() < 0.2 else b""
    return mutated(data, dice) if style == "mutated" else data


def mutated(data: bytes, dice: random.Random, times: int = 3) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, times)):
        place, letter = dice.randrange(len(changed) + 1), dice.choice(b'",\n\r\x00\xff1a \t')
        change = dice.choice(["insert", "delete", "replace"])
        if change != "insert":
            del changed[place : place + 1]
        if change != "delete":
            changed.insert(place, letter)
    return bytes(changed)


def expected(data: bytes, wants: list[ColumnRequest]) -> tuple[int, list[list], int | None, tuple[str, ...]]:
    """Rows, columns, the row that stops, and what may be said of it, by the oracle."""
    table = read_table(data, ",")
    bad_row, reasons = table.bad_row, REASONS.get(table.reason, ())
    columns = []
    for want in sorted(wants):
        for row, cells in enumerate(table.rows[: None if bad_row is None else bad_row - 1], 1):
            value = (number if want.kind == "number" else label)(cells[want.index])
            if isinstance(value, UnicodeDecodeError) or (want.kind == "number" and isinstance(value, str)):
                bad_row, reasons = row, (value if isinstance(value, str) else "is not valid UTF-8",)
                break
    rows = table.rows[: None if bad_row is None else bad_row - 1]
    for want in wants:
        cells = [row[want.index] for row in rows]
        if want.kind == "number":
            columns.append(bits([number(cell) for cell in cells]))
        elif want.kind == "class":
            columns.append([label(cell) for cell in cells])
        else:
            columns.append([cell.decode() or None for cell in cells])
    return len(rows), columns, bad_row, reasons


@pytest.mark.parametrize("seed", range(8))
def test_any_table_reads_as_by_the_oracle_or_is_refused_in_the_same_row(seed):
    dice = random.Random(seed)
    for _ in range(60):
        data = table_of(dice)
        width = len(read_table(data, ",").header) or 1
        kinds = ("number", "class", "text")
        wants = [ColumnRequest(dice.randrange(width), dice.choice(kinds)) for _ in range(dice.randrange(4))]
        try:
            found = read_alike(data, *wants, dialect=Dialect(delimiter=","))
        except DataError:  # of the header
            continue
        rows, columns, bad_row, reasons = expected(data, wants)
        assert found.rows == rows, data
        numeric = [
            bits(got) if want.kind == "number" else got for want, got in zip(wants, found.lists, strict=True)
        ]
        assert repr(numeric) == repr(columns), data
        assert (None if found.stop is None else found.stop.row) == bad_row, data
        if found.stop is not None:
            assert any(reason in found.stop.message for reason in reasons), (data, found.stop, reasons)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_give_rows_or_a_data_error_and_nothing_else(seed):
    dice = random.Random(seed)
    rows = "".join(f"{row},{dice.random()!r},{dice.choice(['cat', 'dog'])}\n" for row in range(200))
    plain = ("id,p,c\n" + rows).encode()
    quoted = plain.replace(b"cat", b'"ca""t, x"')
    for _ in range(200):
        data = mutated(dice.choice([plain, quoted]), dice, times=8)
        with contextlib.suppress(DataError):
            source = csv.open_csv("-", dialect=Dialect(), stream=io.BytesIO(data))
            kinds = ("class", "number", "text")[: len(source.columns)]
            found = read_source(
                source,
                *kinds,
                part=dice.choice([16, 512, csv_rows.PART_BYTES]),
                small=dice.choice([0, 1 << 30]),
            )
            assert found.rows <= 210


letters = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=8)
numbers = st.one_of(st.floats(allow_nan=False), st.integers(-(10**25), 10**25).map(float), st.none())


@st.composite
def written_tables(draw):
    """A table of text, numbers and labels, as bytes written by Python's csv module."""
    rows = draw(
        st.lists(st.tuples(letters, numbers, st.sampled_from(["a", "b c", 'd"', "e,f"])), max_size=30)
    )
    quoting = draw(
        st.sampled_from([python_csv.QUOTE_MINIMAL, python_csv.QUOTE_ALL, python_csv.QUOTE_NONNUMERIC])
    )
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    if quoting == python_csv.QUOTE_MINIMAL and line_end != "\r\n":
        # The module leaves the other line end bare, which reads as two rows everywhere.
        rows = [(text.translate({10: None, 13: None}), value, label) for text, value, label in rows]
    sink = io.StringIO(newline="")
    delimiter = draw(st.sampled_from(",;\t|"))
    writer = python_csv.writer(sink, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(["text", "number", "label"])
    writer.writerows([text, "" if value is None else repr(value), label] for text, value, label in rows)
    return rows, sink.getvalue().encode()


@given(written_tables(), st.sampled_from([1, 16, 64, 1 << 20]), st.sampled_from([1, 7, 1 << 16]))
def test_what_the_csv_module_writes_comes_back(written, part, chunk):
    rows, data = written
    found = read(data, "text", "number", "text", part=part, chunk=chunk)
    assert found.stop is None
    assert found.lists[0] == [text or None for text, _, _ in rows]
    assert bits(found.lists[1]) == bits([value for _, value, _ in rows])
    assert found.lists[2] == [label for _, _, label in rows]
