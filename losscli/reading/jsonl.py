"""JSON lines: one object a line, read line by line.

What a value means is decided by what the column is wanted as, never by the values around it.  The
columns are the keys of all objects of the first block, and of later ones where they are asked for by name; a
key that an object lacks is a missing value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import numpy as np

from losscli.errors import DataError
from losscli.reading.keys import keys_of_labels
from losscli.reading.source import Source
from losscli.reading.text import TextInput, Window
from losscli.reading.values import (
    CELLS,
    BadRow,
    CodedRows,
    batch_of,
    float_label,
    float_text,
    fraction,
    json_text,
    labels_of,
    list_hint,
    missing_label,
    numbers_of,
    twice,
    unlike,
)
from losscli.table.block import (
    KEY_KINDS,
    AnyColumn,
    Batch,
    ClassColumn,
    ColumnKind,
    ColumnRequest,
    NumberColumn,
)
from losscli.table.cells import NotNumber, Quoted, list_text, no_double, shown, shown_bytes

PART_BYTES = 1 << 20  # of text in a part
LINE_LIMIT_BYTES = 64 << 20  # a longer line is taken for an attack, or for a file that has none
BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n"


class Unreadable(Exception):
    """A line or a value that cannot be read as wanted: what it is, what was wanted, and a hint."""

    def __init__(self, message: str, detail: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint


class JsonlSource(Source):
    """An opened file of JSON lines."""

    format = "jsonl"

    def __init__(self, path: str, compression: str | None, stream: BinaryIO | None = None) -> None:
        self._text = TextInput(path, encoding="utf-8", compression=compression, stream=stream)
        self.path = self._text.path
        window = self._text.open_for_header()
        try:
            values = _columns(window, self.path)
        finally:
            self._text.close_header(window)
        self.columns = tuple(values)
        self._lists = {name: value for name, value in values.items() if isinstance(value, list)}
        self._absent: set[str] = set()  # names that were looked for
        self.size = self._text.size

    def holds_lists(self, index: int) -> bool:
        """Whether the first value of a column is a list."""
        return self.columns[index] in self._lists

    def look_for(self, name: str) -> bool:
        """Whether a name stands in an object behind the first block; then it is a column from now on.

        What can be read only once is not looked through.
        """
        if self.size is None or name in self._absent:
            return False
        # Only a line that spells the name, or escapes a character, needs to be read.
        marks = (json.dumps(name, ensure_ascii=False).encode(errors="replace"), b"\\u")
        there = False
        window = self._text.open()
        try:
            for block, _ in _blocks(window, self.path):
                for line in block.split(b"\n") if any(mark in block for mark in marks) else ():
                    value = _found(line, name) if any(mark in line for mark in marks) else ABSENT
                    there |= value is not ABSENT
                    if value not in (None, ABSENT):
                        self._lists |= {name: value} if isinstance(value, list) else {}
                        self.columns += (name,)
                        return True
        finally:
            window.abandon()
        if there:
            self.columns += (name,)
        else:
            self._absent.add(name)
        return there

    def first_list(self, index: int) -> list[Any] | None:
        return self._lists.get(self.columns[index])

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[JsonlPart]:
        """Runs of lines."""
        window = self._text.open()
        try:
            rows = passed = 0
            for block, stop in _blocks(window, self.path):
                part = JsonlPart(self, wants, block, rows, window.bytes_passed() - passed, stop)
                passed = window.bytes_passed()
                rows += part.rows or 0
                yield part
        finally:
            window.abandon()


@dataclass(slots=True)
class JsonlPart:
    """Whole lines, and what is wrong with the one behind them."""

    source: JsonlSource
    wants: Sequence[ColumnRequest]
    block: bytes
    first_row: int  # rows of the file before it
    size: int
    stop: DataError | None
    rows: int | None = None

    def __post_init__(self) -> None:
        self.rows = self.block.count(b"\n") + 1 if self.block else 0

    def batches(self, chunk_rows: int) -> Iterator[Batch]:
        batch = self._batch()
        step = max(1, chunk_rows)
        for start in range(0, batch.rows, step):
            yield batch.slice(start, min(start + step, batch.rows))
        if batch.rows == 0 and batch.stop is not None:
            yield batch

    def _batch(self) -> Batch:
        path = self.source.path
        objects, stop = self._objects()
        read = []
        for want in self.wants:
            name = self.source.columns[want.index]
            read.append(_column([found.get(name) for found in objects], want))
        names = [self.source.columns[want.index] for want in self.wants]
        batch = batch_of(read, names, path, self.first_row) if read else Batch(len(objects), ())
        return batch.stopped(stop) if batch.stop is None and stop is not None else batch

    def _objects(self) -> tuple[list[dict[str, Any]], DataError | None]:
        """The objects of the lines, up to the first line that is none."""
        objects: list[dict[str, Any]] = []
        for line in self.block.split(b"\n") if self.block else ():
            try:
                objects.append(_object(line))
            except Unreadable as error:
                row = self.first_row + len(objects) + 1
                return objects, DataError(error.message, detail=error.detail, file=self.source.path, row=row)
        return objects, self.stop


def open_jsonl(path: str, *, compression: str | None = None, stream: BinaryIO | None = None) -> JsonlSource:
    """The columns of a file, or of a stream such as standard input, from the lines near its start."""
    return JsonlSource(path, compression, stream)


# ---------------------------------------------------------------------- lines


def _columns(window: Window, path: str) -> dict[str, Any]:
    """The names in the objects near the start, and the first value of each that is not null."""
    count = PART_BYTES
    while True:
        data = window.peek(count)
        start = len(BOM) if data.startswith(BOM) else 0
        end = data.find(b"\n")
        if end >= 0 or len(data) < count:
            break
        if count >= LINE_LIMIT_BYTES:
            raise _too_long(path, 1)
        count = min(2 * count, LINE_LIMIT_BYTES)
    if not data[start:].strip(BLANK) and len(data) < count:
        raise DataError("it is empty", detail="wanted one JSON object a line", file=path)
    try:
        first = _object(data[start:end] if end >= 0 else data[start:])
    except Unreadable as error:
        hint = (
            "a list of all rows is no JSON lines: `jq -c '.[]'` makes them"
            if data[start : start + 1] == b"["
            else None
        )
        raise DataError(error.message, detail=error.detail, hint=hint, file=path, row=1) from None
    values = dict(first)
    for line in data[end + 1 :].split(b"\n") if end >= 0 else ():
        try:
            found = _object(line)
        except Unreadable:
            break  # the last one may be cut; what is wrong with others is said when rows are read
        for name, value in found.items():
            if values.get(name) is None:
                values[name] = value
    return values


ABSENT = object()


def _found(line: bytes, name: str) -> Any:
    """The value of a name in the object of a line; what is wrong with a line is said when rows are read."""
    try:
        return _object(line).get(name, ABSENT)
    except Unreadable:
        return ABSENT


def _blocks(window: Window, path: str) -> Iterator[tuple[bytes, DataError | None]]:
    """Blocks of whole lines without the last line end, and what is wrong with the line behind."""
    count, rows, at_start = PART_BYTES, 0, True
    empty = False  # whether lines without anything were passed, which are rows if others follow
    while True:
        data = window.peek(count)
        at_end = len(data) < count
        if at_end and window.fault is not None:
            raise window.fault
        end = len(data) if at_end else data.rfind(b"\n") + 1
        if end == 0 and not at_end:
            if count >= LINE_LIMIT_BYTES:
                yield b"", _too_long(path, rows + 1)
                return
            count = min(2 * count, LINE_LIMIT_BYTES)
            continue
        window.skip(end)
        if at_end:  # before the last block, since what is wrong in it may be that the file was cut meanwhile
            window.close()
        block = data[len(BOM) if at_start and data.startswith(BOM) else 0 : end]
        filled = block.rstrip(BLANK)
        if filled and empty:
            if not at_end:
                window.check()
            yield b"", DataError("the line is empty", detail="wanted a JSON object", file=path, row=rows + 1)
            return
        if filled:
            rows += filled.count(b"\n") + 1
            yield filled, None
        empty = block.count(b"\n", len(filled)) > (1 if filled else 0)
        at_start, count = False, PART_BYTES
        if at_end:
            return


def _too_long(path: str, row: int) -> DataError:
    limit = f"wanted at most {LINE_LIMIT_BYTES >> 20} MiB"
    return DataError("the line does not end", detail=limit, file=path, row=row)


# ---------------------------------------------------------------------- objects


class _Infinite(float):
    """Infinity that was written as such; a number too large for a double is a plain one."""


class _Twice(ValueError):
    """A key that stands twice in one object."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Twice(key)
            seen.add(key)
    return found


