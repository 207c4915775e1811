"""The files that the golden calls read: small, odd on purpose, and the same bytes on every machine."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
ROWS = 60


def write_inputs(folder: Path) -> None:
    """Write every input below ``folder``."""
    shutil.copytree(SAMPLES, folder / "sample_data")
    numbers = _numbers()
    _every_format(folder, "reg", numbers)
    _split(folder, numbers)
    _classes(folder)
    _odd(folder)
    _broken(folder)
    _folders(folder, numbers)


def _csv(path: Path, columns: dict[str, list[Any]]) -> None:
    lines = [",".join(columns)]
    lines += [
        ",".join("" if c is None else str(c) for c in row) for row in zip(*columns.values(), strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _every_format(folder: Path, name: str, columns: dict[str, list[Any]]) -> None:
    _csv(folder / f"{name}.csv", columns)
    table = pa.table(columns)
    pq.write_table(table, folder / f"{name}.parquet", row_group_size=17)
    feather.write_feather(table, str(folder / f"{name}.arrow"), compression="uncompressed")
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    plain = {key: np.array(values) for key, values in columns.items() if None not in values}
    np.savez(
        folder / f"{name}.npz", **{key: value for key, value in plain.items() if value.dtype.kind in "if"}
    )


def _numbers() -> dict[str, list[Any]]:
    draw = random.Random(14)
    label = [round(draw.uniform(-5.0, 20.0), 3) for _ in range(ROWS)]
    columns: dict[str, list[Any]] = {
        "id": [1000 + 7 * at for at in range(ROWS)],
        "label": label,
        "pred": [round(y + draw.uniform(-2.0, 2.5), 3) for y in label],
        "other": [round(y + draw.uniform(-1.5, 1.0), 3) for y in label],
        "naive": [round(y + draw.uniform(-6.0, 6.0), 3) for y in label],
        "w": [draw.choice([0.5, 1.0, 2.0, 3.25]) for _ in label],
        "n": [draw.choice([0, 1, 2, 3]) for _ in label],
        "country": [draw.choice(["de", "fr", "us", "NA"]) for _ in label],
        "device": [draw.choice(["phone", "desk"]) for _ in label],
        "age": [draw.randrange(15, 90) for _ in label],
        "step": list(range(ROWS)),
    }
    columns["lower"] = [round(p - 1.5, 3) for p in columns["pred"]]
    columns["upper"] = [round(p + 1.25, 3) for p in columns["pred"]]
    columns["sd"] = [round(draw.uniform(0.5, 3.0), 3) for _ in label]
    columns["q_0.1"] = [round(p - 2.0, 3) for p in columns["pred"]]
    columns["q_0.5"] = columns["pred"]
    columns["q_0.9"] = [round(p + 2.0, 3) for p in columns["pred"]]
    columns["amount"] = [round(draw.uniform(0.1, 40.0), 3) for _ in label]
    columns["expected"] = [round(a * draw.uniform(0.5, 1.6), 3) for a in columns["amount"]]
    columns["count"] = [draw.randrange(0, 9) for _ in label]
    columns["rate"] = [round(draw.uniform(0.2, 8.0), 3) for _ in label]
    return columns


def _split(folder: Path, columns: dict[str, list[Any]]) -> None:
    """Predictions and labels in files of their own, in order, shuffled, and with keys missing."""
    order = list(range(ROWS))
    random.Random(3).shuffle(order)
    preds = {name: columns[name] for name in ("id", "pred", "other", "lower", "upper", "w")}
    labels = {name: columns[name] for name in ("id", "label", "country", "device", "age", "step")}
    _csv(folder / "preds.csv", preds)
    _csv(folder / "labels.csv", labels)
    pq.write_table(pa.table(preds), folder / "preds.parquet")
    pq.write_table(pa.table(labels), folder / "labels.parquet")
    _csv(folder / "shuffled.csv", {name: [values[at] for at in order] for name, values in labels.items()})
    some = [at for at in order if at % 5]
    _csv(folder / "some.csv", {name: [values[at] for at in some] for name, values in labels.items()})
    _csv(folder / "twice.csv", {name: [*values, values[0]] for name, values in labels.items()})
    _csv(folder / "head.csv", {"id": columns["id"], "pred": columns["other"]})
    holes = {name: list(values) for name, values in preds.items()}
    holes["pred"][4] = holes["pred"][50] = None
    _csv(folder / "holes.csv", holes)
    with gzip.GzipFile(folder / "preds.csv.gz", "wb", mtime=0) as file:
        file.write((folder / "preds.csv").read_bytes())


def _classes(folder: Path) -> None:
    draw = random.Random(5)
    names = ["cat", "dog", "owl"]
    label = [draw.choice(names) for _ in range(ROWS)]
    shares = []
    for name in label:
        raw = [draw.random() + (1.2 if name == other else 0.2) for other in names]
        tenths = [round(x / sum(raw), 3) for x in raw]
        tenths[0] = round(1.0 - tenths[1] - tenths[2], 3)
        shares.append(tenths)
    columns: dict[str, list[Any]] = {"label": label}
    columns |= {f"p_{name}": [row[at] for row in shares] for at, name in enumerate(names)}
    columns |= {
        f"s_{name}": [round(4.0 * row[at] - 1.0, 3) for row in shares] for at, name in enumerate(names)
    }
    columns["guess"] = [names[max(range(3), key=row.__getitem__)] for row in shares]
    columns["site"] = [draw.choice(["a", "b"]) for _ in label]
    _csv(folder / "animals.csv", columns)
    pq.write_table(pa.table(columns), folder / "animals.parquet")
    truth = [draw.randrange(2) for _ in label]
    two: dict[str, list[Any]] = {
        "label": truth,
        "prob": [round(min(0.98, max(0.02, 0.25 + 0.45 * y + draw.uniform(-0.3, 0.3))), 3) for y in truth],
        "soft": [round(0.1 + 0.8 * y, 3) for y in truth],
        "answer": ["yes" if y else "no" for y in truth],
        "w": [draw.choice([1.0, 2.0]) for _ in truth],
        "site": [draw.choice(["a", "b"]) for _ in truth],
    }
    two["logit"] = [round(8.0 * p - 4.0, 3) for p in two["prob"]]
    two["guess"] = [int(p > 0.5) for p in two["prob"]]
    two["said"] = ["yes" if p > 0.5 else "no" for p in two["prob"]]
    _every_format(folder, "binary", two)
    tags: dict[str, list[Any]] = {}
    for tag in "xyz":
        tags[f"t_{tag}"] = [draw.randrange(2) for _ in range(ROWS)]
        tags[f"p_{tag}"] = [
            round(min(1.0, max(0.0, 0.5 * t + draw.random() / 2)), 3) for t in tags[f"t_{tag}"]
        ]
        tags[f"g_{tag}"] = [int(p > 0.5) for p in tags[f"p_{tag}"]]
    _csv(folder / "tags.csv", tags)
    lists = [
        {
            "label": [t for t in "xyz" if draw.random() < 0.6],
            "pred": [t for t in "xyz" if draw.random() < 0.6],
        }
        for _ in range(ROWS)
    ]
    (folder / "lists.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lists), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(lists), folder / "lists.parquet")
    clusters = {"label": [at % 4 for at in range(ROWS)], "pred": [(at * at) % 3 for at in range(ROWS)]}
    _csv(folder / "clusters.csv", clusters)
    grades = {"label": [draw.randrange(1, 5) for _ in range(ROWS)]}
    grades["pred"] = [min(4, max(1, y + draw.choice([-1, 0, 0, 1]))) for y in grades["label"]]
    _csv(folder / "grades.csv", grades)
    (folder / "grade_costs.csv").write_text("true,1,2,3,4\n1,0,1,2,3\n2,1,0,1,2\n3,2,1,0,1\n4,3,2,1,0\n")


def _odd(folder: Path) -> None:
    """Files that are well formed, and unlike what one expects."""

    def put(name: str, content: str | bytes) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    put("bom.csv", b"\xef\xbb\xbfpred,label\r\n1,2\r\n3,5\r\n")
    put("quoted.csv", 'pred,label,note\n1,2,"a, b"\n3,5,"line\nbreak"\n"4","4.5","say ""x"""\n')
    put("semicolon.csv", "pred;label\n1,5;2\n3;4,25\n")
    put("tabs.tsv", "pred\tlabel\n1\t2\n3\t5\n")
    put("bare.csv", "1,2\n3,5\n")
    put("one.csv", "pred,label\n1.5,1\n")
    put("spaces.csv", "pred, label\n 1 , 2\n3 ,5 \n")
    put("latin.csv", "größe,label\n1,2\n3,5\n".encode("latin-1"))
    put("unicode.csv", "größe,label,naïve [red]x[/red]\n1,2,a\n3,5,b\n")
    put("constant.csv", "pred,label\n1,3\n2,3\n4,3\n")
    put("zeros.csv", "pred,label\n1,0\n2,2\n4,3\n")
    put("small.csv", "pred,label\n1e-170,0\n3e-170,0\n")
    put("large.csv", "pred,label\n1e170,0\n-1e170,0\n")
    put("lists.csv", "label,pred\na|b,a\nb,b|c\n|,c\n")
    put("infinite.csv", "pred,label\ninf,1\n2,2\n")
    put("weights0.csv", "pred,label,w\n1,2,0\n3,5,1\n4,4,2\n")
    put("days.csv", "ds,pred,label\n2026-01-01,1,2\n2026-01-02,3,5\n2026-01-03,2,2\n")
    put("multi.csv", "x_pred,y_pred,x_true,y_true\n1,2,1,3\n4,5,5,5\n")
    put("sites.jsonl", '{"pred": 1, "label": 2}\n{"pred": 3, "label": 5, "site": "a"}\n')
    np.save(folder / "preds.npy", np.array([1.0, 2.0, 4.0]))
    np.save(folder / "labels.npy", np.array([1.0, 3.0, 1.0]))
    np.save(folder / "table.npy", np.array([[0.2, 0.8], [0.9, 0.1]]))


