"""Files damaged at random: a value or a refusal of ours, nothing else is raised and nothing hangs."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from losscli.errors import DataError, UsageError
from losscli.reading.source import Dialect
from losscli.report.evaluate import evaluate

PIECES = [
    b"", b",", b"\n", b"\r", b"\r\n", b'"', b'""', b"\x00", b"\xff", b"\xef\xbb\xbf", b"nan", b"NA", b"inf", b"1e400",
    b"1_000", b"-", b".", b"e5", b"0x1", b";", b"\t", b"|", b" ", b"9" * 400, b"\xc3\xa9", b"\xe2\x80\xa8", b"true",
    b"pred", b"label", b"\n\n\n", b'"a\nb"', b"1,2,3,4\n",
]  # fmt: skip


def mutated(content: bytes, draw: random.Random) -> bytes:
    """The content with one to four changes: bytes flipped, cut, doubled, or replaced by a known evil."""
    found = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        start = draw.randint(0, len(found))
        end = min(len(found), start + draw.choice((0, 1, 1, 2, 8, 40)))
        kind = draw.randint(0, 4)
        if kind == 0:
            found[start:end] = draw.randbytes(end - start)
        elif kind == 1:
            del found[start:end]
        elif kind == 2:
            found[start:start] = found[start:end]
        elif kind == 3:
            found[start:end] = draw.choice(PIECES)
        elif draw.random() < 0.2:
            del found[start:]
    return bytes(found)


def outcome(*args, **options):
    """The values, or the refusal; anything else that is raised is a defect."""
    try:
        report = evaluate(*args, **options)
    except (DataError, UsageError) as error:
        return error
    for result in report.results:
        assert result.value is None or math.isfinite(result.value)
        assert result.value is not None or result.note
    return [result.value for result in report.results]


CSVS = {
    "numbers": (b"pred,label,w\n" + b"".join(b"%d.25,%d,1\n" % (k, k % 3) for k in range(30)), ["mse", "r2"], {}),
    "classes": (b"pred,label\n" + b'cat,cat\n"do,g",cow\nNA,1\n1.0,true\n' * 6, ["zero_one"], {}),
    "chances": (
        b"p_a,p_b,label\n" + b"0.25,0.75,a\n0.5,0.5,b\n1,0,a\n" * 6, ["cross_entropy", "brier"], {"pred": "p_*"},
    ),
    "one column": (b"label\n" + b"1\n0\n" * 20, ["mae"], {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", CSVS)
def test_mutated_csv_files_are_measured_or_refused(tmp_path, kind, run_all):
    content, losses, options = CSVS[kind]
    draw = random.Random(f"csv {kind}")
    path, other = str(tmp_path / "file.csv"), None
    if kind == "one column":
        other = path
        path = str(tmp_path / "preds.csv")
        with open(path, "wb") as out:
            out.write(b"pred\n" + b"0.5\n" * 40)
    measured, files = 0, 500 if run_all else 250
    for turn in range(files):
        with open(other or path, "wb") as out:
            out.write(mutated(content, draw))
        dialect = Dialect(null=("x",)) if turn % 7 == 0 else None
        how = {"loss": losses, "nan": draw.choice(("error", "drop")), "dialect": dialect, **options}
        found = outcome(path, other, jobs=draw.choice((1, 2)), chunk_rows=draw.choice((1, 5, 1000)), **how)
        measured += isinstance(found, list)
        if turn % 10 == 0:  # the same again in one piece: neither value nor words depend on the cut
            again = outcome(path, other, jobs=1, **how)
            assert str(again) == str(found)
    assert files / 25 < measured < files - files / 25  # the damage is neither harmless nor hopeless


@pytest.mark.parametrize("kind", ["plain", "groups", "text", "compressed", "nulls"])
def test_mutated_parquet_files_are_measured_or_refused(tmp_path, parquet, kind):
    draw = random.Random(f"parquet {kind}")
    numbers = np.arange(60) * 0.37
    columns = {"pred": numbers, "label": np.arange(60)}
    options = {"compression": "none", "use_dictionary": False}
    if kind == "groups":
        options = {"row_group_size": 7}
    elif kind == "text":
        columns = {"pred": ["a", "bb", "NA"] * 20, "label": ["bb", "a", "1"] * 20}
    elif kind == "compressed":
        options = {"compression": "zstd"}
    elif kind == "nulls":
        columns = {"pred": [1.0, None] * 30, "label": [None, 2.0, 3.0] * 20}
    path = tmp_path / parquet("file.parquet", columns, **options)
    content = path.read_bytes()
    losses = ["zero_one"] if kind == "text" else ["mse", "r2"]
    for _ in range(100):
        path.write_bytes(mutated(content, draw))
        outcome(
            str(path), loss=losses, nan="drop", jobs=draw.choice((1, 2)), chunk_rows=draw.choice((1, 5, 1000))
        )


def test_files_of_random_bytes_are_refused(tmp_path):
    draw = random.Random("bytes")
    for suffix in (
        "csv",
        "parquet",
        "csv.gz",
        "csv.bz2",
        "csv.xz",
        "csv.zst",
        "csv.lz4",
        "arrow",
        "npy",
        "npz",
        "jsonl",
    ):
        for size in (0, 1, 3, 8, 100, 5000):
            path = tmp_path / f"file.{suffix}"
            path.write_bytes(draw.randbytes(size))
            assert isinstance(outcome(str(path), loss=["mse"]), (DataError, UsageError))
