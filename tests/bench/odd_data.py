"""The files of the odd cases, made from a fixed seed: for each the words of the command, and the bytes it reads."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

FILES = 1000
FILE_BYTES = 1 << 20

Tables = tuple[pa.Table, pa.Table]
Change = Callable[[pa.Array], pa.Array]
Made = tuple[list[str], int]
"""Words of the command, and the bytes of the text, or of the values, that it reads."""


def tables(rows: int, change: Change = lambda array: array) -> Tables:
    """Predictions with all their digits, and labels with six decimals and a weight."""
    random = np.random.default_rng(6)
    label = np.round(random.normal(50.0, 20.0, rows), 6)
    sides = (
        {"pred": label + random.normal(0.0, 3.0, rows)},
        {"label": label, "w": random.exponential(1.0, rows)},
    )
    preds, labels = (pa.table({n: change(pa.array(v)) for n, v in side.items()}) for side in sides)
    return preds, labels


def parquet(
    folder: Path,
    made: Tables,
    *options: str,
    groups: tuple[int, int] = (1 << 20, 1 << 20),
    bytes_a_row: int = 16,
) -> Made:
    paths = []
    for name, table, rows in zip(("preds", "labels"), made, groups, strict=True):
        paths.append(str(folder / f"{name}.parquet"))
        pq.write_table(table, paths[-1], row_group_size=rows)
    return [*paths, *options], made[0].num_rows * bytes_a_row


def with_nulls(array: pa.Array) -> pa.Array:
    return pa.array(array.to_numpy(), mask=np.arange(len(array)) % 100 == 7)


def repeating(array: pa.Array) -> pa.Array:
    return pa.array(np.round(array.to_numpy(), 1))


def wide(folder: Path, rows: int) -> Made:
    """Two hundred columns a side, of which one is read; fewer rows, since they take as much room as all else."""
    preds, labels = tables(max(1, rows // 8))
    others = {f"x{at}": preds.column(0) for at in range(199)}
    sides = (pa.table({side.column_names[0]: side.column(0), **others}) for side in (preds, labels))
    return parquet(folder, (next(sides), next(sides)))


def lines(path: Path, column: pa.Table, *, quoted: bool = False) -> None:
    if quoted:
        column = column.cast(pa.schema([(name, pa.string()) for name in column.column_names]))
    style = "all_valid" if quoted else "none"
    pyarrow.csv.write_csv(column, path, write_options=pyarrow.csv.WriteOptions(quoting_style=style))


def text(folder: Path, rows: int, *, quoted: bool = False, suffix: str = "") -> Made:
    size, paths = 0, []
    for name, table in zip(("preds", "labels"), tables(rows), strict=True):
        path = folder / f"{name}.csv"
        lines(path, table.select([0]), quoted=quoted)
        size += path.stat().st_size
        if suffix:
            held = path.read_bytes()
            packed = gzip.compress(held, 6) if suffix == ".gz" else pa.compress(held, "zstd", asbytes=True)
            path.unlink()
            path = folder / f"{name}.csv{suffix}"
            path.write_bytes(packed)
        paths.append(str(path))
    return paths, size


def folders(folder: Path, rows: int, *, suffix: str) -> Made:
    """A thousand files a side of about a megabyte; of fewer than four million rows, so much fewer files."""
    count = max(2, FILES * min(rows, 4_000_000) // 4_000_000)
    each = FILE_BYTES // (14 if suffix == "csv" else 9)
    size, paths = 0, []
    for name, table in zip(("preds", "labels"), tables(each), strict=True):
        place = folder / name
        place.mkdir(exist_ok=True)
        paths.append(str(place))
        for at in range(count):
            path = place / f"{at:04}.{suffix}"
            if suffix == "csv":
                lines(path, table.select([0]))
                size += path.stat().st_size
            else:
                pq.write_table(table.select([0]), path)
                size += 8 * each
    return paths, size


CASES: dict[str, Callable[[Path, int], Made]] = {
    "csv-start": lambda folder, rows: text(folder, 1000),
    "parquet-start": lambda folder, rows: parquet(folder, tables(1000)),
    "parquet": lambda folder, rows: parquet(folder, tables(rows)),
    "unequal-groups": lambda folder, rows: parquet(folder, tables(rows), groups=(1 << 20, 300_007)),
    "one-group": lambda folder, rows: parquet(folder, tables(rows), groups=(rows, rows)),
    "small-groups": lambda folder, rows: parquet(folder, tables(rows), groups=(10_000, 10_000)),
    "nullable": lambda folder, rows: parquet(folder, tables(rows, with_nulls), "--nan", "drop"),
    "repeating": lambda folder, rows: parquet(folder, tables(rows, repeating)),
    "dictionary": lambda folder, rows: parquet(
        folder, tables(rows, lambda a: repeating(a).dictionary_encode())
    ),
    "float32": lambda folder, rows: parquet(
        folder, tables(rows, lambda a: a.cast(pa.float32())), bytes_a_row=8
    ),
    "weights": lambda folder, rows: parquet(folder, tables(rows), "--weight", "w", bytes_a_row=24),
    "200-columns": wide,
    "1000-parquet-files": lambda folder, rows: folders(folder, rows, suffix="parquet"),
    "csv": text,
    "quoted": lambda folder, rows: text(folder, rows, quoted=True),
    "gz": lambda folder, rows: text(folder, rows, suffix=".gz"),
    "zst": lambda folder, rows: text(folder, rows, suffix=".zst"),
    "1000-csv-files": lambda folder, rows: folders(folder, rows, suffix="csv"),
}

if __name__ == "__main__":
    where, many, *cases = sys.argv[1:]
    for case in cases:
        here = Path(where) / f"{case}-{many}"
        known = here / "made.json"
        if not known.exists():
            here.mkdir(parents=True, exist_ok=True)
            known.write_text(json.dumps(CASES[case](here, int(many))))
        print(known.read_text())
