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
    "medae": "median(abs(d))",
}
KEYED = ("ids", "wide", "names")
GROUPED = ("groups", "many groups")
CLASSES = [f"p{c}" for c in range(10)]


def query(kind: str, preds: str, labels: str, losses: list[str]) -> str:
    """The question in DuckDB's SQL, the two files side by side by position or joined by `id`."""

    def source(path: str) -> str:
        return f"read_csv('{path}')" if path.endswith(".csv") else f"read_parquet('{path}')"

    asked = ", ".join(SQL[x] for x in losses if x in SQL)
    if kind in KEYED:
        rows = f"{source(preds)} a JOIN {source(labels)} b USING (id)"
        return f"SELECT {asked} FROM (SELECT a.pred - b.label AS d FROM {rows})"
    columns = {"chances": "prob", "classes": ", ".join(CLASSES)}.get(kind, "pred")
    beside = ', "group" AS g' if kind in GROUPED else ""
    one = f"(SELECT {columns} FROM {source(preds)}) a"
    rows = f"{one} POSITIONAL JOIN (SELECT label{beside} FROM {source(labels)}) b"
    if kind in GROUPED:
        return f"SELECT {asked} FROM (SELECT pred - label AS d, g FROM {rows}) GROUP BY g ORDER BY g"
    if kind == "numbers":
        return f"SELECT {asked} FROM (SELECT pred - label AS d FROM {rows})"
    if kind == "chances" and losses == ["auc"]:
        steps = f"SELECT prob, sum(label) AS up, count(*) - sum(label) AS down FROM {rows} GROUP BY prob"
        below = f"SELECT up, down, sum(down) OVER (ORDER BY prob) - down AS below FROM ({steps})"
        return f"SELECT sum(up * (below + down / 2)) / sum(up) / sum(down) FROM ({below})"
    if kind == "chances":
        chance = "CASE WHEN label = 1 THEN prob ELSE 1 - prob END"
    else:
        chance = f"CASE label {' '.join(f'WHEN {c} THEN p{c}' for c in range(10))} END"
    return f"SELECT -avg(ln(greatest({chance}, {EPS}))) FROM {rows}"


def duckdb(kind: str, preds: str, labels: str, losses: list[str]) -> list[float]:
    """DuckDB's Python module."""
    import duckdb

    rows = duckdb.connect().execute(query(kind, preds, labels, losses)).fetchall()
    return [float(value) for row in rows for value in row]


def polars(kind: str, preds: str, labels: str, losses: list[str]) -> list[float]:
    """Polars, lazily and streaming, the two files put side by side."""
    import polars as pl

    scan = pl.scan_csv if preds.endswith(".csv") else pl.scan_parquet
    if kind in KEYED:
        both = scan(preds).select("id", "pred").join(scan(labels).select("id", "label"), on="id")
        kind = "numbers"
    else:
        columns = {"chances": ["prob"], "classes": CLASSES}.get(kind, ["pred"])
        beside = ["label", "group"] if kind in GROUPED else ["label"]
        both = pl.concat([scan(preds).select(columns), scan(labels).select(beside)], how="horizontal")
    d = pl.col("d")
    row = {
        "mse": (d * d).mean(),
        "mae": d.abs().mean(),
        "rmse": (d * d).mean().sqrt(),
        "huber": pl.when(d.abs() <= 1).then(0.5 * d * d).otherwise(d.abs() - 0.5).mean(),
        "medae": d.abs().median(),
    }
    if kind in GROUPED:
        d_by_group = both.select("group", d=pl.col("pred") - pl.col("label")).group_by("group")
        found = d_by_group.agg([row[x].alias(x) for x in losses]).sort("group")
        return [float(value) for held in found.collect(engine="streaming").rows() for value in held[1:]]
    if kind == "numbers":
        wanted = both.select(d=pl.col("pred") - pl.col("label")).select([row[x].alias(x) for x in losses])
    elif losses == ["auc"]:
        up, rows = pl.col("label").sum().cast(pl.Float64), pl.len().cast(pl.Float64)
        ranks = (pl.col("prob").rank() * pl.col("label")).sum()
        wanted = both.select((ranks - up * (up + 1) / 2) / (up * (rows - up)))
    else:
        if kind == "chances":
            chance = pl.when(pl.col("label") == 1).then(pl.col("prob")).otherwise(1 - pl.col("prob"))
        else:
            chance = pl.col("p9")
            for c in range(9):
                chance = pl.when(pl.col("label") == c).then(pl.col(f"p{c}")).otherwise(chance)
        wanted = both.select(-pl.max_horizontal(chance, pl.lit(EPS)).log().mean())
    return [float(value) for value in wanted.collect(engine="streaming").row(0)]


def sklearn(kind: str, preds: str, labels: str, losses: list[str]) -> list[float]:
    """scikit-learn on what pandas reads, all of it in memory."""
    import pandas as pd
    from sklearn import metrics

    columns = {"chances": ["prob"], "classes": CLASSES}.get(kind, ["pred"])
    if preds.endswith(".csv"):
        pred, label = pd.read_csv(preds, usecols=columns), pd.read_csv(labels, usecols=["label"])
    else:
        pred, label = pd.read_parquet(preds, columns=columns), pd.read_parquet(labels, columns=["label"])
    pred, label = pred.to_numpy().squeeze(), label["label"].to_numpy()
    measured = {
        "mse": metrics.mean_squared_error,
        "log_loss": metrics.log_loss,
        "cross_entropy": metrics.log_loss,
        "auc": metrics.roc_auc_score,
    }
    return [float(measured[loss](label, pred)) for loss in losses]


def imports(kind: str, preds: str, labels: str, losses: list[str]) -> list[float]:
    """No work at all: a bare script that imports what any such tool in Python has to."""
    import numpy
    import pyarrow.csv
    import typer

    return [float(len((numpy.__name__, pyarrow.csv.__name__, typer.__name__)))]


def typer(kind: str, preds: str, labels: str, losses: list[str]) -> list[float]:
    """No work at all: a bare script that imports what a command line is made of."""
    import typer

    return [float(len(typer.__name__))]


PEERS: dict[str, Callable[[str, str, str, list[str]], list[float]]] = {
    "duckdb": duckdb,
    "polars": polars,
    "sklearn": sklearn,
    "imports": imports,
    "typer": typer,
}

if __name__ == "__main__":
    # This folder holds modules of its own, which must not stand in for libraries.
    sys.path.pop(0)
    name, of_kind, preds_path, labels_path, *asked = sys.argv[1:]
    print(",".join(repr(value) for value in PEERS[name](of_kind, preds_path, labels_path, asked)))
