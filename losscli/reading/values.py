"""Stored values, as NumPy arrays or texts, become number and class columns, with the first bad row.

Shared by the formats that keep types: Arrow's, NumPy's, JSON.  The meaning of a text is the business
of `cells`; getting at the values, of each format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.errors import DataError
from losscli.loss.domains import surely_finite
from losscli.table.block import AnyColumn, Batch, ClassColumn, ColumnKind, Floats, Ints, Mask, NumberColumn
from losscli.table.cells import (
    EXACT,
    CellReader,
    NotNumber,
    in_order,
    is_list_text,
    list_text,
    no_double,
    shown,
    shown_bytes,
)
from losscli.text import plural

CELLS = CellReader()


class BadRow(NamedTuple):
    """The first row that cannot be read as wanted, from 0, and why."""

    row: int
    message: str
    detail: str | None = None
    hint: str | None = None


Why: TypeAlias = Callable[[int], tuple[str, str | None] | tuple[str, str | None, str | None]]
"""What is wrong with a bad row, what was wanted, and a hint."""


def never(row: int) -> tuple[str, str | None]:
    raise AssertionError(row)


class Numbers(NamedTuple):
    """Rows read as numbers; of the bad ones, and those after them, the values mean nothing."""

    values: Floats
    missing: Mask | None = None
    bad: Mask | None = None
    why: Why = never
    finite: bool = False  # whether it is known that no value is infinite or NaN

    def column(self) -> tuple[AnyColumn, BadRow | None]:
        return NumberColumn(self.values, self.missing, self.finite), _first(self.bad, self.why)


class CodedRows(NamedTuple):
    """Rows read as labels or text; of the bad ones, and those after them, the codes mean nothing."""

    codes: Ints
    table: tuple[int | str, ...] | None = None  # None: the codes are the labels
    missing: Mask | None = None
    bad: Mask | None = None
    why: Why = never
    in_place: bool = False  # whether each code is known to be the number of its row

    def column(self) -> tuple[AnyColumn, BadRow | None]:
        return ClassColumn(self.codes, self.table, self.missing), _first(self.bad, self.why)


def _first(bad: Mask | None, why: Why) -> BadRow | None:
    if bad is None or not bad.any():
        return None
    row = int(bad.argmax())
    return BadRow(row, *why(row))


def batch_of(
    read: Sequence[tuple[AnyColumn, BadRow | None]], names: Sequence[str], file: str, first_row: int | None
) -> Batch:
    """Columns of equal length as one batch; ``first_row`` counts from 0, None: not known.

    With a row that cannot be read, the rows before the lowest such row, and ``stop``.
    """
    batch = Batch(len(read[0][0]), tuple(column for column, _ in read))
    bads = [(bad, name) for (_, bad), name in zip(read, names, strict=True) if bad is not None]
    if not bads:
        return batch
    bad, name = min(bads, key=lambda found: found[0].row)
    row = None if first_row is None else first_row + bad.row + 1
    stop = DataError(bad.message, bad.detail, bad.hint, file, name, row)
    return batch.slice(0, bad.row).stopped(stop)


# ---------------------------------------------------------------------- masks


def either(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return one if other is None else other
    return one | other


def without(bad: Mask, missing: Mask | None) -> Mask | None:
    """Only the rows that are there can be bad: below a null lies anything."""
    if missing is not None:
        bad &= ~missing
    return bad if bad.any() else None


def _at(rows: Iterable[int], there: int) -> Mask | None:
    """A mask of these rows; None when there are none."""
    places = list(rows)
    if not places:
        return None
    mask = np.zeros(there, np.bool_)
    mask[places] = True
    return mask


# ---------------------------------------------------------------------- numbers


def numbers_of(
    values: Floats, missing: Mask | None, bad: Mask | None = None, why: Why = never, *, finite: bool = False
) -> Numbers:
    """Doubles of one's own, to be written to where they are missing; ``finite``: all others are."""
    if missing is not None:
        values[missing] = np.nan
    return Numbers(values, missing, bad, why, finite and missing is None)


def float_numbers(stored: NDArray[Any], nulls: Mask | None = None) -> Numbers:
    if nulls is None:
        if surely_finite(stored):
            return Numbers(stored.astype(np.float64, copy=False), finite=True)
        # The least is NaN when any value is: one cheap pass, where a mask of all would be two.
        if not np.isnan(np.minimum.reduce(stored)):
            return Numbers(stored.astype(np.float64, copy=False))
    missing = np.isnan(stored)
    if nulls is not None:
        missing |= nulls
    # NaN of one sign and payload, whatever was stored.
    return numbers_of(stored.astype(np.float64), missing)


