"""Tables of columns as files, and those of two models."""

from __future__ import annotations

import numpy as np


def table(folder, columns, name="t.csv"):
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return str(path)


COMPARED = ("-y", "label", "-p", "a", "-p", "b", "-l", "mae")
"""The options that compare the models `a` and `b` of a table."""


def two_models(seed, rows=240, shift=0.3):
    rng = np.random.default_rng(seed)
    label = rng.normal(size=rows)
    return {
        "label": label, "a": label + rng.normal(size=rows), "b": label + shift + rng.normal(size=rows),
        "w": rng.integers(1, 4, rows), "g": rng.choice(["x", "y", "z"], rows),
        "k": rng.integers(0, 2, rows), "ca": rng.integers(0, 2, rows), "cb": rng.integers(0, 2, rows),
    }  # fmt: skip