# NaN is no JSON, but is written by Python, and means a missing value as it does elsewhere.
_CONSTANTS = {"NaN": None, "Infinity": _Infinite("inf"), "-Infinity": _Infinite("-inf")}
_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_CONSTANTS.__getitem__)


def _object(line: bytes) -> dict[str, Any]:
    wanted = "wanted a JSON object"
    try:
        found = _DECODER.decode(line.decode())
    except UnicodeDecodeError:
        raise Unreadable(f"`{shown_bytes(line)}` is not UTF-8", wanted) from None
    except _Twice as error:
        raise Unreadable(
            f"the key `{shown(str(error))}` stands twice in one object", "wanted each key once"
        ) from None
    except json.JSONDecodeError as error:
        if not line.strip(BLANK):
            raise Unreadable("the line is empty", wanted) from None
        place = f"{error.msg[:1].lower()}{error.msg[1:]}, at character {error.pos + 1}"
        raise Unreadable(f"`{shown_bytes(line.strip(BLANK))}` is no JSON", place) from None
    except ValueError:  # Python's limit
        raise Unreadable(
            "an integer has thousands of digits", "wanted a number that a double can hold"
        ) from None
    except RecursionError:
        raise Unreadable("lists or objects are nested too deeply", wanted) from None
    if not isinstance(found, dict):
        raise Unreadable(f"`{shown_bytes(line.strip(BLANK))}` is no object", wanted)
    return found


