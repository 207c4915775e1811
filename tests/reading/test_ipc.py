"""Arrow IPC files: both forms, fields found by place, damage."""

from __future__ import annotations

import decimal
import os
import random
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import columns
import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pytest
from columns import rows_of

from conftest import SUPPORT
from losscli.errors import DataError
from losscli.reading import ipc
from losscli.reading.ipc import open_ipc
from losscli.table.block import ColumnRequest

NUMBER, CLASS, TEXT = "number", "class", "text"
FORMS = [pa.ipc.new_file, pa.ipc.new_stream]


@pytest.fixture
def written(tmp_path):
    def write(columns, form=pa.ipc.new_file, rows=None, **options):
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        path = str(tmp_path / f"{len(os.listdir(tmp_path))}.arrow")
        with form(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as file:
            for batch in table.to_batches(rows):
                file.write_batch(batch)
        return path

    return write


refusal = partial(columns.refusal, open_ipc)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("chunk_rows", [1, 7, 65536])
def test_rows_come_out_as_they_went_in(written, form, compression, chunk_rows):
    rows = [(row / 3 if row % 5 else None, row, f"t{row % 4}") for row in range(100)]
    columns = dict(zip("xyz", ([*column] for column in zip(*rows, strict=True)), strict=True))
    source = open_ipc(written(columns, form, rows=30, compression=compression))
    assert (source.columns, source.named, source.format) == (("x", "y", "z"), True, "arrow")
    wants = ColumnRequest(0, NUMBER), ColumnRequest(1, CLASS), ColumnRequest(2, TEXT)
    assert rows_of(source, *wants, chunk_rows=chunk_rows) == rows
    turned = [(text, number) for number, _, text in rows]
    assert rows_of(source, ColumnRequest(2, CLASS), ColumnRequest(0, NUMBER)) == turned


def test_a_feather_file_is_an_arrow_file_and_one_of_version_1_is_refused_as_such(tmp_path):
    path = str(tmp_path / "x.feather")
    pa.feather.write_feather(pa.table({"x": [1.0, 2.0]}), path)
    assert rows_of(open_ipc(path), ColumnRequest(0, NUMBER)) == [(1.0,), (2.0,)]
    with open(path, "wb") as file:
        file.write(b"FEA1" + bytes(100) + b"FEA1")
    assert "version 1" in refusal(path).message


@pytest.mark.parametrize("form", FORMS)
def test_rows_can_be_counted_without_a_column(written, form):
    source = open_ipc(written({"x": [1.0, 2.0, 3.0], "y": [[1], [2], [3]]}, form, rows=2))
    assert [batch.rows for part in source.parts([]) for batch in part.batches(65536)] == [2, 1]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_without_rows_has_none(written, form):
    source = open_ipc(written({"x": pa.array([], pa.float64())}, form))
    assert rows_of(source, ColumnRequest(0, NUMBER)) == []


def test_columns_of_one_name_and_names_with_dots_are_found_by_place(written):
    table = pa.table([[1.0], [{"b": 2.0}], [3.0], [4.0]], names=["p", "a", "a.b", "p"])
    source = open_ipc(written(table))
    assert rows_of(source, ColumnRequest(3, NUMBER), ColumnRequest(2, NUMBER), ColumnRequest(0, NUMBER)) == [
        (4.0, 3.0, 1.0)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_dictionaries_that_change_between_record_batches_are_read_by_their_own(tmp_path, form):
    path = str(tmp_path / "x.arrow")
    first, second = (
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["a", "b", "c", "b"]).dictionary_encode(),
    )
    if form is pa.ipc.new_stream:
        second = pa.array(["c", "a", "b"]).dictionary_encode()
    with form(
        path, pa.schema([("d", first.type)]), options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    ) as out:
        out.write_batch(pa.record_batch([first], ["d"]))
        out.write_batch(pa.record_batch([second], ["d"]))
    wanted = [(text,) for text in first.to_pylist() + second.to_pylist()]
    assert rows_of(open_ipc(path), ColumnRequest(0, TEXT)) == wanted


@pytest.mark.parametrize("form", FORMS)
def test_a_bad_row_ends_the_batch_before_it(written, form):
    source = open_ipc(written({"t": ["1", "2", "3", "x", "5"]}, form, rows=2))
    batches = [batch for part in source.parts([ColumnRequest(0, NUMBER)]) for batch in part.batches(10)]
    assert [batch.rows for batch in batches] == [2, 1]
    assert batches[-1].stop is not None
    assert (batches[-1].stop.column, batches[-1].stop.row) == ("t", None)  # whoever counts the rows knows


def test_parts_are_runs_of_record_batches_and_are_decoded_side_by_side(written, monkeypatch):
    monkeypatch.setattr(ipc, "PART_BYTES", 3000)
    source = open_ipc(written({"x": np.arange(10_000.0)}, rows=100))
    parts = list(source.parts([ColumnRequest(0, NUMBER)]))
    assert 10 < len(parts) < 100
    assert sum(part.size for part in parts) <= source.size
    with ThreadPoolExecutor(8) as pool:
        found = [row for rows in pool.map(lambda part: rows_of(source, parts=[part]), parts) for row in rows]
    assert found == [(float(row),) for row in range(10_000)]
    source.close()


def test_a_type_that_cannot_be_read_is_refused_by_name(written):
    path = written({"x": [[1.0]]})
    error = refusal(path, ColumnRequest(0, NUMBER))
    assert error.column == "x"
    assert "list" in error.message


# ---------------------------------------------------------------------- damage


@pytest.mark.parametrize(
    "content", [b"", b"ARROW1", b"a,b\n1,2\n", b"ARROW1\0\0" + bytes(100), bytes(100), b"PAR1" * 9]
)
def test_a_file_that_is_no_arrow_file_is_refused(tmp_path, content):
    path = str(tmp_path / "x.arrow")
    with open(path, "wb") as file:
        file.write(content)
    refusal(path)


def test_a_file_that_is_not_there_is_refused_by_its_path(tmp_path):
    assert "no such file" in refusal(str(tmp_path / "absent.arrow")).message


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_refused(written, form, kept):
    path = written({"x": np.arange(1000.0)}, form, rows=500)
    os.truncate(path, int(os.path.getsize(path) * kept))
    refusal(path, ColumnRequest(0, NUMBER))


@pytest.mark.parametrize("form", FORMS)
def test_offsets_that_point_outside_the_text_are_refused_before_a_value_is_looked_at(written, form):
    path = written({"s": ["abc", "defg", "hij"]}, form)
    with open(path, "rb") as file:
        raw = file.read()
    offsets = struct.pack("<4i", 0, 3, 7, 10)
    assert raw.count(offsets) == 1
    with open(path, "wb") as file:
        file.write(raw.replace(offsets, struct.pack("<4i", 0, 3, 1 << 30, 10)))
    for kind in (TEXT, CLASS, NUMBER):
        refusal(path, ColumnRequest(0, kind))


def test_codes_that_point_outside_the_dictionary_are_refused(written):
    path = written(
        {"d": pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, 1] * 4, pa.int8()), pa.array(["a", "b"]))}
    )
    with open(path, "rb") as file:
        raw = file.read()
    assert raw.count(b"\0\1" * 8) == 1
    with open(path, "wb") as file:
        file.write(raw.replace(b"\0\1" * 8, b"\0\1" * 7 + b"\0\7"))
    refusal(path, ColumnRequest(0, TEXT))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_changes_while_it_is_read_is_refused(written, form):
    path = written({"x": np.arange(1000.0)}, form, rows=100)
    source = open_ipc(path)
    (part,) = source.parts([ColumnRequest(0, NUMBER)])
    batches = part.batches(50)
    next(batches)
    os.utime(path, (1, 1))
    with pytest.raises(DataError, match="changed while it was read"):
        list(batches)