def integer_numbers(stored: NDArray[Any], missing: Mask | None = None) -> Numbers:
    values = stored.astype(np.float64)
    bad = None
    if stored.dtype.itemsize == 8 and len(stored) and not (stored.min() >= -EXACT and stored.max() <= EXACT):
        # The largest ones round to 2⁶³ or 2⁶⁴, which would not come back.
        fits = values < 2.0**63 if stored.dtype.kind == "i" else values < 2.0**64
        back = np.where(fits, values, 0.0).astype(stored.dtype)
        bad = without(~fits | (back != stored), missing)
    return numbers_of(values, missing, bad, lambda row: no_double(int(stored[row])), finite=True)


def stored_numbers(stored: NDArray[Any], missing: Mask | None = None) -> Numbers:
    """Booleans, integers or floats of any width as doubles."""
    if stored.dtype.kind == "b":
        return numbers_of(stored.astype(np.float64), missing)
    return float_numbers(stored, missing) if stored.dtype.kind == "f" else integer_numbers(stored, missing)


def list_hint(text: str) -> str | None:
    """Where a text that is no number is written as a list is: what to do."""
    return "store such texts as lists" if is_list_text(text) else None


def text_numbers(
    texts: StoredTexts, rows: int, missing: Mask | None, kind: ColumnKind, *, all_matter: bool = True
) -> Numbers:
    """``all_matter``: the rows come in order, and nothing after the first bad one counts."""
    read = CELLS.score if kind == "score" else CELLS.number
    values = np.full(rows, np.nan)
    empty = np.zeros(rows, np.bool_)
    reasons: dict[int, tuple[str, str | None] | tuple[str, str | None, str | None]] = {
        row: _broken(raw) for row, raw in texts.broken.items()
    }
    for row, text in zip(texts.rows, texts.texts, strict=True):
        try:
            number = read(text)
        except NotNumber as error:
            reasons[row] = str(error), error.wanted, list_hint(text)
            if all_matter:
                break
        else:
            if number is None:
                empty[row] = True
            else:
                values[row] = number
    missing = either(missing, empty) if empty.any() else missing
    return numbers_of(values, missing, _at(reasons, rows), reasons.__getitem__)


# ---------------------------------------------------------------------- labels and text


def blanked(read: CodedRows) -> CodedRows:
    if read.missing is not None:
        read.codes[read.missing] = -1
    return read


def coded(labels: Iterable[int | str | None]) -> tuple[list[int], tuple[int | str, ...]]:
    """Equal labels get one code; None, a missing one, gets -1."""
    table: dict[int | str, int] = {}
    codes = [-1 if label is None else table.setdefault(label, len(table)) for label in labels]
    return codes, tuple(table)


def labels_of(labels: Sequence[int | str | None], places: Ints, missing: Mask | None) -> CodedRows:
    """Rows that point into ``labels``."""
    codes, table = coded(labels)
    found = np.array(codes or [-1], np.int64)[places]
    if -1 in codes:
        missing = either(missing, found < 0)
    return blanked(CodedRows(found, table, missing))


def spelled(
    stored: NDArray[Any], missing: Mask | None, spell: Callable[[NDArray[Any]], Sequence[int | str | None]]
) -> CodedRows:
    """Each distinct value is spelled once, as values repeat and spelling is dear."""
    places = np.zeros(len(stored), np.int64)
    there = slice(None) if missing is None else ~missing
    distinct, places[there] = np.unique(stored[there], return_inverse=True)
    return labels_of(spell(distinct), places, missing)


def boolean_labels(stored: Mask, missing: Mask | None, kind: ColumnKind) -> CodedRows:
    table = ("false", "true") if kind == "text" else None
    return blanked(CodedRows(stored.astype(np.int64), table, missing))


def integer_labels(stored: NDArray[Any], missing: Mask | None, kind: ColumnKind) -> CodedRows:
    if kind == "text":
        return spelled(stored, missing, lambda distinct: [str(value) for value in distinct.tolist()])
    if stored.dtype.kind == "u" and len(stored) and stored.max() > np.iinfo(np.int64).max:
        return spelled(stored, missing, lambda distinct: distinct.tolist())
    return blanked(CodedRows(stored.astype(np.int64), None, missing))


