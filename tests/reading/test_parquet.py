"""Parquet files: parts, columns found by place, damage."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import columns
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from columns import rows_of

from losscli.errors import DataError
from losscli.reading import parquet
from losscli.reading.parquet import open_parquet
from losscli.table.block import ColumnRequest

NUMBER, CLASS, TEXT = "number", "class", "text"


@pytest.fixture
def written(tmp_path):
    def write(columns, **options):
        path = str(tmp_path / f"{len(os.listdir(tmp_path))}.parquet")
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)
        return path

    return write


refusal = partial(columns.refusal, open_parquet)


# ---------------------------------------------------------------------- columns and rows


def test_opening_tells_columns_and_rows_from_the_footer(written):
    path = written({"b": [1.0, 2.0, 3.0], "a": [[1], [2], [3]]}, row_group_size=2)
    source = open_parquet(path)
    assert (source.columns, source.rows, source.named, source.format) == (("b", "a"), 3, True, "parquet")
    assert (source.row_groups, source.size, source.path) == ((2, 1), os.path.getsize(path), path)


@pytest.mark.parametrize("chunk_rows", [1, 7, 65536])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip", "lz4", "brotli"])
def test_rows_come_out_as_they_went_in(written, chunk_rows, compression):
    rows = [(row / 3 if row % 5 else None, row, f"t{row % 4}") for row in range(100)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    path = written(dict(zip("xyz", columns, strict=True)), row_group_size=30, compression=compression)
    source = open_parquet(path)
    assert (
        rows_of(
            source,
            ColumnRequest(0, NUMBER),
            ColumnRequest(1, CLASS),
            ColumnRequest(2, TEXT),
            chunk_rows=chunk_rows,
        )
        == rows
    )
    # In another order, and one column read in two ways.
    turned = [(text, str(n), number, n) for number, n, text in rows]
    assert (
        rows_of(
            source,
            ColumnRequest(2, CLASS),
            ColumnRequest(1, TEXT),
            ColumnRequest(0, NUMBER),
            ColumnRequest(1, NUMBER),
        )
        == turned
    )


def test_rows_can_be_counted_without_a_column(written):
    source = open_parquet(written({"x": [1.0, 2.0, 3.0]}, row_group_size=2))
    assert [batch.rows for part in source.parts([]) for batch in part.batches(2)] == [2, 1]


def test_a_file_without_rows_has_no_parts(written):
    source = open_parquet(written({"x": pa.array([], pa.float64())}))
    assert (source.rows, source.part_rows(), list(source.parts([ColumnRequest(0, NUMBER)]))) == (0, [], [])


def test_columns_of_one_name_are_told_apart_by_their_place(written):
    table = pa.table([[1.0, 2.0], [3.0, 4.0], ["a", "b"], [5.0, 6.0]], names=["p", "q", "p", "p"])
    source = open_parquet(written(table))
    assert source.columns == ("p", "q", "p", "p")
    assert rows_of(source, ColumnRequest(3, NUMBER), ColumnRequest(0, NUMBER)) == [(5.0, 1.0), (6.0, 2.0)]
    assert rows_of(source, ColumnRequest(2, TEXT), ColumnRequest(1, NUMBER)) == [("a", 3.0), ("b", 4.0)]


def test_columns_are_found_in_any_order_of_asking(written):
    names = [f"c{place}" for place in range(20)] + ["c3", "a", "c0"]
    source = open_parquet(written(pa.table([[float(place)] for place in range(23)], names=names)))
    order = random.Random(1).sample(range(23), 23)
    assert rows_of(source, *(ColumnRequest(place, NUMBER) for place in order)) == [tuple(map(float, order))]
    for place in range(23):
        assert rows_of(source, ColumnRequest(place, NUMBER)) == [(float(place),)]


def test_a_name_with_a_dot_is_not_taken_for_a_field_of_a_group(written):
    table = pa.table([[{"b": 1.0, "c": 2.0}], [3.0], [{"d": 4.0}], [5.0]], names=["a", "a.b", "a.b", "a.b.d"])
    source = open_parquet(written(table))
    assert rows_of(source, ColumnRequest(1, NUMBER)) == [(3.0,)]
    assert rows_of(source, ColumnRequest(3, NUMBER), ColumnRequest(1, NUMBER)) == [(5.0, 3.0)]
    assert rows_of(source, ColumnRequest(1, NUMBER), ColumnRequest(3, NUMBER)) == [(3.0, 5.0)]
    table = pa.table([[1.0], [2.0], [{"y": 3.0}], [4.0]], names=["x.y", "x", "x", "x"])
    assert rows_of(open_parquet(written(table)), *(ColumnRequest(place, NUMBER) for place in (3, 0, 1))) == [
        (4.0, 1.0, 2.0)
    ]


@pytest.mark.parametrize("name", ["", "a b", "é", "a\nb", ".", "a.", "list.element", "0"])
def test_any_name_is_found(written, name):
    assert rows_of(open_parquet(written({"x": [0.0], name: [1.0]})), ColumnRequest(1, NUMBER)) == [(1.0,)]


@pytest.mark.parametrize(
    "values, kind",
    [
        (pa.array([[1.0]]), NUMBER),
        (pa.array([{"a": 1.0}]), NUMBER),
        (pa.array([[("k", 1.0)]], pa.map_(pa.string(), pa.float64())), CLASS),
        (pa.array([b"a"]), NUMBER),
        (pa.array([1], pa.timestamp("us")), NUMBER),
        (pa.array([1], pa.date32()), NUMBER),
    ],
)
def test_a_column_of_a_type_that_cannot_be_read_is_refused_by_file_column_and_type(written, values, kind):
    path = written({"x": [1.0], "col": values})
    with pytest.raises(DataError) as caught:
        open_parquet(path).parts([ColumnRequest(0, NUMBER), ColumnRequest(1, kind)])
    assert caught.value.where == f"{path}, column `col`"
    assert f"`{str(values.type)[:5]}" in caught.value.message


@pytest.mark.parametrize(
    "options", [{}, {"use_dictionary": False}, {"data_page_version": "2.0"}, {"store_schema": False}]
)
def test_codes_are_read_through_the_dictionary_of_their_own_row_group(written, options):
    # The dictionary of each row group holds other texts, in another order.
    texts = ["a", "b"] * 50 + ["b", "c"] * 50 + [None, "a"] * 50 + ["1", "1.0"] * 50
    path = written({"s": texts, "d": pa.array(texts).dictionary_encode()}, row_group_size=100, **options)
    source = open_parquet(path)
    for column in (0, 1):
        for chunk_rows in (7, 64, 65536):
            assert rows_of(source, ColumnRequest(column, TEXT), chunk_rows=chunk_rows) == [
                (text,) for text in texts
            ]
    labels = [1 if text in ("1", "1.0") else text for text in texts]
    assert rows_of(source, ColumnRequest(0, CLASS), ColumnRequest(1, CLASS)) == [
        (label, label) for label in labels
    ]


def test_texts_decoded_as_codes_and_texts_decoded_one_by_one_are_the_same(written, monkeypatch):
    # Few texts at first, then so many that the writer gives up its dictionary.
    texts = ["few"] * 5000 + [f"t{row}" for row in range(5000)] + ["é", None, ""] * 1000
    path = written({"s": texts}, row_group_size=4000, dictionary_pagesize_limit=1000, data_page_size=500)
    wanted = [(text or None,) for text in texts]
    for code_bytes in (0, 1e9):
        monkeypatch.setattr(parquet, "CODE_BYTES", code_bytes)
        assert rows_of(open_parquet(path), ColumnRequest(0, TEXT), chunk_rows=999) == wanted


def test_the_encodings_of_other_writers_are_read(written):
    rows = range(1000)
    encodings = {
        "i": "DELTA_BINARY_PACKED",
        "s": "DELTA_BYTE_ARRAY",
        "f": "BYTE_STREAM_SPLIT",
        "l": "DELTA_LENGTH_BYTE_ARRAY",
    }
    columns = {
        "i": list(rows),
        "s": [f"s{n}" for n in rows],
        "f": [n / 7 for n in rows],
        "l": [f"l{n}" for n in rows],
    }
    source = open_parquet(written(columns, use_dictionary=False, column_encoding=encodings))
    found = rows_of(
        source,
        ColumnRequest(0, NUMBER),
        ColumnRequest(1, TEXT),
        ColumnRequest(2, NUMBER),
        ColumnRequest(3, CLASS),
    )
    assert found == [(float(n), f"s{n}", n / 7, f"l{n}") for n in rows]


def test_a_bad_row_ends_the_batch_before_it_and_is_counted_from_the_start_of_the_file(written):
    values = [float(row) for row in range(250)]
    texts = [str(row) for row in range(250)]
    texts[213] = "x"
    path = written({"v": values, "t": texts}, row_group_size=100)
    source = open_parquet(path)
    part = source.part_of(2, 2, [ColumnRequest(0, NUMBER), ColumnRequest(1, NUMBER)])
    for chunk_rows in (1, 7, 1000):
        batches = list(part.batches(chunk_rows))
        assert sum(batch.rows for batch in batches) == 13
        assert [batch.stop for batch in batches[:-1]] == [None] * (len(batches) - 1)
        stop = batches[-1].stop
        assert stop is not None
        assert stop.where == f"{path}, column `t`, row 214"
        assert "`x`" in stop.message


# ---------------------------------------------------------------------- parts


def test_small_row_groups_are_joined_and_a_large_one_is_a_part(written, monkeypatch):
    monkeypatch.setattr(parquet, "PART_ROWS", 25)
    values = [float(row) for row in range(108)]
    source = open_parquet(written({"v": values}, row_group_size=10))
    assert source.part_rows() == [30, 30, 30, 18]
    parts = list(source.parts([ColumnRequest(0, NUMBER)]))
    assert [part.rows for part in parts] == source.part_rows()
    assert sum(part.size for part in parts) == pytest.approx(source.size, abs=len(parts))
    assert rows_of(source, parts=parts) == [(value,) for value in values]
    large = open_parquet(written({"v": values}, row_group_size=50))
    assert large.part_rows() == [50, 50, 8]


def test_a_part_is_made_of_the_row_groups_asked_for(written):
    source = open_parquet(written({"v": [float(row) for row in range(100)]}, row_group_size=10))
    part = source.part_of(3, 4, [ColumnRequest(0, NUMBER)])
    assert part.rows == 20
    assert rows_of(source, parts=[part]) == [(float(row),) for row in range(30, 50)]


def test_parts_are_decoded_side_by_side_from_handles_of_their_own(written, monkeypatch):
    monkeypatch.setattr(parquet, "PART_ROWS", 1000)
    texts = [f"c{row % 9}" for row in range(50_000)]
    source = open_parquet(written({"v": np.arange(50_000.0), "c": texts}, row_group_size=1000))
    with ThreadPoolExecutor(8) as pool:
        read = pool.map(
            lambda part: rows_of(source, parts=[part]),
            source.parts([ColumnRequest(0, NUMBER), ColumnRequest(1, CLASS)]),
        )
        found = [row for rows in read for row in rows]
    assert found == [(float(row), text) for row, text in enumerate(texts)]
    source.close()


def test_a_part_left_half_way_can_be_read_again(written):
    source = open_parquet(written({"v": [float(row) for row in range(100)]}))
    (part,) = source.parts([ColumnRequest(0, NUMBER)])
    assert next(iter(part.batches(10))).rows == 10
    assert len(rows_of(source, parts=[part])) == 100


def test_decoding_is_flat_in_memory_and_maps_nothing(written, monkeypatch):
    opened = []
    plain = pq.ParquetFile

    def seen(*args, **options):
        opened.append(options)
        return plain(*args, **options)

    monkeypatch.setattr(parquet.pq, "ParquetFile", seen)
    rows_of(open_parquet(written({"v": [1.0]})), ColumnRequest(0, NUMBER))
    assert opened
    assert all(options["memory_map"] is False and options["pre_buffer"] is False for options in opened)


def test_reading_numbers_and_few_texts_imports_neither_pandas_nor_the_functions_of_arrow(written):
    path = written({"v": [1.0, None], "i": [1, 2], "c": ["a", "b"], "n": [0.5, 1.5]})
    code = (
        "import sys\n"
        "from losscli.table.block import ColumnRequest\n"
        "from losscli.reading.parquet import open_parquet\n"
        "kinds = ['number', 'class', 'text', 'number']\n"
        f"parts = open_parquet({path!r}).parts([ColumnRequest(place, kind) for place, kind in enumerate(kinds)])\n"
        "print(sum(batch.rows for part in parts for batch in part.batches(100)))\n"
        "print({'pandas', 'pyarrow.compute', 'pyarrow.dataset'} & set(sys.modules))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "2\nset()\n"


# ---------------------------------------------------------------------- damage


def test_a_file_that_is_not_there_or_is_a_folder_is_refused_by_its_path(tmp_path):
    assert "no such file" in refusal(str(tmp_path / "absent.parquet")).message
    assert "directory" in refusal(str(tmp_path)).message
    assert refusal(str(tmp_path / "nul\0.parquet")).message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_refused(written):
    path = written({"v": [1.0]})
    os.chmod(path, 0)
    assert "permission" in refusal(path).message.lower()


def test_a_pipe_or_device_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.parquet")
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe.parquet").st_mode)
    assert "regular file" in refusal(str(tmp_path / "pipe.parquet")).message
    assert "regular file" in refusal("/dev/null").message


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1PAR1", b"a,b\n1,2\n" * 10, b"PAR1" + bytes(100) + b"PAR1"]
)
def test_a_file_that_is_no_parquet_is_refused(tmp_path, content):
    path = str(tmp_path / "x.parquet")
    with open(path, "wb") as file:
        file.write(content)
    refusal(path)


@pytest.mark.parametrize("kept", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(written, kept):
    path = written({"v": np.arange(1000.0)})
    os.truncate(path, int(os.path.getsize(path) * kept))
    refusal(path, ColumnRequest(0, NUMBER))


def test_an_encrypted_file_is_refused_as_such(tmp_path, written):
    path = written({"v": [1.0, 2.0]})
    with open(path, "r+b") as file:
        file.write(b"PARE")  # the mark of an encrypted footer
        file.seek(-4, os.SEEK_END)
        file.write(b"PARE")
    assert "encrypted" in refusal(path).message


def test_a_page_whose_checksum_is_wrong_is_refused(written):
    path = written(
        {"v": np.arange(1000.0)}, compression="none", use_dictionary=False, write_page_checksum=True
    )
    flip(path, 4000)
    assert "checksum" in str(refusal(path, ColumnRequest(0, NUMBER)).detail).lower()


def test_a_damaged_page_is_refused_though_pages_before_it_are_good(written):
    path = written(
        {"v": np.random.default_rng(0).normal(size=200_000)},
        compression="gzip",
        use_dictionary=False,
        data_page_size=10_000,
    )
    flip(path, os.path.getsize(path) // 2)  # gzip has a checksum of its own
    source = open_parquet(path)
    batches = (batch for part in source.parts([ColumnRequest(0, NUMBER)]) for batch in part.batches(1000))
    assert next(batches).rows == 1000
    with pytest.raises(DataError, match="cannot be decoded"):
        list(batches)


def flip(path, place):
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x10]))


def test_row_groups_of_other_lengths_than_the_footer_says_are_refused(written):
    path = written({"v": [1.0, 2.0, 3.0]}, compression="none")
    source = open_parquet(path)
    source._starts = [0, 4]  # what the footer would say
    with pytest.raises(DataError) as caught:
        rows_of(source, ColumnRequest(0, NUMBER))
    assert "3 rows where the footer says 4" in str(caught.value.detail)


@pytest.mark.parametrize("change", ["grown", "touched", "replaced", "deleted", "emptied"])
def test_a_file_that_changes_while_it_is_read_is_refused(written, change):
    path, other = written({"v": np.arange(10_000.0)}), written({"v": np.arange(10_000.0)})
    source = open_parquet(path)
    (part,) = source.parts([ColumnRequest(0, NUMBER)])
    batches = part.batches(1000)
    next(batches)
    if change == "grown":
        with open(path, "ab") as file:
            file.write(b"x")
    elif change == "touched":
        os.utime(path, (1, 1))
    elif change == "replaced":
        os.replace(other, path)
    elif change == "deleted":
        os.remove(path)
    else:
        os.truncate(path, 0)
    with pytest.raises(DataError, match="changed while it was read"):
        list(batches)
    with pytest.raises(DataError, match="changed while it was read"):
        list(source.parts([ColumnRequest(0, NUMBER)]))


def fuzzed(raw, rng):
    """A few bytes flipped, set, put in or cut off; half of the time in the footer."""
    raw = bytearray(raw)
    for _ in range(rng.choice([1, 1, 1, 2, 5, 20])):
        end = len(raw) if rng.random() < 0.5 else min(len(raw), 2500)
        place = len(raw) - 1 - rng.randrange(end)
        kind = rng.random()
        if kind < 0.5:
            raw[place] ^= 1 << rng.randrange(8)
        elif kind < 0.9:
            raw[place] = rng.choice([0, 1, 127, 255, rng.randrange(256)])
        elif kind < 0.95:
            raw[place:place] = bytes([rng.randrange(256)])
        elif len(raw) > 100:
            del raw[-rng.randrange(1, 50) :]
    return bytes(raw)


FUZZED = int(os.environ.get("LOSSCLI_FUZZED", "750"))


def test_no_damage_makes_more_than_a_refusal_or_a_value(written, tmp_path):
    rows = range(300)
    table = pa.table({
        "a": [float(row) if row % 7 else None for row in rows],
        "i": list(rows),
        "s": [f"x{row % 5}" for row in rows],
        "k": [f"é{row}" for row in rows],
        "d": pa.array(list(rows)).cast(pa.decimal128(24, 2)),
        "c": pa.array([f"c{row % 3}" for row in rows]).dictionary_encode(),
        "b": [bool(row % 2) for row in rows],
        "t": pa.array(list(rows), pa.timestamp("us")),
    })  # fmt: skip
    options = [
        {"compression": "none", "use_dictionary": False},
        {"compression": "snappy"},
        {"compression": "zstd", "data_page_version": "2.0"},
        {"compression": "none", "write_page_checksum": True},
        {"compression": "none", "store_schema": False, "data_page_size": 200},
    ]
    originals = []
    for chosen in options:
        with open(written(table, row_group_size=100, **chosen), "rb") as file:
            originals.append(file.read())
    wants = [
        ColumnRequest(place, kind)
        for place, kind in enumerate((NUMBER, NUMBER, CLASS, TEXT, NUMBER, CLASS, NUMBER, TEXT))
    ]
    rng = random.Random(11)
    path = str(tmp_path / "fuzzed.parquet")
    refused = 0
    for _ in range(FUZZED):
        with open(path, "wb") as file:
            file.write(fuzzed(rng.choice(originals), rng))
        try:
            source = open_parquet(path)
            for part in source.parts([want for want in wants if want.index < len(source.columns)]):
                for batch in part.batches(rng.choice([7, 65536])):
                    assert all(len(column) == batch.rows for column in batch.columns)
        except DataError:
            refused += 1
    assert refused > FUZZED // 2


@pytest.mark.parametrize("jobs", [1, 3])
def test_columns_are_the_same_without_decoding_where_their_bytes_are(tmp_path, jobs):
    ids = list(range(10_000))

    def file(name, ids, **options):
        pq.write_table(pa.table({"x": [0.5] * len(ids), "id": ids}), tmp_path / name, **options)
        return open_parquet(str(tmp_path / name))

    held = file("a.parquet", ids, row_group_size=900)
    assert held.holds_the_same(1, file("b.parquet", ids, row_group_size=900), 1, jobs)
    for at in (0, 5000, 9999):
        other = [*ids[:at], -1, *ids[at + 1 :]]
        assert not held.holds_the_same(1, file("c.parquet", other, row_group_size=900), 1, jobs)
    # Written in another way, nothing is said.
    assert not held.holds_the_same(1, file("d.parquet", ids, row_group_size=1000), 1, jobs)
    assert not held.holds_the_same(1, file("e.parquet", ids, row_group_size=900, compression="zstd"), 1, jobs)