FUZZED = int(os.environ.get("LOSSCLI_FUZZED", "750"))


def fuzz(folder, seed, times):
    """Damage small files and read them; prints how many were refused.  Run in a process of its own."""
    rows = range(300)
    table = pa.table({
        "a": [float(row) if row % 7 else None for row in rows],
        "i": list(rows),
        "s": [f"x{row % 5}" for row in rows],
        "k": [f"é{row}" * (row % 6) for row in rows],
        "c": pa.array([f"c{row % 3}" for row in rows]).dictionary_encode(),
        "b": [bool(row % 2) for row in rows],
        "v": pa.array([f"v{row}" * (row % 6) for row in rows], pa.string_view()),
        "t": pa.array(list(rows), pa.timestamp("us")),
        "d": pa.array([decimal.Decimal(row) / 100 for row in rows], pa.decimal128(24, 2)),
    })  # fmt: skip
    originals = []
    for form in FORMS:
        for compression in (None, "lz4", "zstd"):
            sink = pa.BufferOutputStream()
            with form(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as file:
                for batch in table.to_batches(100):
                    file.write_batch(batch)
            originals.append(sink.getvalue().to_pybytes())
    wants = [
        ColumnRequest(place, kind)
        for place, kind in enumerate((NUMBER, NUMBER, CLASS, TEXT, CLASS, NUMBER, TEXT, CLASS, NUMBER))
    ]
    rng = random.Random(seed)
    path = os.path.join(folder, "fuzzed.arrow")
    refused = 0
    for _ in range(times):
        raw = bytearray(rng.choice(originals))
        for _ in range(rng.choice([1, 1, 1, 2, 5, 20])):
            place = rng.randrange(len(raw))
            if rng.random() < 0.5:
                raw[place] ^= 1 << rng.randrange(8)
            else:
                raw[place] = rng.choice([0, 1, 127, 255, rng.randrange(256)])
        with open(path, "wb") as file:
            file.write(raw)
        try:
            source = open_ipc(path)
            for part in source.parts([want for want in wants if want.index < len(source.columns)]):
                for batch in part.batches(rng.choice([7, 65536])):
                    assert all(len(column) == batch.rows for column in batch.columns)
        except DataError:
            refused += 1
    print(refused)


def test_no_damage_makes_more_than_a_refusal_or_a_value(tmp_path):
    # A crash in Arrow would end the process of the tests, so it happens in another one.
    call = [sys.executable, __file__, str(tmp_path), "11", str(FUZZED)]
    env = os.environ | {"PYTHONPATH": f"{SUPPORT}{os.pathsep}{SUPPORT.parent}"}
    ended = subprocess.run(call, capture_output=True, text=True, timeout=600, check=False, env=env)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > FUZZED // 10


if __name__ == "__main__":
    fuzz(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
