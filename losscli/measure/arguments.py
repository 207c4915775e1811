"""The arguments of the public functions: what a caller may give for each kind of them, and what a record holds of it.

The annotation of a field names its kind.  A type checker lets a caller give all that the kind takes, and whoever
reads the field sees what is held.  Nothing here imports numbers before a value is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import cache, partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Generic, TypeAlias, TypeVar, dataclass_transform

    from losscli.reading.memory import Data
    from losscli.reading.source import Dialect

    Given = TypeVar("Given", contravariant=True)
    Held = TypeVar("Held", covariant=True)
    T = TypeVar("T")

    class Argument(Generic[Given, Held]):
        """A field that is set to one type and read as another."""

        def __get__(self, instance: object, owner: Any) -> Held: ...
        def __set__(self, instance: object, value: Given) -> None: ...

    Label: TypeAlias = str | float
    Interval: TypeAlias = str | None
    File: TypeAlias = Argument[str | bytes | os.PathLike[str] | None, str | None]
    Files: TypeAlias = Argument[
        str | bytes | os.PathLike[str] | Iterable[str | bytes | os.PathLike[str]], Sequence[str]
    ]
    Words: TypeAlias = Argument[str | Iterable[str], Sequence[str]]
    Models: TypeAlias = Argument[str | Iterable[str] | None, Sequence[str] | None]
    ColumnNames: TypeAlias = Argument[str | Iterable[str] | None, str | None]
    Column: TypeAlias = Argument[Data | None, str | None]
    Slicings: TypeAlias = Argument[Data | None, Sequence[str]]
    Class: TypeAlias = Argument[Label | None, str | None]
    Classes: TypeAlias = Argument[Iterable[Label] | None, Sequence[str]]
    ClassWeights: TypeAlias = Argument[Mapping[Any, float] | str | None, Mapping[str, float] | None]
    Gates: TypeAlias = Argument[Mapping[str, Any] | Iterable[Any], Sequence[Any]]
    Verdicts: TypeAlias = Argument[str | Iterable[str], Sequence[str]]
    Size: TypeAlias = Argument[int | str | None, int | None]
    Csv: TypeAlias = Argument[Dialect | str | None, Dialect | None]
    Bounds: TypeAlias = Argument[
        Mapping[str, float | str] | str | Iterable[str], Mapping[str, float | str] | Sequence[str]
    ]

    @dataclass_transform(field_specifiers=(field,))
    def record(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...
else:
    # Without comparison and representation, which nothing uses, a class is made in half the time.
    record = partial(dataclass, frozen=True, eq=False, repr=False)

DEFAULT: Any = None
DEFAULT_LIST: Any = ()
"""The defaults of fields that are read as another type than they are set to."""


class Arguments:
    """A record of arguments, each of which is read when the record is made.  UsageError for one that is not taken."""

    def __post_init__(self) -> None:
        for name, default, read in _readers(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            if value is not default:
                object.__setattr__(self, name, read(name, value))


@cache
def _readers(kind: Any) -> list[tuple[str, Any, Callable[[str, Any], Any]]]:
    """The fields of a record that are read, each with its default and its reader."""
    return [
        (one.name, one.default, READERS[one.type]) for one in fields(kind) if one.init and one.type in READERS
    ]


FUNCTION = "a loss is given by its name: `losscli.losses.mse` is `mse`"


def is_text(value: object) -> bool:
    """Whether an argument of columns names them."""
    return value is None or isinstance(value, str)


def _refused(name: str, wanted: str, value: object, hint: str | None = None) -> UsageError:
    shown = repr(value) if isinstance(value, (str, bool, int, float)) else f"a `{type(value).__name__}`"
    return UsageError(f"`{name}` is {wanted}, not {shown}", hint=hint)


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _refused(name, "text", value)
    return str(value)


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        import numpy as np

        if not isinstance(value, np.bool_):
            raise _refused(name, "True or False", value)
    return bool(value)


def _number(name: str, value: Any) -> Any:
    """A number of Python; what is no number is refused by its limits."""
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def _data(name: str, value: Any) -> Any:
    """An input: a path of bytes becomes text."""
    return os.fsdecode(value) if isinstance(value, bytes) else value


def _path(name: str, value: Any) -> str:
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise _refused(name, "a path", value)
    return os.fsdecode(value)


def _file(name: str, value: Any) -> str | None:
    if value is None:
        return None
    path = _path(name, value)
    with suppress(UnicodeEncodeError):  # no file is called so
        if b"\0" not in os.fsencode(path):
            return path
    raise _refused(name, "a path", value)


def _files(name: str, value: Any) -> tuple[str, ...]:
    # Whether there are such files is told when they are read.
    return tuple(_path(name, one) for one in _each(name, "paths", value, (str, bytes, os.PathLike)))


def _each(name: str, wanted: str, value: Any, one: tuple[type, ...] = (str,)) -> tuple[Any, ...]:
    """Several values, of which one needs no list."""
    if value is None:
        return ()
    if isinstance(value, one):
        return (value,)
    try:
        found = None if isinstance(value, Mapping) else tuple(value)
    except TypeError:  # it is one thing
        found = None
    if found is None:
        raise _refused(name, wanted, value)
    return found


def _words(name: str, value: Any) -> tuple[str, ...]:
    found = (value,) if callable(value) else _each(name, "text, or a list of texts", value)
    for word in found:
        if not isinstance(word, str):
            raise _refused(name, "text, or a list of texts", word, FUNCTION if callable(word) else None)
    return tuple(map(str, found))


def _names(name: str, value: Any) -> str | None:
    """Names of columns as one text."""
    return None if value is None else ",".join(_words(name, value))


def _column(name: str, value: Any) -> Any:
    """The name of a column; values are a column beside the first input, which `beside_inputs` adds."""
    return _text(name, value) if is_text(value) else value


def _slicings(name: str, value: Any) -> tuple[Any, ...]:
    """Slicings as text; values are columns beside the first input."""
    return tuple(value) if isinstance(value, (list, tuple)) else () if value is None else (value,)


def _class(name: str, value: Any) -> str | None:
    return None if value is None else _label(name, value)


def _label(name: str, value: Any) -> str:
    """A class as text: a whole number of any type is that number."""
    if isinstance(value, str):
        return str(value)
    import numpy as np

    from losscli.table.labels import class_label

    if not isinstance(value, (Real, np.bool_)):
        raise _refused(name, "a class: text or a number", value)
    return str(class_label(str(value)))


def _classes(name: str, value: Any) -> tuple[str, ...]:
    found = value.split(",") if isinstance(value, str) else _each(name, "a list of classes", value)
    return tuple(_label(name, one) for one in found)


def _verdicts(name: str, value: Any) -> tuple[str, ...]:
    """Words, which a text separates by commas."""
    listed = value.split(",") if isinstance(value, str) else _words(name, value)
    return tuple(word.strip() for word in listed if word.strip())


def _class_weights(name: str, value: Any) -> dict[str, float] | None:
    """Weights by class, as a mapping or as ``a=1,b=3``, where the class is the text before the last equals sign."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {_label(name, one): _number(name, weight) for one, weight in value.items()}
    if not isinstance(value, str):
        raise _refused(name, "a mapping of classes to weights", value)
    from losscli.loss.domains import NONNEGATIVE
    from losscli.text import read_number

    found: dict[str, float] = {}
    for part in value.split(","):
        one, equals, size = part.rpartition("=")
        weight = read_number(size.strip())
        if not equals or not one.strip() or weight is None or weight not in NONNEGATIVE:
            raise UsageError(
                f"`{part}` in `--class-weight {value}` is no class and weight",
                hint="write `--class-weight a=1,b=3`; a weight is a number that is not negative",
            )
        if one.strip() in found:
            raise UsageError(f"`{one.strip()}` stands twice in `--class-weight {value}`")
        found[one.strip()] = weight
    return found


