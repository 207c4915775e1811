"""What was measured: results, rows, inputs, with every digit and how it was made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from losscli._version import __version__
from losscli.text import grouped

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
    weight: float | None
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
        # Not `asdict`, which copies all that a result holds: slices make a hundred thousand results.
        return {name: getattr(self, name) for name in order}


R = TypeVar("R")


def noted(record: R, said: Iterable[str | None]) -> R:
    """A record with further notes behind its own."""
    new = [note for note in said if note]
    if not new:
        return record
    return replace(record, note="; ".join([*([note] if (note := record.note) else []), *new]))  # type: ignore[type-var, attr-defined]


def in_doubles(record: R, names: Mapping[str, str]) -> R:
    """A record with null for every number that exceeds the doubles, and a note that says which they are.

    JSON has no infinity; ``names`` are the fields that may overflow, and what each is called in the note.
    """
    lost = {}
    for name in names:
        held = getattr(record, name)
        if (found := _in_doubles(held)) is not held:
            lost[name] = found
    if not lost:
        return record
    said = [f"{names[name]} exceeds the largest double" for name in lost]
    return noted(replace(record, **lost), said)  # type: ignore[type-var]


def _in_doubles(held: Any) -> Any:
    """The same object where nothing in it overflows."""
    if isinstance(held, float):
        return held if math.isfinite(held) else None
    if isinstance(held, dict):
        inner = {key: _in_doubles(value) for key, value in held.items()}
        return inner if any(inner[key] is not value for key, value in held.items()) else held
    if isinstance(held, (list, tuple)):
        values = [_in_doubles(value) for value in held]
        return values if any(a is not b for a, b in zip(values, held, strict=True)) else held
    return held


class Input(NamedTuple):
    role: str
    path: str
    format: str
    columns: list[str]


SELDOM = ("zero_weight", "only_head")
"""Counts of rows that a document has only where there are such rows."""


class RowCounts(NamedTuple):
    """How many rows were read, paired, left out and used."""

    read_preds: int
    read_labels: int
    only_preds: int
    only_labels: int
    paired: int
    dropped: dict[str, int]
    used: int
    zero_weight: int = 0  # of those used
    only_head: int = 0  # where two models and the labels are three files

    @property
    def left_out(self) -> str:
        """How many rows enter no sum, by reason, in the order of work; nothing where all do.

        The one sentence of it, which every format shows.
        """
        alone = {"only_preds": self.only_preds, "only_head": self.only_head, "only_labels": self.only_labels}
        told = (
            ("unmatched", alone),
            ("dropped", self.dropped),
            ("not counted", {"zero_weight": self.zero_weight}),
        )
        return ", ".join(
            f"{grouped(count)} {word} ({reason})"
            for word, counts in told
            for reason, count in counts.items()
            if count
        )

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in self._asdict().items() if name not in SELDOM or value}


@dataclass(frozen=True, slots=True)
class Report:
    """All that one call measured."""

    results: list[Result]
    rows: RowCounts
    inputs: list[Input]
    gate: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    before: list[float | None] | None = None  # the value of each result in the baseline, where there is one
    saved: str | None = None  # the file that it was read from
    binned: Mapping[tuple[str, str], Any] | None = None  # counts for pictures, where they were asked for
    command: str | None = None  # that was called, for a page that says how it was made
    top: int | None = None  # how many slices of a slicing are shown, where not all are
    hidden: int = 0  # slices that are not shown
    version: str = __version__  # that measured it, which a saved result keeps
    arithmetic: str = field(default_factory=lambda: _arithmetic())

    @property
    def passed(self) -> bool:
        """Whether every limit is kept: there may be none."""
        return self.gate is None or bool(self.gate["passed"])

    @property
    def metrics(self) -> dict[str, float | None]:
        """The value of each loss over the whole, by canonical spec (and prediction, where several)."""
        whole = [r for r in self.results if not r.part and not r.slice]
        # With one model, losses may still name other columns: `mse` a mean, `winkler` an interval.
        several = len({r.loss for r in whole}) < len(whole)
        return {f"{r.loss}#{r.pred}" if several else r.loss: r.value for r in whole}

    def shown(self) -> Report:
        """The report with the ``top`` slices of every slicing, those first that carry most of the loss.

        They are ranked by their share of the total of the first loss that is a mean, else by their rows.
        """
        if self.top is None:
            return self
        slicings: dict[tuple[str, ...], list[int]] = {}
        for at, r in enumerate(self.results):
            if r.slice:
                slicings.setdefault(tuple(r.slice), []).append(at)
        kept = [at for at, r in enumerate(self.results) if not r.slice]
        hidden = 0
        for places in slicings.values():
            ranks = self._ranks([self.results[at] for at in places])
            hidden += max(0, len(ranks) - self.top)
            of = {at: ranks.index(tuple(self.results[at].slice.values())) for at in places}
            kept += sorted((at for at in places if of[at] < self.top), key=lambda at: (of[at], at))
        before = None if self.before is None else [self.before[at] for at in kept]
        return replace(
            self, results=[self.results[at] for at in kept], before=before, top=None, hidden=hidden
        )

    @staticmethod
    def _ranks(sliced: list[Result]) -> list[tuple[str | None, ...]]:
        """The slices of one slicing, in their order by share."""
        first = next((r for r in sliced if r.sum is not None), sliced[0])
        sizes: dict[tuple[str | None, ...], float] = {tuple(r.slice.values()): 0.0 for r in sliced}
        for r in sliced:
            if (r.loss, r.pred, r.part) == (first.loss, first.pred, first.part):
                sizes[tuple(r.slice.values())] = r.rows if first.sum is None else abs(r.sum or 0.0)
        return sorted(sizes, key=lambda name: -sizes[name])

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "losscli": self.version,
            "arithmetic": self.arithmetic,
            "metrics": self.metrics,
            "results": [result.to_json() for result in self.results],
            "rows": self.rows.to_json(),
            "inputs": [found._asdict() for found in self.inputs],
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
