"""JSON lines: one object a line, read line by line.

The columns are the keys of all objects in the first block, and keys of later objects that a call names; a key that
an object lacks is a missing value. `json_values` says what a value means.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO

from losscli.errors import DataError
from losscli.reading.convert import read_cells
from losscli.reading.json_text import DECODER, Twice
from losscli.reading.json_values import JsonValues
from losscli.reading.read import Read, batch_of
from losscli.reading.source import Part, Source
from losscli.reading.text import UTF8_BOM, Streamed, TextInput, Window
from losscli.table.block import Batch, ColumnRequest
from losscli.table.cells import CellReader, Unreadable, shown, shown_bytes

PART_BYTES = 1 << 20  # of text in a part
LINE_LIMIT_BYTES = 64 << 20  # a longer line is taken for an attack, or for a file that has none
BLANK = b" \t\r\n"
VALUES = JsonValues(CellReader())


class JsonlSource(Source):
    """An opened file of JSON lines."""

    format = "jsonl"

    def __init__(
        self, path: str, compression: str | None, stream: BinaryIO | None, remote: Streamed | None
    ) -> None:
        self._text = TextInput(path, encoding="utf-8", compression=compression, stream=stream, remote=remote)
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

    def may_begin(self, name: str) -> bool:
        # What can be read only once is not looked through.
        return self.size is not None and name not in self._absent

    def look_for(self, name: str) -> None:
        """Add a name to the columns if some object after the first block has it as a key."""
        # Only a line that spells the name, or escapes a character, needs to be read.
        marks = (json.dumps(name, ensure_ascii=False).encode(errors="replace"), b"\\u")
        there, first = False, None
        window = self._text.open()
        try:
            for block, _ in _blocks(window, self.path):
                for line in block.split(b"\n") if any(mark in block for mark in marks) else ():
                    value = _found(line, name) if any(mark in line for mark in marks) else ABSENT
                    there |= value is not ABSENT
                    if value not in (None, ABSENT):
                        first = value
                        break
                if first is not None:
                    break
        finally:
            window.abandon()
        if isinstance(first, list):
            self._lists[name] = first
        if there:
            self.columns, self.later = (*self.columns, name), (*self.later, name)
        else:
            self._absent.add(name)

    def first_list(self, index: int) -> list[Any] | None:
        return self._lists.get(self.columns[index])

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        """Runs of lines."""
        window = self._text.open()
        try:
            before = passed = 0
            for block, stop in _blocks(window, self.path):
                rows = block.count(b"\n") + 1 if block else 0
                batches = partial(self._batches, block, list(wants), before, stop)
                yield Part(window.bytes_passed() - passed, batches, rows or None)
                passed = window.bytes_passed()
                before += rows
        finally:
            window.abandon()

    def _batches(
        self,
        block: bytes,
        wants: Sequence[ColumnRequest],
        first_row: int,
        stop: DataError | None,
        chunk_rows: int,
    ) -> Iterator[Batch]:
        """The rows of a block of lines; ``first_row`` rows of the file come before it."""
        objects: list[dict[str, Any]] = []
        for line in block.split(b"\n") if block else ():
            try:
                objects.append(_object(line))
            except Unreadable as error:
                row = first_row + len(objects) + 1
                stop = DataError(error.message, detail=error.detail, file=self.path, row=row)
                break

        def read(want: ColumnRequest) -> Read:
            name = self.columns[want.index]
            return read_cells([found.get(name) for found in objects], want, VALUES)

        reads = [read(want) for want in wants]
        batch = batch_of(len(objects), wants, reads, self.columns, self.path, first_row)
        if batch.stop is None and stop is not None:
            batch = batch.stopped(stop)
        yield from batch.pieces(chunk_rows)


def open_jsonl(
    path: str, *, compression: str | None = None, stream: BinaryIO | None = None,
    remote: Streamed | None = None,
) -> JsonlSource:  # fmt: skip
    """The columns of a file, or of a stream such as standard input, from the lines near its start."""
    return JsonlSource(path, compression, stream, remote)


# ---------------------------------------------------------------------- lines


def _columns(window: Window, path: str) -> dict[str, Any]:
    """The names in the objects near the start, and the first value of each that is not null."""
    count = PART_BYTES
    while True:
        data = window.peek(count)
        start = len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0
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
    """Blocks of whole lines without the last line end, and what is wrong with the line after them."""
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
        block = data[len(UTF8_BOM) if at_start and data.startswith(UTF8_BOM) else 0 : end]
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


def _object(line: bytes) -> dict[str, Any]:
    wanted = "wanted a JSON object"
    try:
        found = DECODER.decode(line.decode())
    except UnicodeDecodeError:
        raise Unreadable(f"`{shown_bytes(line)}` is not UTF-8", wanted) from None
    except Twice as error:
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