def _size(name: str, value: Any) -> int | None:
    """Bytes, as a number or as a size such as ``512MB``."""
    if value is None:
        return None
    if isinstance(value, str):
        from losscli.measure.memory import parse_size

        return parse_size(value)
    if not isinstance(value, Real) or value < 1 or value % 1 != 0:
        raise _refused(name, "a number of bytes, or a size such as `512MB`", value)
    return int(value)  # type: ignore[call-overload,no-any-return]


def _csv(name: str, value: Any) -> Dialect | None:
    if value is None:
        return None
    from losscli.reading.source import Dialect

    if not isinstance(value, (str, Dialect)):
        raise _refused(name, "text such as `delimiter=semicolon`", value)
    return Dialect.parse(value) if isinstance(value, str) else value


def _bounds(name: str, value: Any) -> Mapping[str, Any] | tuple[str, ...]:
    if not isinstance(value, Mapping):
        if isinstance(value, Real):
            raise _refused(name, "a limit for each loss", value, f'write `{name}={{"LOSS": {value}}}`')
        return _words(name, value)
    for limit in value.values():
        if isinstance(limit, bool) or not isinstance(limit, (str, Real)):
            raise _refused(name, "a number for each loss", limit)
    return {str(loss): _number(name, limit) for loss, limit in value.items()}


def _gates(name: str, value: Any) -> tuple[Any, ...]:
    return _each(name, "a list of gates", value, (Mapping,))


READERS: dict[Any, Callable[[str, Any], Any]] = {
    "str | None": _text, "bool": _switch, "int": _number, "int | None": _number, "float": _number, "File": _file, "Files": _files,
    "Words": _words, "Models": _words, "ColumnNames": _names, "Column": _column, "Slicings": _slicings,
    "Class": _class, "Classes": _classes, "ClassWeights": _class_weights, "Size": _size, "Csv": _csv,
    "Bounds": _bounds, "Verdicts": _verdicts, "Data": _data, "Data | None": _data, "Gates": _gates,
}  # fmt: skip
"""What reads an argument, by its annotation; an argument of another kind is taken as it is."""
