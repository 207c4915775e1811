"""The files that the benches read, made from a fixed seed, as many rows as asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

PIECE = 1 << 20  # rows made at a time, and rows of a row group

Piece = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
"""Some rows of the predictions file and of the labels file."""


def numbers(start: int, rows: int) -> Piece:
    """Labels with six decimals, predictions with all their digits."""
    random = np.random.default_rng([1, start])
    label = np.round(random.normal(50.0, 20.0, rows), 6)
    ids = np.arange(start, start + rows)
    return {"id": ids, "pred": label + random.normal(0.0, 3.0, rows)}, {"id": ids, "label": label}


def chances(start: int, rows: int) -> Piece:
    """A label of 0 or 1, and its probability."""
    random = np.random.default_rng([2, start])
    label = (random.random(rows) < 0.3).astype(np.int64)
    prob = 1.0 / (1.0 + np.exp(-(random.normal(0.0, 1.5, rows) + 2.0 * label - 1.0)))
    ids = np.arange(start, start + rows)
    return {"id": ids, "prob": prob}, {"id": ids, "label": label}


def classes(start: int, rows: int, count: int = 10) -> Piece:
    """A class out of ten, and a probability for each."""
    random = np.random.default_rng([3, start])
    score = random.normal(0.0, 1.5, (rows, count))
    label = random.integers(0, count, rows)
    score[np.arange(rows), label] += 2.0
    chance = np.exp(score - score.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    ids = np.arange(start, start + rows)
    columns = {f"p{c}": np.ascontiguousarray(chance[:, c]) for c in range(count)}
    return {"id": ids, **columns}, {"id": ids, "label": label}


def groups(start: int, rows: int, count: int = 1000) -> Piece:
    """Numbers, and the name of a group beside the label."""
    preds, labels = numbers(start, rows)
    names = np.array([f"group {group}" for group in range(count)])
    return preds, {**labels, "group": names[np.random.default_rng([5, start]).integers(0, count, rows)]}


def many_groups(start: int, rows: int) -> Piece:
    """The same with a hundred thousand groups."""
    return groups(start, rows, 100_000)


def keyed(key: Callable[[np.ndarray], object], total: int) -> Callable[[int, int], Piece]:
    """Numbers by key: the predictions in the order of a row number, the labels in another one."""
    order = np.random.default_rng(4).permutation(total)

    def make(start: int, rows: int) -> Piece:
        sides = []
        for here in (np.arange(start, start + rows), order[start : start + rows]):
            label = np.round(50.0 + 20.0 * np.sin(here * 0.37), 6)
            sides.append((key(here), label + 3.0 * np.sin(here * 1.7), label))
        return {"id": sides[0][0], "pred": sides[0][1]}, {"id": sides[1][0], "label": sides[1][2]}

    return make


def _wide(rows: np.ndarray) -> np.ndarray:
    return (rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64)


def _names(rows: np.ndarray) -> pa.Array:
    numbers = pa.array(rows * 7919 % 10**10).cast(pa.string())
    return pa.compute.binary_join_element_wise("user", numbers, "-")


KEYS: dict[str, Callable[[np.ndarray], object]] = {"ids": lambda rows: rows, "wide": _wide, "names": _names}
"""Integers side by side, integers of 64 bits, text."""

MAKERS: dict[str, Callable[[int, int], Piece]] = {
    "numbers": numbers,
    "chances": chances,
    "classes": classes,
    "groups": groups,
    "many groups": many_groups,
}


def files(folder: Path, kind: str, suffix: str, rows: int) -> tuple[Path, Path]:
    """The two files of a kind, made if they are not there.  ``suffix``: csv, snappy.parquet, zstd.parquet."""
    name = f"{kind.replace(' ', '-')}-{rows}"
    paths = (folder / f"{name}-preds.{suffix}", folder / f"{name}-labels.{suffix}")
    if not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        for side, path in enumerate(paths):
            make = keyed(KEYS[kind], rows) if kind in KEYS else MAKERS[kind]
            _write(path, (piece[side] for piece in _pieces(make, rows)))
    return paths


def _pieces(make: Callable[[int, int], Piece], rows: int) -> Iterator[Piece]:
    for start in range(0, rows, PIECE):
        yield make(start, min(PIECE, rows - start))


def _write(path: Path, pieces: Iterator[dict[str, np.ndarray]]) -> None:
    unfinished = path.with_name(f"{path.name}.tmp")
    writer = None
    for piece in pieces:
        table = pa.table(piece)
        if writer is None and path.suffix == ".csv":
            plain = pyarrow.csv.WriteOptions(quoting_style="none")
            writer = pyarrow.csv.CSVWriter(unfinished, table.schema, write_options=plain)
        elif writer is None:
            compression = path.name.split(".")[-2]
            writer = pyarrow.parquet.ParquetWriter(unfinished, table.schema, compression=compression)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    unfinished.rename(path)


if __name__ == "__main__":
    where, of_kind, ending, many = sys.argv[1:]
    for made in files(Path(where), of_kind, ending, int(many)):
        print(made)
