"""What was measured: results, rows, inputs, with every digit and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import numpy as np

from losscli._version import __version__

SCHEMA = "losscli.result/1"


@dataclass(frozen=True, slots=True)
class Result:
    """One loss of one prediction over the whole, a part or a slice."""

    loss: str  # canonical spec
    params: dict[str, Any]
    pred: str
    better: str
    value: float | None
    sum: float | None
    rows: int
    weight: float
    part: dict[str, str] = field(default_factory=dict)
    slice: dict[str, str | None] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)
    stderr: float | None = None
    ci: dict[str, Any] | None = None
    constant: dict[str, Any] | None = None
    note: str | None = None
    detail: dict[str, Any] | None = None
    signature: str = ""

    def to_json(self) -> dict[str, Any]:
        order = (
            "loss", "params", "pred", "part", "slice", "better", "value", "sum", "rows", "weight", "skipped",
            "touched", "stderr", "ci", "constant", "note", "detail", "signature",
        )  # fmt: skip
        held = asdict(self)
        return {name: held[name] for name in order}


@dataclass(frozen=True, slots=True)
class Input:
    role: str
    path: str
    format: str
    columns: list[str]


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows were read, paired, left out and used."""

    read_preds: int
    read_labels: int
    only_preds: int
    only_labels: int
    paired: int
    dropped: dict[str, int]
    used: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that one call measured."""

    results: list[Result]
    rows: Rows
    inputs: list[Input]
    gate: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    before: list[float | None] | None = None  # the value of each result in the baseline, where there is one
    saved: str | None = None  # the file that it was read from
    binned: Mapping[tuple[str, str], Any] | None = None  # counts for pictures, where they were asked for
    command: str | None = None  # that was called, for a page that says how it was made
    version: str = __version__  # that measured it, which a saved result keeps
    arithmetic: str = field(default_factory=lambda: _arithmetic())

    @property
    def metrics(self) -> dict[str, float | None]:
        """The value of each loss over the whole, by canonical spec (and prediction, where several)."""
        whole = [r for r in self.results if not r.part and not r.slice]
        # With one model, losses may still name other columns: `mse` a mean, `winkler` an interval.
        several = len({r.loss for r in whole}) < len(whole)
        return {f"{r.loss}#{r.pred}" if several else r.loss: r.value for r in whole}

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "losscli": self.version,
            "arithmetic": self.arithmetic,
            "metrics": self.metrics,
            "results": [result.to_json() for result in self.results],
            "rows": asdict(self.rows),
            "inputs": [asdict(found) for found in self.inputs],
            "gate": self.gate,
        }


@cache
def arithmetic() -> str:
    """NumPy's version and the widest instructions that it uses: what exp and log depend on."""
    found: Mapping[str, Any] = np.show_config(mode="dicts") or {}
    simd = found.get("SIMD Extensions", {})
    used = [*simd.get("baseline", []), *simd.get("found", [])]
    return f"numpy {np.__version__} {used[-1]}" if used else f"numpy {np.__version__}"


def _arithmetic() -> str:
    return arithmetic()
