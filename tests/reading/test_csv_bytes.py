"""Where the text of a CSV file comes from: compression, encodings, pipes, files that change or are not there."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pyarrow as pa
import pytest
from csv_reading import read, read_source

from conftest import SUPPORT
from losscli.errors import DataError, UsageError
from losscli.reading import csv, csv_rows
from losscli.reading.source import Dialect
from losscli.table.block import ColumnRequest

DATA = b"a,b\n" + b"".join(b"%d,%d.5\n" % (row, row * row) for row in range(20_000))
WANTS = ("class", "number")


def framed(codec: str):
    def compress(data: bytes) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, codec) as stream:
            stream.write(data)
        return sink.getvalue().to_pybytes()

    return compress


COMPRESS = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "lz4": framed("lz4"), "zst": framed("zstd"),
}  # fmt: skip
EVERY = pytest.mark.parametrize("suffix", COMPRESS)


def written(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def refused(path, *wants, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        read(path, *(wants or WANTS), **options)
    return caught.value


@pytest.mark.parametrize("data", [b"a,b", b"a,b\n", b"a,b\r\n\r\n"])
def test_a_file_on_disk_of_a_header_only_has_no_rows(tmp_path, data):
    assert read(written(tmp_path, "p.csv", data), *WANTS).rows == 0


# ── compression ──


@EVERY
def test_a_compressed_file_reads_as_the_plain_one(suffix, tmp_path):
    path = written(tmp_path, f"p.csv.{suffix}", COMPRESS[suffix](DATA))
    plain = read(DATA, *WANTS)
    assert plain.rows == 20_000
    for part in (1000, csv_rows.PART_BYTES):
        assert read(path, *WANTS, part=part).lists == plain.lists
    few = DATA[: DATA.index(b"\n", 5000) + 1]
    short = written(tmp_path, f"few.csv.{suffix}", COMPRESS[suffix](few))
    assert read(short, *WANTS, part=64).lists == read(few, *WANTS).lists
    assert read(COMPRESS[suffix](DATA), *WANTS, compression=suffix).lists == plain.lists


@EVERY
def test_members_one_behind_the_other_are_one_file(suffix, tmp_path):
    members = [COMPRESS[suffix](piece) for piece in (DATA[:1000], b"", DATA[1000:50_000], DATA[50_000:])]
    path = written(tmp_path, f"p.csv.{suffix}", b"".join(members))
    assert read(path, *WANTS).lists == read(DATA, *WANTS).lists


@EVERY
def test_a_compressed_file_that_is_cut_off_is_refused(suffix, tmp_path):
    whole = COMPRESS[suffix](DATA)
    two = whole + COMPRESS[suffix](b"1,2\n")
    for kept in (two[: len(whole) + 1], two[:-1], two[:-9], whole[:-1], whole[: len(whole) // 2], whole[:1]):
        error = refused(written(tmp_path, f"p.csv.{suffix}", kept))
        assert error.file == str(tmp_path / f"p.csv.{suffix}")
        assert f"the {suffix} data are damaged or cut off" in error.message


@EVERY
def test_garbage_behind_a_compressed_file_is_refused(suffix, tmp_path):
    assert (
        "damaged"
        in refused(written(tmp_path, f"p.csv.{suffix}", COMPRESS[suffix](DATA) + b"garbage!" * 9)).message
    )


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_a_flipped_bit_is_refused(suffix, tmp_path):
    whole = COMPRESS[suffix](DATA)
    for place in range(len(whole) // 20, len(whole), len(whole) // 20):
        flipped = bytearray(whole)
        flipped[place] ^= 16
        refused(written(tmp_path, f"p.csv.{suffix}", bytes(flipped)))


def test_zeros_may_fill_a_gzip_file_and_an_xz_file(tmp_path):
    for suffix in ("gz", "xz"):
        path = written(tmp_path, f"p.csv.{suffix}", COMPRESS[suffix](DATA) + b"\0" * 512)
        assert read(path, *WANTS).rows == 20_000


@EVERY
def test_an_empty_compressed_file_is_empty(suffix, tmp_path):
    assert refused(written(tmp_path, f"p.csv.{suffix}", b"")).message == "is empty"
    assert refused(written(tmp_path, f"p.csv.{suffix}", COMPRESS[suffix](b""))).message == "is empty"


@EVERY
def test_compressed_bytes_without_the_suffix_are_named_for_what_they_are(suffix, tmp_path):
    assert (
        "compressed data, not like text"
        in refused(written(tmp_path, "p.csv", COMPRESS[suffix](DATA))).message
    )


def test_an_xz_file_that_asks_for_gigabytes_is_refused(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    path = written(tmp_path, "p.csv.xz", lzma.compress(DATA, filters=filters))
    assert "damaged" in refused(path).message or "emory" in refused(path).message


def test_an_endless_line_ends_soon_and_in_little_memory(tmp_path):
    # What it takes beyond its start: Linux begins the count with the memory of the process that started this one.
    script = (
        "import resource, sys; sys.path.insert(0, sys.argv[2]); from csv_reading import read\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = read(sys.argv[1], 'number', 'number')\n"
        "print(found.rows, found.stop, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    for letter in (b"1", b'"', b'x",'):
        pack, path = zlib.compressobj(9, wbits=31), tmp_path / "bomb.csv.gz"
        with open(path, "wb") as file:
            file.write(pack.compress(b"a,b\n1,2\n1,x"))
            for _ in range(80):
                file.write(pack.compress(letter * (1 << 20)))
            file.write(pack.flush())
        command = [sys.executable, "-c", script, str(path), str(SUPPORT)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        assert "row 2: " in done.stdout
        assert int(done.stdout.split()[-1]) < 800, done.stdout


# ── encodings ──


@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037"]
)
@pytest.mark.parametrize("part", [1, 64, csv_rows.PART_BYTES])
def test_other_encodings_read_as_utf8_does(encoding, part):
    text = "é,b\n1,ü\n2.5,ß\n,ñ\n"
    found = read(text.encode(encoding), "number", "text", part=part, dialect=Dialect(encoding=encoding))
    assert found.columns == ("é", "b")
    assert found.lists == [[1.0, 2.5, None], ["ü", "ß", "ñ"]]


def test_a_multibyte_encoding_may_be_cut_anywhere():
    rows = [f"{row},日本語{row}" for row in range(100_000)]
    found = read(
        ("a,b\n" + "\n".join(rows)).encode("shift_jis"),
        ColumnRequest(1, "text"),
        dialect=Dialect(encoding="shift_jis"),
    )
    assert found.lists == [[row.split(",")[1] for row in rows]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_the_mark_of_another_encoding_gives_the_hint_to_name_it(encoding):
    mark = {"utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    with pytest.raises(DataError) as caught:
        read(mark + "a,b\n1,2\n".encode(encoding), "number")
    assert caught.value.hint == f"add `--dialect encoding={encoding[:6]}`"


@pytest.mark.parametrize("encoding, bad", [("ascii", b"\xe9"), ("cp1252", b"\x81"), ("shift_jis", b"\xff")])
def test_bytes_that_the_encoding_does_not_know_stop_at_their_row(encoding, bad):
    for row in (1, 3, 60_000):
        lines = [b"a,b", *(b"1,x" for _ in range(70_000))]
        lines[row] = b"1," + bad
        for part in (4096, csv_rows.PART_BYTES):
            found = read(b"\n".join(lines), "number", part=part, dialect=Dialect(encoding=encoding))
            assert (found.rows, found.stop.row) == (row - 1, row)
            assert f"bytes are not valid {encoding.replace('-', '_')}" in found.stop.message.replace("-", "_")


@pytest.mark.parametrize("encoding", ["klingon", "base64", "hex", "rot13", "", "a\0b"])
def test_an_unknown_encoding_is_a_wrong_call(encoding):
    with pytest.raises(UsageError):
        read(DATA, *WANTS, dialect=Dialect(encoding=encoding))


# ── files and streams ──


def test_a_file_that_is_not_there_or_no_file_is_named_with_the_reason(tmp_path):
    assert "no such file" in refused(tmp_path / "absent.csv").message
    assert "directory" in refused(tmp_path).message
    assert refused("p\0.csv").file == "p\0.csv"
    assert refused(tmp_path / ("x" * 300)).file is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read_is_named_with_the_reason(tmp_path):
    path = written(tmp_path, "p.csv", DATA)
    path.chmod(0)
    assert "permission" in refused(path).message


def test_a_source_says_what_it_is_before_its_rows_are_read(tmp_path):
    path = written(tmp_path, "p.csv", DATA)
    source = csv.open_csv(str(path), dialect=Dialect())
    assert (source.path, source.format, source.columns, source.named) == (str(path), "csv", ("a", "b"), True)
    assert (source.rows, source.size) == (None, len(DATA))
    assert sum(part.size for part in source.parts([ColumnRequest(0, "class")])) == pytest.approx(
        len(DATA), abs=10
    )


def test_a_file_can_be_read_again_and_holds_no_descriptor_between(tmp_path):
    path = written(tmp_path, "p.csv", DATA)
    source = csv.open_csv(str(path), dialect=Dialect())
    assert read_source(source, *WANTS).lists == read_source(source, *WANTS, part=100).lists
    next(iter(source.parts([ColumnRequest(0, "class")])))  # and is let go before its end
    assert str(path) not in map(os.path.realpath, Path("/proc/self/fd").glob("*"))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("change", ["grow", "shrink", "empty", "touch", "replace", "delete"])
def test_a_file_that_changes_while_it_is_read_gives_its_old_rows_or_a_refusal(change, suffix, tmp_path):
    content = gzip.compress(DATA) if suffix else DATA
    path = written(tmp_path, f"p.csv{suffix}", content)
    os.utime(path, ns=(1, 1))
    source = csv.open_csv(str(path), dialect=Dialect())
    expected = read(DATA, *WANTS).lists
    parts = source.parts([ColumnRequest(0, "class"), ColumnRequest(1, "number")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "PART_BYTES", 1 << 14)
        taken = [next(parts)]
        if change == "grow":
            path.write_bytes(content + (gzip.compress(b"1,2\n") if suffix else b"1,2\n"))
        elif change in ("shrink", "empty"):
            os.truncate(path, len(content) // 2 if change == "shrink" else 0)
        elif change == "touch":
            os.utime(path)
        elif change == "replace":
            written(tmp_path, "new", b"a,b\n1,2\n")
            os.replace(tmp_path / "new", path)
        else:
            path.unlink()
        if change in ("replace", "delete"):
            taken += parts
            batches = [batch for part in taken for batch in part.batches(10**6)]
            assert [code for batch in batches for code in batch.columns[0].codes.tolist()] == expected[0]
        else:
            with pytest.raises(DataError) as caught:
                taken += parts
            assert caught.value.message == "changed while it was read" or suffix
            assert caught.value.file == str(path)


def test_a_file_that_changes_between_header_and_rows_is_refused(tmp_path):
    path = written(tmp_path, "p.csv", DATA)
    source = csv.open_csv(str(path), dialect=Dialect())
    path.write_bytes(b"b,a\n1,2\n")
    with pytest.raises(DataError, match="changed while it was read"):
        read_source(source, *WANTS)


def test_a_stream_reads_as_a_file_does_and_only_once():
    source = csv.open_csv("-", dialect=Dialect(), stream=io.BytesIO(DATA))
    assert (source.path, source.size) == ("standard input", None)
    assert read_source(source, *WANTS).lists == read(DATA, *WANTS).lists
    with pytest.raises(DataError, match="can be read only once"):
        read_source(source, *WANTS)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of Unix")
def test_a_named_pipe_is_read_once(tmp_path):
    path = tmp_path / "p.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(DATA,))
    writer.start()
    source = csv.open_csv(str(path), dialect=Dialect())
    assert source.size is None
    assert read_source(source, *WANTS).rows == 20_000
    writer.join()
    with pytest.raises(DataError, match="can be read only once"):
        read_source(source, *WANTS)


def test_a_stream_may_give_its_bytes_a_few_at_a_time():
    class Slow(io.RawIOBase):
        def __init__(self):
            self.inner, self.dice = io.BytesIO(DATA), random.Random(1)

        def readable(self):
            return True

        def read(self, count=-1):
            return self.inner.read(min(count, self.dice.randint(1, 5000)))

    source = csv.open_csv("-", dialect=Dialect(), stream=Slow())
    assert read_source(source, *WANTS).lists == read(DATA, *WANTS).lists


def test_reading_imports_neither_pandas_nor_the_dear_parts_of_pyarrow(tmp_path):
    path = written(tmp_path, "p.csv", b"a,b,c\n1,x,1\n2,,\n3,y,inf\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[2]); import losscli.reading.csv\n"
        "assert 'pyarrow' not in sys.modules\n"
        "from csv_reading import read\n"
        "read(sys.argv[1], 'class', 'text', 'number')\n"
        "print(sorted({'pandas', 'pyarrow.compute', 'pyarrow.dataset'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", script, str(path), str(SUPPORT)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
