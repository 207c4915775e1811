"""What a user could run instead of losscli: one process, one case, the values printed.

python tests/bench/peers.py PEER KIND PREDS LABELS LOSS [LOSS ...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable

EPS = 2.220446049250313e-16
SQL = {
    "mse": "avg(d * d)",
    "mae": "avg(abs(d))",
    "rmse": "sqrt(avg(d * d))",
    "huber": "avg(CASE WHEN abs(d) <= 1 THEN 0.5 * d * d ELSE abs(d) - 0.5 END)",
}
KEYED = ("ids", "wide", "names")
CLASSES = [f"p{c}" for c in range(10)]


def duckdb(kind: str, preds: str, labels: str, losses: list[str]) -> list[float]:
    """DuckDB's Python module, the two files side by side by position."""
    import duckdb

    def source(path: str) -> str:
        return f"read_csv('{path}')" if path.endswith(".csv") else f"read_parquet('{path}')"

    if kind in KEYED:
        rows = f"{source(preds)} a JOIN {source(labels)} b USING (id)"
        query = f"SELECT {', '.join(SQL[x] for x in losses)} FROM (SELECT a.pred - b.label AS d FROM {rows})"
        return list(duckdb.connect().execute(query).fetchall()[0])
    columns = {"numbers": "pred", "chances": "prob", "classes": ", ".join(CLASSES)}[kind]
    rows = f"(SELECT {columns} FROM {source(preds)}) a POSITIONAL JOIN (SELECT label FROM {source(labels)}) b"
    if kind == "numbers":
        query = f"SELECT {', '.join(SQL[x] for x in losses)} FROM (SELECT pred - label AS d FROM {rows})"
    else:
        if kind == "chances":
            chance = "CASE WHEN label = 1 THEN prob ELSE 1 - prob END"
        else:
            chance = f"CASE label {' '.join(f'WHEN {c} THEN p{c}' for c in range(10))} END"
        query = f"SELECT -avg(ln(greatest({chance}, {EPS}))) FROM {rows}"
    return list(duckdb.connect().execute(query).fetchall()[0])


def polars(kind: str, preds: str, labels: str, losses: list[str]) -> list[float]:
    """Polars, lazily and streaming, the two files put side by side."""
    import polars as pl

    scan = pl.scan_csv if preds.endswith(".csv") else pl.scan_parquet
    if kind in KEYED:
        both = scan(preds).select("id", "pred").join(scan(labels).select("id", "label"), on="id")
        kind = "numbers"
    else:
        columns = {"numbers": ["pred"], "chances": ["prob"], "classes": CLASSES}[kind]
        both = pl.concat([scan(preds).select(columns), scan(labels).select("label")], how="horizontal")
    d = pl.col("d")
    row = {
        "mse": (d * d).mean(),
        "mae": d.abs().mean(),
        "rmse": (d * d).mean().sqrt(),
        "huber": pl.when(d.abs() <= 1).then(0.5 * d * d).otherwise(d.abs() - 0.5).mean(),
    }
    if kind == "numbers":
        query = both.select(d=pl.col("pred") - pl.col("label")).select([row[x].alias(x) for x in losses])
    else:
        if kind == "chances":
            chance = pl.when(pl.col("label") == 1).then(pl.col("prob")).otherwise(1 - pl.col("prob"))
        else:
            chance = pl.col("p9")
            for c in range(9):
                chance = pl.when(pl.col("label") == c).then(pl.col(f"p{c}")).otherwise(chance)
        query = both.select(-pl.max_horizontal(chance, pl.lit(EPS)).log().mean())
    return [float(value) for value in query.collect(engine="streaming").row(0)]


def imports(kind: str, preds: str, labels: str, losses: list[str]) -> list[float]:
    """No work at all: a bare script that imports what any such tool in Python has to."""
    import numpy
    import pyarrow.csv
    import typer

    return [float(len((numpy.__name__, pyarrow.csv.__name__, typer.__name__)))]


PEERS: dict[str, Callable[[str, str, str, list[str]], list[float]]] = {
    "duckdb": duckdb,
    "polars": polars,
    "imports": imports,
}

if __name__ == "__main__":
    # This folder holds modules of its own, which must not stand in for libraries.
    sys.path.pop(0)
    name, of_kind, preds_path, labels_path, *asked = sys.argv[1:]
    print(",".join(repr(value) for value in PEERS[name](of_kind, preds_path, labels_path, asked)))
