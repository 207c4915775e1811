"""Which slice each row belongs to: the values of `--by` columns, bins of them, and their crossings.

Slices are numbered as they are met; a number has no meaning beyond one run, and results are put in the
order of the values.  A missing value is a slice of its own.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from losscli.errors import DataError, UsageError
from losscli.loss.domains import number
from losscli.numbers.exact import round_fraction
from losscli.table.block import Block, ClassColumn, Floats, Ints, NumberColumn, Place

if TYPE_CHECKING:
    from losscli.reading.source import Source

MOST_SLICES = 1_000_000
TABLE_SIZE = 1 << 20  # of crossed values in a block, up to which a table is quicker than a sort
KEPT_SIZE, MOST_KEPT = 1 << 14, 8  # of tables that are kept from block to block, and how many

Value = str | None
How = Literal["value", "edges", "bins", "quantiles"]


@dataclass(frozen=True, slots=True)
class SliceKey:
    """One column of a slicing: its values as they are, or intervals of its numbers."""

    name: str
    how: How = "value"
    edges: tuple[float, ...] = ()
    count: int = 0  # of bins or quantiles, whose edges are read from the whole column before

    def __str__(self) -> str:
        if self.how == "value":
            return self.name
        shown = "/".join(number(edge) for edge in self.edges) if self.how == "edges" else str(self.count)
        return f"{self.name}:{self.how}={shown}"


@dataclass(frozen=True, slots=True)
class Slicing:
    """The columns by which one `--by` cuts the rows."""

    keys: tuple[SliceKey, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys)

    def __str__(self) -> str:
        return "+".join(str(key) for key in self.keys)


def parse_slicing(text: str, columns: Sequence[str]) -> Slicing:
    """The slicing that a ``--by`` names: ``country``, ``age:bins=10``, ``country+device``.

    An exact column name wins over the syntax.
    """
    if text in columns:
        return Slicing((SliceKey(text),))
    return Slicing(tuple(_parse_key(part, text, columns) for part in text.split("+")))


def names_cut(sources: Sequence[Source], by: Sequence[str], more: Sequence[str] = ()) -> frozenset[str]:
    """The names of columns that slice or group the rows: none is taken for a prediction or a label unasked."""
    columns = [column for source in sources for column in source.columns]
    names = [*more, *(key.name for text in by for key in parse_slicing(text, columns).keys)]
    return frozenset((*names, *(name.partition(".")[2] for name in names if name not in columns)))


def _parse_key(part: str, text: str, columns: Sequence[str]) -> SliceKey:
    part = part.strip()
    if part in columns:
        return SliceKey(part)
    name, colon, tail = part.rpartition(":")
    if not colon:
        return SliceKey(part)
    how, equals, value = tail.partition("=")
    if not equals or how not in ("bins", "quantiles", "edges"):
        raise UsageError(
            f"`{part}` in `--by {text}` is no slicing",
            hint="write `COLUMN`, `COLUMN:bins=10`, `COLUMN:quantiles=4` or `COLUMN:edges=0/18/65`",
        )
    if how == "edges":
        edges = [_edge(edge, text) for edge in value.split("/")]
        if sorted(set(edges)) != edges or not edges:
            raise UsageError(f"the edges in `--by {text}` do not rise")
        return SliceKey(name, "edges", tuple(edges))
    if not re.fullmatch(r"[1-9]\d{0,5}", value):
        raise UsageError(f"`{how}={value}` in `--by {text}` is no number of slices")
    return SliceKey(name, "bins" if how == "bins" else "quantiles", (), int(value))


def _edge(text: str, of: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"`{text}` in `--by {of}` is not a number") from None


@dataclass(slots=True)
class Index:
    """The number of every slice met so far; threads share it."""

    codes: dict[tuple[Value, ...], int] = field(default_factory=dict)
    most: int = MOST_SLICES
    asked_by: str = ""  # what allows no more, where it is not the memory of slices alone
    lock: threading.Lock = field(default_factory=threading.Lock)
    lookups: dict[tuple[tuple[Value, ...], ...], Ints] = field(default_factory=dict)

    def __reduce__(self) -> Any:
        # The lock and the tables are of one process.
        return Index, (dict(self.codes), self.most, self.asked_by)

    def lookup(self, tables: Sequence[tuple[Value, ...]], size: int) -> Ints:
        """The codes of the combinations of some values, -1 where none was met: mostly those of the blocks before."""
        if size > KEPT_SIZE:
            return np.full(size, -1, dtype=np.int64)
        key = tuple(tables)
        with self.lock:
            if key not in self.lookups:
                if len(self.lookups) >= MOST_KEPT:
                    self.lookups.clear()
                self.lookups[key] = np.full(size, -1, dtype=np.int64)
            return self.lookups[key]

    def code(self, values: tuple[Value, ...]) -> int:
        """The number of the slice with these values, a new one if they are new."""
        known = self.codes.get(values)
        if known is not None:
            return known
        with self.lock:
            if len(self.codes) >= self.most and values not in self.codes:
                asked_by = f", the most for {self.asked_by}" if self.asked_by else ""
                raise UsageError(
                    f"`--by` makes more than {self.most} slices{asked_by}", hint="use `bins` or `edges`"
                )
            return self.codes.setdefault(values, len(self.codes))


@dataclass(frozen=True, slots=True)
class SliceView:
    """The slice of each row of a block."""

    slicing: Slicing
    columns: tuple[Place, ...]
    index: Index = field(compare=False)

    def read(self, block: Block) -> Ints:
        """Codes of the index, one a row."""
        local: Ints | None = None
        tables: list[tuple[Value, ...]] = []
        for key, place in zip(self.slicing.keys, self.columns, strict=True):
            codes, values = _values(key, block.column(place))
            local = codes if local is None else local * len(values) + codes
            tables.append(values)
        assert local is not None
        return self._numbered(local, tables)

    def _numbered(self, local: Ints, tables: Sequence[tuple[Value, ...]]) -> Ints:
        """The index's codes in place of the block's own."""
        size = math.prod(len(table) for table in tables)
        if size <= TABLE_SIZE:
            lookup = self.index.lookup(tables, size)
            found: Ints = lookup.take(local)
            if found.min(initial=0) < 0:
                met = np.flatnonzero(np.bincount(local, minlength=size))
                new = met[lookup[met] < 0]
                lookup[new] = self._codes_of(new, tables)
                found = lookup.take(local)
            return found
        met, places = np.unique(local, return_inverse=True)
        return self._codes_of(met, tables)[places.reshape(-1)]

    def _codes_of(self, met: Ints, tables: Sequence[tuple[Value, ...]]) -> Ints:
        """The index's codes of the block's own."""
        columns = []
        for table in reversed(tables):
            met, at = np.divmod(met, len(table))
            columns.append([table[place] for place in at.tolist()])
        known, code = self.index.codes.get, self.index.code
        found = [
            old if (old := known(values)) is not None else code(values)
            for values in zip(*reversed(columns), strict=True)
        ]
        return np.array(found, dtype=np.int64)


def _names(values: tuple[int | str, ...]) -> tuple[Value, ...]:
    """Labels as the names of slices, and a missing one."""
    return (*(str(value) for value in values), None)


_named = lru_cache(MOST_KEPT)(_names)


def _values(key: SliceKey, column: Any) -> tuple[Ints, tuple[Value, ...]]:
    """The codes of a column, and the value of each code; the last one is the missing value."""
    if key.how == "value":
        assert isinstance(column, ClassColumn)
        assert column.values is not None
        values = _named(column.values) if len(column.values) <= KEPT_SIZE else _names(column.values)
        codes = column.codes
    else:
        assert isinstance(column, NumberColumn)
        codes, values = _intervals(column.values, key.edges, closed=key.how != "edges")
    if column.missing is not None:
        codes = np.where(column.missing, len(values) - 1, codes)
    return codes, values


def _intervals(values: Floats, edges: Sequence[float], *, closed: bool) -> tuple[Ints, tuple[Value, ...]]:
    """The interval of each value: between two edges, or beyond the first or the last.

    An interval holds its lower end; with ``closed`` the last one between edges holds its upper end too.
    """
    codes: Ints = np.searchsorted(np.array(edges), values, side="right").astype(np.int64)
    if closed and len(edges) > 1:
        codes[values == edges[-1]] = len(edges) - 1
    bounds = [-math.inf, *edges, math.inf]
    names = [
        f"{'(' if low == -math.inf else '['}{number(low)}, {number(high)}"
        f"{']' if closed and high == edges[-1] else ')'}"
        for low, high in pairwise(bounds)
    ]
    return codes, (*names, None)


def edges_of(key: SliceKey, pieces: Iterable[Any], file: str) -> tuple[float, ...]:
    """The edges of equally wide bins between the least and the greatest value, or of quantiles.

    Quantiles are interpolated between neighbouring values, as by NumPy and pandas, and rounded once.  Missing
    values do not count.
    """
    low, high, kept = math.inf, -math.inf, []
    for column in pieces:
        values = column.values if column.missing is None else column.values[~column.missing]
        if not len(values):
            continue
        low, high = min(low, float(values.min())), max(high, float(values.max()))
        if key.how == "quantiles":
            kept.append(values)
    if not (math.isfinite(low) and math.isfinite(high)):
        what = "has no values" if low > high else "holds infinite values"
        raise DataError(f"{what}, so it cannot be cut into {key.how}", file=file, column=key.name)
    if key.how == "bins":
        width = (Fraction(high) - Fraction(low)) / key.count
        edges = [round_fraction(Fraction(low) + width * at) for at in range(key.count + 1)]
    else:
        values = np.sort(np.concatenate(kept))
        edges = [low, *(_quantile(values, at, key.count) for at in range(1, key.count)), high]
    return tuple(sorted(set(edges)))


def _quantile(values: Floats, at: int, count: int) -> float:
    """The quantile at ``at / count`` of sorted values."""
    place, beyond = divmod(at * (len(values) - 1), count)
    below = Fraction(float(values[place]))
    above = Fraction(float(values[place + 1])) if beyond else below
    return round_fraction(below + (above - below) * Fraction(beyond, count))


def order_of(values: Sequence[Value]) -> list[int]:
    """The places of the values of one key in the order in which they are shown; missing comes last.

    Numbers go by size where all values are numbers, intervals by their lower end, all else as text.
    """

    present = [value for value in values if value is not None]
    numbers = {value: _lower_end(value) for value in present}
    numeric = None not in numbers.values()
    key = (lambda v: (numbers[v], v)) if numeric else (lambda v: (0.0, v))
    ranked = sorted(set(present), key=key)
    rank: dict[Value, int] = {value: at for at, value in enumerate(ranked)}
    rank[None] = len(ranked)
    return [rank[value] for value in values]


def _lower_end(value: str) -> float | None:
    """A number, or the lower end of an interval; None where the text is neither."""
    found = re.match(r"[\[(]?([^\s,]+)", value)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None
