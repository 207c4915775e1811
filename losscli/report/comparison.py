"""What was compared: verdicts, differences, rows and inputs, with every digit.  How, is the business of `compare`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from losscli._version import __version__
from losscli.report.records import Input, RowCounts, arithmetic

SCHEMA = "losscli.comparison/1"

Verdict: TypeAlias = Literal["better", "same", "worse", "inconclusive"]
VERDICTS: tuple[Verdict, ...] = ("better", "same", "worse", "inconclusive")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two models, and its value."""

    pred: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One loss of a model against that of the base, over the whole or a slice; its fields are those of the JSON."""

    loss: str
    params: dict[str, Any]
    better: str
    base: Side
    head: Side
    slice: dict[str, str | None]
    rows: int
    weight: float | None
    worse_by: float | None = None
    stderr: float | None = None
    ci: dict[str, Any] | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    test: str | None = None
    wins: int | None = None
    ties: int | None = None
    losses: int | None = None
    detectable: float | None = None
    verdict: Verdict = "inconclusive"
    note: str | None = None
    signature: str = ""
    part: dict[str, str] = field(default_factory=dict)  # of saved results, where they are of parts


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that one call compared."""

    compared: list[Compared]
    margin: float
    level: float
    failed: list[Compared]
    rows: RowCounts
    inputs: list[Input]
    paired: bool = True  # False: of two saved results, without rows
    warnings: list[str] = field(default_factory=list)  # for people, no part of the document
    base_rows: RowCounts | None = None  # of two saved results, those of the base: `rows` are the head's
    version: str = __version__
    arithmetic: str = field(default_factory=arithmetic)
    command: str | None = None  # that made it, for people

    @property
    def passed(self) -> bool:
        """Whether no verdict is one of those that fail."""
        return not self.failed

    @property
    def left_out(self) -> str:
        """How many rows enter no sum, by reason; of two saved results, of each."""
        if self.base_rows is None:
            return self.rows.left_out
        sides = (("base", self.base_rows), ("head", self.rows))
        return "; ".join(f"{name}: {rows.left_out}" for name, rows in sides if rows.left_out)

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA, "losscli": self.version, "arithmetic": self.arithmetic, "margin": self.margin,
            "level": self.level, "paired": self.paired, "passed": self.passed, "comparisons": [asdict(c) for c in self.compared],
            "rows": self.rows.to_json(), "inputs": [found._asdict() for found in self.inputs],
        }  # fmt: skip
