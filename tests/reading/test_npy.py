"""NumPy's files: types, orders, archives, damage."""

from __future__ import annotations

import math
import os
import random
import zipfile
from functools import partial

import columns
import numpy as np
import pytest
from columns import rows_of

from losscli.errors import DataError
from losscli.reading import numpy as source_module
from losscli.reading.numpy import open_npy
from losscli.table.block import ColumnRequest

NUMBER, CLASS, TEXT, SCORE = "number", "class", "text", "score"
NAN, INF = math.nan, math.inf

refusal = partial(columns.refusal, open_npy)


@pytest.fixture
def saved(tmp_path):
    def save(array=None, *, compressed=False, **arrays):
        path = str(tmp_path / f"{len(os.listdir(tmp_path))}.np{'z' if array is None else 'y'}")
        if array is not None:
            np.save(path, array)
        else:
            (np.savez_compressed if compressed else np.savez)(path, **arrays)
        return path

    return save


def column_of(path, kind, **options):
    return [value for (value,) in rows_of(open_npy(path), ColumnRequest(0, kind), **options)]


# ---------------------------------------------------------------------- values


VALUES = [
    ("?", [True, False], [1.0, 0.0], [1, 0], ["true", "false"]),
    ("i1", [-128, 127], [-128.0, 127.0], [-128, 127], ["-128", "127"]),
    ("i4", [-(2**31), 7], [-2147483648.0, 7.0], [-(2**31), 7], ["-2147483648", "7"]),
    ("i8", [2**60, 0], [2.0**60, 0.0], [2**60, 0], [str(2**60), "0"]),
    ("u1", [255, 0], [255.0, 0.0], [255, 0], ["255", "0"]),
    ("u8", [2**63, 1], [2.0**63, 1.0], [2**63, 1], [str(2**63), "1"]),
    ("f2", [0.5, NAN], [0.5, None], ["0.5", None], ["0.5", None]),
    (
        "f4",
        [0.1, 2.0],
        [0.10000000149011612, 2.0],
        ["0.10000000149011612", 2],
        ["0.10000000149011612", "2.0"],
    ),
    ("f8", [0.1, INF], [0.1, INF], ["0.1", "inf"], ["0.1", "inf"]),
    ("U9", ["1.5", ""], [1.5, None], ["1.5", None], ["1.5", None]),
    ("S9", [b"1e3", b"2"], [1000.0, 2.0], ["1e3", 2], ["1e3", "2"]),
]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code, stored, numbers, labels, texts", VALUES, ids=[case[0] for case in VALUES])
def test_every_type_is_read_as_its_value_in_either_byte_order(
    saved, order, code, stored, numbers, labels, texts
):
    path = saved(np.array(stored, np.dtype(code).newbyteorder(order)))
    assert column_of(path, NUMBER) == numbers
    assert column_of(path, CLASS) == labels
    assert column_of(path, TEXT) == texts
    assert column_of(path, SCORE) == (labels if "1e3" in labels else numbers)


@pytest.mark.parametrize(
    "code, text",
    [
        ("M8[D]", "2024-02-29"),
        ("M8[ns]", "2024-02-29T00:00:00"),
        ("M8[h]", "2024-02-29T00:00:00"),
        ("M8[M]", "2024-02-01"),
        ("M8[25s]", "2024-02-29T00:00:00"),
    ],
)
def test_dates_and_times_are_text_in_iso_form(saved, code, text):
    path = saved(np.array(["2024-02-29", "NaT"], code))
    assert column_of(path, TEXT) == [text, None]
    assert column_of(path, SCORE) == [text, None]
    assert "datetime64" in refusal(path, ColumnRequest(0, NUMBER)).message


def test_a_text_that_is_no_number_and_an_integer_that_is_no_double_are_refused_with_their_row(saved):
    assert refusal(saved(np.array(["1", "2", "x"])), ColumnRequest(0, NUMBER)).where.endswith(
        "column `1`, row 3"
    )
    assert refusal(saved(np.array([1, 2**53 + 1])), ColumnRequest(0, NUMBER)).row == 2
    assert refusal(saved(np.array([b"a", b"\xff"])), ColumnRequest(0, TEXT)).row == 2
    assert column_of(saved(np.array(["1", "x"])), SCORE) == [1, "x"]