# ---------------------------------------------------------------------- values


def _column(values: Sequence[Any], want: ColumnRequest) -> tuple[AnyColumn, BadRow | None]:
    kind = want.kind
    if kind == "vector":
        return _vectors(values, want.width)
    if kind in ("number", "truth", "score"):
        column, bad = _numbers(values, kind)
        if kind != "score" or bad is None:
            return column, bad
    if kind in KEY_KINDS:
        return _keys(values, kind)
    readers: dict[ColumnKind, Callable[[Any], int | str | None]] = {
        "labels": _list,
        "list": _as_json,
        "text": _text,
    }
    return _labels(values, readers.get(kind, _label))


def _vectors(values: Sequence[Any], width: int) -> tuple[AnyColumn, BadRow | None]:
    rows = np.full((len(values), width), np.nan)
    missing = np.zeros(len(values), np.bool_)
    bad = None
    for row, value in enumerate(values):
        if value is None:
            missing[row] = True
            continue
        try:
            rows[row] = vector(value, width)
        except Unreadable as error:
            bad = BadRow(row, error.message, error.detail, error.hint)
            break
    return NumberColumn(rows, missing if missing.any() else None), bad


def vector(value: Any, width: int, number: Callable[[Any], float | None] | None = None) -> list[float]:
    """The numbers of a list, NaN where one is missing; ``number`` reads one of them."""
    if not isinstance(value, list):
        raise Unreadable(_no_list(value), "wanted a list of numbers, as in the rows before it")
    if len(value) != width:
        raise Unreadable(*unlike(len(value), width))
    found = []
    for member in value:
        if type(member) is float and math.isfinite(member):
            found.append(member)
        else:
            read = (number or _number)(member)
            found.append(math.nan if read is None else read)
    return found


def _as_json(value: Any) -> str | None:
    return None if value is None else json_text(value)


def _numbers(values: Sequence[Any], kind: ColumnKind) -> tuple[AnyColumn, BadRow | None]:
    numbers = np.full(len(values), np.nan)
    missing = np.zeros(len(values), np.bool_)
    read = CELLS.score if kind == "score" else CELLS.number
    for row, value in enumerate(values):
        try:
            number = value if type(value) is float and math.isfinite(value) else _number(value, read)
        except Unreadable as error:
            return NumberColumn(numbers, missing), BadRow(row, error.message, error.detail, error.hint)
        if number is None:
            missing[row] = True
        else:
            numbers[row] = number
    return numbers_of(numbers, missing if missing.any() else None).column()