def _broken(folder: Path) -> None:
    """Files that are refused."""

    def put(name: str, content: str | bytes) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    put("empty.csv", b"")
    put("header.csv", "pred,label\n")
    put("ragged.csv", "pred,label\n1,2\n3\n")
    put("wide.csv", "pred,label\n1,2,3\n4,5,6\n")
    put("unclosed.csv", 'pred,label\n1,"2\n3,4\n')
    put("double.csv", "pred,pred,label\n1,2,3\n")
    put("word.csv", "pred,label\n1,2\nfour,5\n")
    put("thousands.csv", 'pred,label\n1,2\n"1,234",5\n')
    put("comma.csv", "pred;label\n1,5;2\n")
    put("nothing.csv", "pred,label\n1,2\n,5\n")
    put("blank.csv", "pred,label\n1,2\n\n3,4\n")
    put("percent.csv", "pred,label\n80,1\n20,0\n")
    put("big.csv", "pred,label\n9007199254740993,1\n")
    put("overflow.csv", "pred,label\n1e400,1\n")
    put("negative.csv", "pred,label,w\n1,2,-1\n3,4,1\n")
    put("control.csv", "pred\x1b[31m,label\n1,2\n")
    put("broken.jsonl", '{"pred": 1, "label": 2}\n{"pred": 1,\n')
    put("nested.jsonl", '{"pred": {"a": 1}, "label": 2}\n')
    put("truncated.csv.gz", gzip.compress(b"pred,label\n" + b"1,2\n" * 500, mtime=0)[:40])
    put("nothing.parquet", b"PAR1")
    put("words.parquet", b"these are no columns")
    put("broken.json", "{")
    put("readme.xyz", "pred,label\n1,2\n")
    put("zeros.bin", bytes(64))
    put("nul.csv", bytes(4096))


def _folders(folder: Path, columns: dict[str, list[Any]]) -> None:
    """Folders of parts, and of hive partitions."""
    for side, names in {"parts_preds": ("id", "pred"), "parts_labels": ("id", "label", "country")}.items():
        (folder / side).mkdir()
        for at, (start, end) in enumerate([(0, 20), (20, 21), (21, ROWS)]):
            _csv(folder / side / f"part-{at}.csv", {name: columns[name][start:end] for name in names})
    for country in ("de", "fr", "us"):
        rows = [at for at in range(ROWS) if columns["country"][at] == country]
        place = folder / "hive" / f"country={country}"
        place.mkdir(parents=True)
        pq.write_table(
            pa.table({n: [columns[n][at] for at in rows] for n in ("id", "pred", "label")}),
            place / "x.parquet",
        )