@pytest.mark.parametrize("code", ["c16", "m8[s]", "V4", [("a", "f8")], "M8"])
def test_a_type_that_is_no_column_is_refused_by_name(saved, code):
    error = refusal(saved(np.zeros(3, code)), ColumnRequest(0, NUMBER))
    assert "of type" in error.message
    assert error.column == "1"


def test_an_array_of_python_objects_is_never_unpickled(saved):
    class Trap:
        def __reduce__(self):
            return os.mkdir, ("trapped",)

    assert "Python objects" in refusal(saved(np.array([Trap()], object)), ColumnRequest(0, NUMBER)).message
    assert (
        "Python objects"
        in refusal(saved(a=np.array([1.0]), b=np.array([Trap()])), ColumnRequest(1, NUMBER)).message
    )
    assert not os.path.exists("trapped")


# ---------------------------------------------------------------------- shapes


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("chunk_rows", [1, 7, 65536])
def test_the_columns_of_a_table_have_numbers_for_names(saved, monkeypatch, order, chunk_rows):
    monkeypatch.setattr(source_module, "PIECE_BYTES", 1000)
    table = np.arange(300.0).reshape(100, 3)
    source = open_npy(saved(np.array(table, order=order)))
    assert (source.columns, source.named, source.rows, source.format) == (("1", "2", "3"), False, 100, "npy")
    wanted = [(row[2], row[0]) for row in table.tolist()]
    assert (
        rows_of(source, ColumnRequest(2, NUMBER), ColumnRequest(0, NUMBER), chunk_rows=chunk_rows) == wanted
    )
    assert len(list(source.parts([ColumnRequest(0, NUMBER)]))) > 1
    assert sum(part.rows for part in source.parts([])) == 100


def test_arrays_of_one_dimension_and_of_one_column_are_one_column(saved):
    assert column_of(saved(np.array([1.0, 2.0])), NUMBER) == [1.0, 2.0]
    assert column_of(saved(np.array([[1.0], [2.0]])), NUMBER) == [1.0, 2.0]


@pytest.mark.parametrize("array", [np.array(1.0), np.zeros((2, 2, 2)), np.zeros((3, 0)), np.zeros(2, "V0")])
def test_an_array_that_is_no_table_is_refused(saved, array):
    refusal(saved(array))


def test_a_file_without_rows_has_none(saved):
    assert column_of(saved(np.zeros(0)), NUMBER) == []
    assert rows_of(open_npy(saved(np.zeros((0, 3)))), ColumnRequest(1, NUMBER)) == []


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_arrays_of_an_archive_are_columns_of_their_names(saved, monkeypatch, compressed, order):
    monkeypatch.setattr(source_module, "PIECE_BYTES", 1000)
    table = np.array(np.arange(300.0).reshape(100, 3), order=order)
    labels = np.array([f"c{row % 3}" for row in range(100)])
    source = open_npy(saved(p=table, y=labels, w=np.arange(100), compressed=compressed))
    assert (source.columns, source.named, source.rows) == (("p_1", "p_2", "p_3", "y", "w"), True, 100)
    assert source.format == "npz"
    found = rows_of(
        source,
        ColumnRequest(4, NUMBER),
        ColumnRequest(3, CLASS),
        ColumnRequest(1, NUMBER),
        ColumnRequest(2, NUMBER),
        chunk_rows=7,
    )
    assert found == [(float(row), f"c{row % 3}", 3.0 * row + 1, 3.0 * row + 2) for row in range(100)]
    assert sum(part.rows for part in source.parts([])) == 100


def test_arrays_of_an_archive_may_differ_in_length_where_they_are_not_read_together(saved):
    path = saved(a=np.zeros(3), b=np.ones(2), n=np.array(5))
    source = open_npy(path)
    assert source.rows is None
    assert rows_of(source, ColumnRequest(1, NUMBER)) == [(1.0,), (1.0,)]
    error = refusal(path, ColumnRequest(0, NUMBER), ColumnRequest(1, NUMBER))
    assert "`b` has 2 rows" in error.message
    assert "`a` has 3" in error.message
    assert "0 dimensions" in refusal(path, ColumnRequest(2, NUMBER)).message