def _labels(
    values: Sequence[Any], read: Callable[[Any], int | str | None]
) -> tuple[AnyColumn, BadRow | None]:
    labels: list[int | str | None] = []
    bad = None
    for value in values:
        try:
            labels.append(read(value))
        except Unreadable as error:
            bad = BadRow(len(labels), error.message, error.detail, error.hint)
            labels += [None] * (len(values) - len(labels))
            break
    column, _ = labels_of(labels, np.arange(len(labels)), None).column()
    return column, bad


def _keys(values: Sequence[Any], kind: ColumnKind) -> tuple[AnyColumn, BadRow | None]:
    texts, bad = _labels(values, _text)
    assert isinstance(texts, ClassColumn)
    column, worse = keys_of_labels(CodedRows(texts.codes, texts.values, texts.missing), kind)
    return column, bad if worse is None or (bad is not None and bad.row <= worse.row) else worse


def _number(value: Any, read: Callable[[str], float | None] = CELLS.number) -> float | None:
    if value is None or isinstance(value, bool | _Infinite):
        return value if value is None else float(value)
    if isinstance(value, int):
        return _exact(value)
    if isinstance(value, str):
        try:
            return read(value)
        except NotNumber as error:
            raise Unreadable(str(error), error.wanted, list_hint(value)) from None
    if isinstance(value, float):
        _overflown()
    raise Unreadable(f"{_kind(value)} is not a number", "wanted a number")


def number_of(value: Any) -> float | None:
    """A value of JSON as a number; None where it is missing.  Raises Unreadable."""
    return _number(value)


def label_of(value: Any) -> int | str | None:
    """A value of JSON as a class label; None where it is missing.  Raises Unreadable."""
    return _label(value)


def _exact(value: int) -> float:
    try:
        number = float(value)
    except OverflowError:
        _overflown()
    if int(number) != value:
        raise Unreadable(*no_double(value))
    return number


def _label(value: Any) -> int | str | None:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return CELLS.label(_encodable(value))
    if isinstance(value, float):
        return float_label(_finite(value))
    return value if value is None or isinstance(value, int) else _no_value(value)


def _list(value: Any) -> str | None:
    return None if value is None else label_list(value)


def label_list(value: Any, label: Callable[[Any], int | str | None] | None = None) -> str:
    """The labels of a list as one text; ``label`` reads one of them."""
    if not isinstance(value, list):
        raise Unreadable(_no_list(value), "wanted a list of labels, as in the first row")
    found: list[int | str] = []
    for place, member in enumerate(value, start=1):
        if isinstance(member, float) and not _finite(member).is_integer():
            raise Unreadable(*fraction(member))
        read = (label or _label)(member)
        if read is None:
            raise Unreadable(*missing_label(place))
        found.append(read)
    if len(set(found)) < len(found):
        raise Unreadable(*twice(next(one for one in found if found.count(one) > 1)))
    return list_text(found)


def _no_list(value: Any) -> str:
    return f"{'an object' if isinstance(value, dict) else f'`{shown(json.dumps(value))}`'} is no list"


def cell_list(text: str) -> Any:
    """What a cell of another format holds as JSON, or a list as Python writes it; None where it is missing."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        pass
    import ast  # here, since few files hold such lists

    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise Unreadable(
            f"`{shown(text)}` is no JSON list", 'wanted one such as `[1, 2]` or `["a", "b"]`'
        ) from None
    return list(found) if isinstance(found, tuple) else found


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return Quoted(_encodable(value)) or None
    if isinstance(value, float):
        return float_text(_finite(value))
    return value if value is None else str(value) if isinstance(value, int) else _no_value(value)


def _encodable(text: str) -> str:
    """A text, unless it holds half a character, which can be written in JSON and nowhere else."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable(f"`{shown(text)}` holds half of a surrogate pair", "wanted text") from None
    return text


def _finite(value: float) -> float:
    if math.isinf(value) and not isinstance(value, _Infinite):
        _overflown()
    return float(value)


def _overflown() -> NoReturn:
    raise Unreadable("a number is beyond the largest double", "wanted at most 1.8e308")


def _no_value(value: Any) -> NoReturn:
    raise Unreadable(f"{_kind(value)} is no label", "wanted a number, a text, true or false")


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "an object"
