"""Rows that do not fit into memory: put aside, found again, and gone when the run is over."""

from __future__ import annotations

import errno
import os
import signal
import stat
import time
from io import FileIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.errors import OutputError
from losscli.measure import memory
from losscli.pairing.runs import gathered, run_of
from losscli.table import spill
from losscli.table.block import ClassColumn, KeyColumn, NumberColumn
from losscli.table.spill import Spill


def test_pieces_are_found_again_by_their_place():
    with Spill() as held:
        places = [held.write(piece) for piece in (b"one", b"", b"two" * 1000)]
        assert [held.read(place, size) for place, size in zip(places, (3, 0, 3000), strict=True)] == [
            b"one", b"", b"two" * 1000,
        ]  # fmt: skip


def test_the_folder_is_private_and_gone_at_the_end(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Spill() as held:
        held.write(b"rows")
        (folder,) = tmp_path.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_where_nothing_is_put_aside(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Spill():
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    class Full(FileIO):
        def write(self, piece):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spill, "FileIO", Full)
    with Spill() as held, pytest.raises(OutputError) as caught:
        held.write(b"rows")
    assert caught.value.exit_code == 74
    assert "no space left on device" in caught.value.message
    assert "TMPDIR" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


COLUMNS = {
    "numbers": NumberColumn(np.arange(200.0)),
    "numbers with holes": NumberColumn(np.arange(200.0), np.arange(200) % 3 == 0),
    "integer classes": ClassColumn(np.arange(200)),
    "classes": ClassColumn(np.arange(200) % 3, ("a", 7, "ü")),
    "text": ClassColumn(np.arange(200), tuple(f"t{at}" for at in range(200))),
    "text with holes": ClassColumn(
        np.where(np.arange(200) % 4, np.arange(200), -1),
        tuple(f"t{at}" for at in range(200)),
        np.arange(200) % 4 == 0,
    ),
    "keys": KeyColumn(np.arange(400, dtype=np.uint64).reshape(2, 200)),
}


def said(column):
    """What each row of a column says."""
    missing = np.zeros(len(column), bool) if column.missing is None else column.missing
    if isinstance(column, NumberColumn):
        values = column.values.tolist()
    elif isinstance(column, KeyColumn):
        values = [tuple(words) for words in column.words.T.tolist()]
    else:
        values = [code if column.values is None else column.values[code] for code in column.codes.tolist()]
    return [None if hole else value for value, hole in zip(values, missing.tolist(), strict=True)]


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("bits", [0, 2, 4])
def test_a_run_comes_back_from_the_disk_as_it_was(name, bits):
    column = COLUMNS[name]
    keys = [(np.arange(200, dtype=np.uint64) * 977).reshape(1, -1)]
    runs = [run_of([words[:, at : at + 50] for words in keys], np.arange(50), [column.slice(at, at + 50)], bits)
            for at in range(0, 200, 50)]  # fmt: skip
    for at, run in enumerate(runs):
        run.first_row = 50 * at
    whole = said(column)
    with Spill() as held:
        aside = [run.put_aside(held) for run in runs]
        for source in (runs, aside):
            seen = []
            for part in range(1 << bits):
                rows = gathered(source, part)
                seen += rows.numbers.tolist()
                assert said(rows.columns[0]) == [whole[number] for number in rows.numbers.tolist()]
                assert rows.keys[0][0].tolist() == [number * 977 for number in rows.numbers.tolist()]
            assert sorted(seen) == list(range(200))


@pytest.fixture
def large(tmp_path):
    """Two files of some size, their rows in another order."""
    random = np.random.default_rng(1)
    order = random.permutation(300_000)
    keys = pa.array([f"user-{row:09d}" for row in range(300_000)])
    pq.write_table(pa.table({"id": keys, "pred": np.arange(300_000.0)}), tmp_path / "p.parquet")
    pq.write_table(
        pa.table({"id": keys.take(pa.array(order)), "label": np.arange(300_000.0)[order] + 2}),
        tmp_path / "l.parquet",
    )
    return "p.parquet", "l.parquet"


def test_a_run_beyond_its_memory_finishes_and_leaves_nothing(losscli, large, tmp_path):
    (tmp_path / "tmp").mkdir()
    ran = losscli(
        "eval", *large, "-l", "mae", "--on", "id", "--memory", "16MiB", "-f", "value",
        env={"TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    assert (ran.code, ran.out.strip()) == (0, "2.0"), ran.err
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_disk_that_is_full_ends_the_run_with_74(losscli, large, tmp_path):
    (tmp_path / "tmp").mkdir()
    ran = losscli.shell(
        'ulimit -f 1; "$@"', "eval", *large, "-l", "mae", "--on", "id", "--memory", "16MiB",
        env={"TMPDIR": str(tmp_path / "tmp")},
    ).block()  # fmt: skip
    assert ran.code == 74
    assert "put aside" in ran.err
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_takes_the_folder_along(losscli, text, tmp_path, number):
    (tmp_path / "tmp").mkdir()
    reader, writer = os.pipe()
    os.write(writer, b"id,pred\n")
    labels = text("l.csv", ["id,label", "1,1"])
    process = losscli.start(
        "eval", "-", labels, "-l", "mae", "--on", "id", "--memory", "16MiB", stdin=reader,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    os.close(reader)
    row = 0
    deadline = time.monotonic() + 30
    while not list((tmp_path / "tmp").iterdir()) and time.monotonic() < deadline:
        os.write(writer, b"".join(b"key-%d,1\n" % at for at in range(row, row + 20_000)))
        row += 20_000
    assert list((tmp_path / "tmp").iterdir()), "nothing was put aside"
    time.sleep(0.5)  # until it waits for more
    process.send_signal(number)
    assert process.wait(20) == 128 + number
    os.close(writer)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_folders_of_a_process_are_discarded_together(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    held = Spill()
    held.write(b"rows")
    spill.discard()
    assert list(tmp_path.iterdir()) == []
    held.close()


@pytest.mark.parametrize(
    "text, size",
    [
        ("512MB", 512 * 10**6),
        ("2GiB", 2 << 30),
        ("2g", 2 << 30),
        ("1.5 GiB", 3 << 29),
        ("64000000", 64 * 10**6),
    ],
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert memory.parse_size(text) == size


def test_the_default_is_half_of_what_is_free():
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) << 10
    assert memory.LEAST <= memory.half_of_free() <= free