def float_labels(read: Numbers, kind: ColumnKind) -> CodedRows:
    if kind == "text":
        return spelled(read.values, read.missing, lambda distinct: [float_text(x) for x in distinct.tolist()])
    whole = np.trunc(read.values) == read.values
    whole &= np.abs(read.values) < 2.0**63
    if read.missing is not None:
        whole |= read.missing
    if whole.all():
        values = read.values if read.missing is None else np.where(read.missing, 0.0, read.values)
        return blanked(CodedRows(values.astype(np.int64), None, read.missing))
    return spelled(read.values, read.missing, lambda distinct: [float_label(x) for x in distinct.tolist()])


def stored_labels(stored: NDArray[Any], missing: Mask | None, kind: ColumnKind) -> CodedRows:
    """Booleans, integers or floats of any width as class labels."""
    if stored.dtype.kind == "b":
        return boolean_labels(stored, missing, kind)
    if stored.dtype.kind == "f":
        return float_labels(float_numbers(stored, missing), kind)
    return integer_labels(stored, missing, kind)


def float_label(value: float) -> int | str:
    return int(value) if value.is_integer() else repr(value)


def float_text(value: float) -> str:
    # Plus zero, since -0.0 and 0.0 are one value, and must be one text whichever comes first.
    return repr(value + 0.0)


def moment_labels(stored: NDArray[Any], missing: Mask | None, *, only_time: bool, zone: str) -> CodedRows:
    """Dates, times and timestamps in their ISO form, the same whatever the unit they are stored in."""
    cut = len("1970-01-01T") if only_time else 0

    def spell(distinct: NDArray[Any]) -> list[str | None]:
        texts = np.datetime_as_string(distinct).tolist()
        return [None if text == "NaT" else _without_zeros(text[cut:]) + zone for text in texts]

    return spelled(stored, missing, spell)


def _without_zeros(moment: str) -> str:
    return moment.rstrip("0").rstrip(".") if "." in moment else moment


def text_labels(texts: StoredTexts, rows: int, missing: Mask | None, kind: ColumnKind) -> CodedRows:
    distinct = list(dict.fromkeys(texts.texts))
    labels = ((text or None) if kind == "text" else CELLS.label(text) for text in distinct)
    distinct_codes, table = coded(labels)
    codes = np.full(rows, -1, np.int64)
    if len(distinct) == len(texts.texts):
        codes[texts.rows] = distinct_codes
    else:
        code_of = dict(zip(distinct, distinct_codes, strict=True))
        codes[texts.rows] = [code_of[text] for text in texts.texts]
    codes[list(texts.broken)] = 0  # no labels, but not missing either
    if -1 in distinct_codes:
        missing = codes < 0
    return CodedRows(codes, table, missing, _at(texts.broken, rows), lambda row: _broken(texts.broken[row]))


def list_labels(inner: CodedRows, starts: Ints, ends: Ints, missing: Mask | None) -> CodedRows:
    """Rows that are lists: of each the labels of ``inner`` from its start to its end, as one text."""
    wrong = either(inner.missing, inner.bad)
    bad, again = None, _twice(inner.codes, starts, ends)
    if wrong is not None:
        before = np.concatenate(([0], np.cumsum(wrong)))
        bad = without(before[ends] > before[starts], missing)

    if again is not None:
        bad = either(bad, without(again, missing))

    def why(row: int) -> tuple[str, str | None] | tuple[str, str | None, str | None]:
        if wrong is None or not wrong[starts[row] : ends[row]].any():
            codes = inner.codes[starts[row] : ends[row]].tolist()
            code = next(code for code in codes if codes.count(code) > 1)
            return twice(code if inner.table is None else inner.table[code])
        at = int(starts[row]) + int(wrong[starts[row] : ends[row]].argmax())
        if inner.missing is not None and inner.missing[at]:
            return missing_label(at - int(starts[row]) + 1)
        return inner.why(at)

    skipped = [mask for mask in (missing, bad) if mask is not None]
    skip = np.logical_or.reduce(skipped) if skipped else np.zeros(len(starts), np.bool_)
    names: list[int | str] = list(inner.table) if inner.table is not None else np.unique(inner.codes).tolist()
    order = in_order(names)
    texts = [list_text((name,))[1:-1] for name in order]
    # The place of each label in their order, so that a list is sorted as whole numbers are.
    if inner.table is None:
        places = np.searchsorted(order, inner.codes).tolist()
    else:
        place_of = {name: at for at, name in enumerate(order)}
        places = np.array([*(place_of[name] for name in names), -1])[inner.codes].tolist()
    known: dict[tuple[int, ...], int] = {}
    table: dict[int | str, int] = {}
    codes = np.full(len(starts), -1, np.int64)
    for row, start, end in zip(
        np.flatnonzero(~skip).tolist(), starts[~skip].tolist(), ends[~skip].tolist(), strict=True
    ):
        code = known.get(key := tuple(places[start:end]))
        if code is None:
            text = ", ".join([texts[at] for at in sorted(key)])
            code = known[key] = table.setdefault(f"[{text}]", len(table))
        codes[row] = code
    return CodedRows(codes, tuple(table), missing, bad, why)


