"""Which slice each row belongs to: the values of `--by` columns, bins of them, and their crossings.

Every block codes its slices on its own; the values of a slice are its label, by which tallies merge.  A missing value
is a slice of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from losscli.errors import DataError, UsageError
from losscli.loss.domains import number
from losscli.numbers.cells import distinct
from losscli.numbers.exact import round_fraction
from losscli.table.block import Block, ClassColumn, Floats, Ints, NumberColumn, Place

if TYPE_CHECKING:
    from losscli.reading.source import Source

MOST_SLICES = 1_000_000

MANY = 8
"""So many times the rows of a block values may be labels unasked for; and times so many there may be slices at all."""

Value: TypeAlias = str | None
Label: TypeAlias = tuple[Value, ...]
"""The values of a slice, one for each column."""

How: TypeAlias = Literal["value", "edges", "bins", "quantiles"]


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
        """The columns by which rows are cut, in their order."""
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


class SliceLimit(NamedTuple):
    """How many slices there may be."""

    most: int
    asked_by: str = ""  # the option that allows no more, where it is not the memory of slices alone

    def check(self, slices: int) -> None:
        """Raise UsageError where there are more."""
        if slices > self.most:
            asked_by = f", the most for {self.asked_by}" if self.asked_by else ""
            raise UsageError(
                f"`--by` makes more than {self.most} slices{asked_by}", hint="use `bins` or `edges`"
            )


USUAL_LIMIT = SliceLimit(MOST_SLICES)


class SliceLabels:
    """The labels of slices, in the order of their codes.  UsageError where there are too many."""

    __slots__ = ("_codes", "columns", "limit")

    def __init__(self, columns: Sequence[tuple[Value, ...]], limit: SliceLimit) -> None:
        self.columns = tuple(columns)  # the values of each label, by the columns of the slicing
        self._codes: dict[Value | Label, int] = {}  # of the first labels, once they are looked up
        self.limit = limit
        limit.check(len(self))

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[Label]:
        return zip(*self.columns, strict=True)

    def empty(self) -> SliceLabels:
        """No labels, with the same limit."""
        return SliceLabels([()] * len(self.columns), self.limit)

    @property
    def codes(self) -> dict[Label, int]:
        """The code of each label."""
        return {label: code for code, label in enumerate(self)}

    @property
    def _keys(self) -> Iterable[Value | Label]:
        """What labels are looked up by: of one column the values, which are quicker than tuples of one."""
        return self.columns[0] if len(self.columns) == 1 else self

    def take_in(self, other: SliceLabels) -> Ints:
        """Add the labels of the other, and return the code that each of them has here."""
        shared = min(len(self), len(other))
        pairs = list(zip(self.columns, other.columns, strict=True))
        if all(ours[:shared] == theirs[:shared] for ours, theirs in pairs):
            # Block after block of a file has the same labels, and some more: the same objects, quick to compare.
            self._extend(tuple(theirs[shared:] for _, theirs in pairs))
            return np.arange(len(other))
        if len(self._codes) < len(self):
            self._codes.update(zip(self._keys, range(len(self)), strict=True))
        found = list(map(self._codes.get, other._keys))
        if None in found:
            before = len(self)
            new = [label for label, code in zip(other, found, strict=True) if code is None]
            self._extend(tuple(zip(*new, strict=True)))
            places = iter(range(before, len(self)))
            found = [next(places) if code is None else code for code in found]
        return np.array(found, dtype=np.int64)

    def _extend(self, columns: Sequence[tuple[Value, ...]]) -> None:
        if columns[0]:
            self.columns = tuple(ours + more for ours, more in zip(self.columns, columns, strict=True))
            self.limit.check(len(self))


@dataclass(frozen=True, slots=True)
class SliceView:
    """The slice of each row of a block."""

    slicing: Slicing
    columns: tuple[Place, ...]
    limit: SliceLimit

    def labels(self, labels: Iterable[Label]) -> SliceLabels:
        """The labels of some slices, each with a value for each column."""
        found = list(labels)
        if any(len(label) != len(self.columns) for label in found):
            raise ValueError("a slice with another number of columns")
        return SliceLabels(
            [tuple(label[at] for label in found) for at in range(len(self.columns))], self.limit
        )

    def read(self, block: Block) -> tuple[Ints, SliceLabels]:
        """The code of each row's slice, and the labels of the slices that have rows in the block.

        All texts of a column that were met up to here are labels as they are: block after block has the same ones.
        """
        codes, slices, columns = np.zeros(block.rows, dtype=np.int64), 1, list[Any]()
        for key, place in zip(self.slicing.keys, self.columns, strict=True):
            own, values = _values(key, block.column(place))
            if key.how == "value" and self.columns == (place,) and self._stay(block, len(values)):
                return own, SliceLabels([values], self.limit)
            crossed = own if slices == 1 else codes * len(values) + own
            met, codes = distinct(crossed, slices * len(values))
            before, here = np.divmod(met, len(values))
            columns = [column[before] for column in columns]
            columns.append(np.array(values, dtype=object)[here])
            slices = len(met)
        return codes, SliceLabels([tuple(column.tolist()) for column in columns], self.limit)

    def _stay(self, block: Block, values: int) -> bool:
        """Whether the values of a column may be labels, though some have no row in this block: a few, and of all rows."""
        return block.places is None and values <= MANY * block.rows and MANY * values <= self.limit.most


def _values(key: SliceKey, column: Any) -> tuple[Ints, tuple[Value, ...]]:
    """The codes of a column, and the value of each code: the last one is that of missing values, where there are any."""
    values: Any
    if key.how == "value":
        assert isinstance(column, ClassColumn)
        codes, values = column.codes, column.values
    else:
        assert isinstance(column, NumberColumn)
        codes, values = _intervals(column.values, key.edges, closed=key.how != "edges")
    if column.missing is None:
        return codes, values
    return np.where(column.missing, len(values), codes), (*values, None)


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
    return codes, tuple(names)


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


def order_of(columns: Sequence[Sequence[Value]]) -> Ints:
    """The places of slices in the order in which they are shown, by the values of the first column, then of the next.

    Missing values come last; numbers go by size where all values are numbers, intervals by their lower end, all else
    as text.
    """
    places = list(range(len(columns[0])))
    for values in reversed(columns):
        keys: Sequence[Any] = values
        present = {value for value in values if value is not None}
        numbers = _numbers(present)
        if numbers is not None or None in values:
            ranked = sorted(present) if numbers is None else sorted(present, key=lambda v: (numbers[v], v))
            rank = {value: at for at, value in enumerate([*ranked, None])}
            keys = list(map(rank.__getitem__, values))
        places.sort(key=keys.__getitem__)
    return np.array(places, np.int64)


def _numbers(values: Iterable[str]) -> dict[str, float] | None:
    """The number, or the lower end of the interval, that each text is; None where one is neither."""
    found = {}
    for value in values:
        number = _lower_end(value)
        if number is None:
            return None
        found[value] = number
    return found


def _lower_end(value: str) -> float | None:
    """A number, or the lower end of an interval; None where the text is neither."""
    found = re.match(r"[\[(]?([^\s,]+)", value)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None