# ---------------------------------------------------------------------- damage


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"1.0\n2.0\n", b"PK", b"PK\3\4" + bytes(50), bytes(200)]
)
def test_a_file_that_is_no_numpy_file_is_refused(tmp_path, content):
    for suffix in ("npy", "npz"):
        path = str(tmp_path / f"x.{suffix}")
        with open(path, "wb") as file:
            file.write(content)
        refusal(path)


def test_a_file_that_is_not_there_is_refused_by_its_path(tmp_path):
    assert "no such file" in refusal(str(tmp_path / "absent.npy")).message


def test_a_file_that_is_shorter_or_longer_than_its_header_says_is_refused(saved):
    path = saved(np.arange(100.0))
    for size in (os.path.getsize(path) - 1, os.path.getsize(path) + 7):
        os.truncate(path, size)
        assert "header says 928 bytes" in (refusal(path).detail or "")


def test_a_byte_of_an_archive_that_is_wrong_is_found_by_its_checksum(saved):
    path = saved(a=np.arange(1000.0))
    with open(path, "r+b") as file:
        file.seek(5000)
        file.write(b"\x55")
    assert "CRC" in (refusal(path, ColumnRequest(0, NUMBER)).detail or "")


def test_a_header_that_claims_to_be_endless_is_not_read(tmp_path):
    path = str(tmp_path / "x.npy")
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\2\0" + (1 << 31).to_bytes(4, "little") + b" " * 1000)
    assert "longer than" in (refusal(path).detail or "")


def test_a_truth_value_of_another_byte_than_0_and_1_is_true(saved):
    path = saved(np.array([True, False]))
    with open(path, "r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"\x02")
    assert column_of(path, NUMBER) == [1.0, 0.0]


def test_a_file_that_changes_while_it_is_read_is_refused(saved):
    for path in (saved(np.arange(100.0)), saved(a=np.arange(100.0))):
        source = open_npy(path)
        parts = source.parts([ColumnRequest(0, NUMBER)])
        next(parts)
        os.utime(path, (1, 1))
        with pytest.raises(DataError, match="changed while it was read"):
            list(parts)


def test_an_archive_that_is_encrypted_is_refused(saved):
    path = saved(a=np.arange(10.0))
    with open(path, "rb") as file:
        raw = bytearray(file.read())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.index(mark) + flags] |= 1
    with open(path, "wb") as file:
        file.write(raw)
    assert "encrypted" in (refusal(path).detail or "")


FUZZED = int(os.environ.get("LOSSCLI_FUZZED", "750"))


def test_no_damage_makes_more_than_a_refusal_or_a_value(saved, tmp_path):
    rows = range(60)
    arrays = {
        "a": np.arange(60.0),
        "i": np.arange(60),
        "s": np.array([f"é{row}" for row in rows]),
        "b": np.arange(60) % 2 == 0,
        "m": np.arange(60).astype("M8[us]"),
        "t": np.asfortranarray(np.arange(120, dtype="f4").reshape(60, 2)),
    }
    originals = []
    for path in [saved(array) for array in arrays.values()] + [
        saved(**arrays),
        saved(**arrays, compressed=True),
    ]:
        assert open_npy(path).rows == 60
        with open(path, "rb") as file:
            originals.append(file.read())
    assert zipfile.is_zipfile(path)
    rng = random.Random(11)
    path = str(tmp_path / "fuzzed.npy")
    refused = 0
    for _ in range(FUZZED):
        raw = bytearray(rng.choice(originals))
        for _ in range(rng.choice([1, 1, 2, 5])):
            place = rng.randrange(len(raw)) if rng.random() < 0.5 else rng.randrange(130)
            raw[place] = rng.choice(
                [raw[place] ^ (1 << rng.randrange(8)), rng.randrange(256), ord(rng.choice("0<>|,)9'"))]
            )
        with open(path, "wb") as file:
            file.write(raw)
        try:
            source = open_npy(path)
            for place in range(len(source.columns)):
                for part in source.parts([ColumnRequest(place, rng.choice([NUMBER, CLASS, TEXT, SCORE]))]):
                    for batch in part.batches(rng.choice([7, 65536])):
                        assert all(len(column) == batch.rows for column in batch.columns)
        except DataError:
            refused += 1
    assert refused > FUZZED // 2