def _twice(codes: Ints, starts: Ints, ends: Ints) -> Mask | None:
    """The lists that hold a code more than once."""
    sizes = np.maximum(ends - starts, 0)
    if not len(codes) or sizes.max(initial=0) < 2:
        return None
    lists = np.repeat(np.arange(len(starts)), sizes)
    # The places of their members, list after list; those of a missing list count too, and are left out later.
    places = np.arange(len(lists)) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    held = codes[places]
    order = np.lexsort((held, lists))
    lists, held = lists[order], held[order]
    same = (lists[1:] == lists[:-1]) & (held[1:] == held[:-1])
    if not same.any():
        return None
    found = np.zeros(len(starts), np.bool_)
    found[lists[1:][same]] = True
    return found


INDICATORS = "a list names each label of its row once; of 0 and 1 for every class make a column each, such as `y_cat`, `y_dog`"


def twice(label: int | str) -> tuple[str, str, str]:
    """What is wrong with a list that has a label twice."""
    return (
        f"`{shown(str(label))}` stands twice in the list",
        "wanted the labels of the row, each once",
        INDICATORS,
    )


def vectors(flat: Numbers, starts: Ints, ends: Ints, missing: Mask | None, width: int) -> Numbers:
    """Rows that are lists of ``width`` numbers: of each the numbers of ``flat`` from its start to its end."""
    rows = len(starts)
    sizes = ends - starts
    there = np.ones(rows, np.bool_) if missing is None else ~missing
    wrong = there & (sizes != width)
    kept = there & ~wrong
    if kept.all() and rows and np.array_equal(starts, np.arange(rows) * width + starts[0]):
        # They lie side by side: nothing is moved.
        first = int(starts[0])
        values = flat.values[first : first + rows * width].reshape(rows, width)
        bads = None if flat.bad is None else flat.bad[first : first + rows * width].reshape(rows, width)
    else:
        places = starts[kept, None] + np.arange(width)
        values = np.full((rows, width), np.nan)
        values[kept] = flat.values[places]
        bads = None
        if flat.bad is not None:
            bads = np.zeros((rows, width), np.bool_)
            bads[kept] = flat.bad[places]
    bad = wrong if bads is None else wrong | bads.any(axis=1)

    def why(row: int) -> tuple[str, str | None] | tuple[str, str | None, str | None]:
        if wrong[row]:
            return unlike(int(sizes[row]), width)
        assert bads is not None
        return flat.why(int(starts[row]) + int(bads[row].argmax()))

    return Numbers(values, missing, bad if bad.any() else None, why, flat.finite and missing is None)


def unlike(found: int, width: int) -> tuple[str, str, str]:
    """What is wrong with a vector of another length."""
    return (
        f"the list has {plural(found, 'number')}",
        f"wanted {width}, as the first list of the column has",
        "lists of any length are sets of labels, for losses such as `hamming`",
    )


def fraction(value: float) -> tuple[str, str]:
    """What is wrong with a number in a list that is not whole."""
    return f"`{value!r}` in the list is no label", "wanted text or a whole number"


def missing_label(place: int) -> tuple[str, str]:
    """What is wrong with a list that has a hole, at a place counted from 1."""
    return f"label {place} of the list is missing", "wanted a label in every place of a list"


def json_text(value: Any) -> str:
    """What stands in a cell as JSON: numbers and text as they are, all else by its name."""
    import json  # here, since few calls have lists

    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, float) and value != value:
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


# ---------------------------------------------------------------------- text


class StoredTexts(NamedTuple):
    """The rows that are there and their texts; apart from them those that are not UTF-8."""

    rows: list[int]
    texts: list[str]
    broken: dict[int, bytes]


def decoded(rows: list[int], raws: list[bytes]) -> StoredTexts:
    try:
        return StoredTexts(rows, [raw.decode() for raw in raws], {})
    except UnicodeDecodeError:
        pass
    found = StoredTexts([], [], {})
    for row, raw in zip(rows, raws, strict=True):
        try:
            found.texts.append(raw.decode())
            found.rows.append(row)
        except UnicodeDecodeError:
            found.broken[row] = raw
    return found


def _broken(raw: bytes) -> tuple[str, str]:
    return f"`{shown_bytes(raw)}` is not UTF-8", "wanted text"
