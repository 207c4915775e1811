"""What a report and a comparison are to someone who has them in Python: a table, a frame, a display.

How they are shown is the work of `show`, which is loaded by its name when it is asked for: no measuring needs it.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

from losscli.report.alike import Results
from losscli.report.document import Document
from losscli.text import as_arguments

if TYPE_CHECKING:
    from types import ModuleType


def _notebook() -> ModuleType:
    return import_module("losscli.show.notebook")


def _in_python(record: Any) -> Any:
    note = None if record.note is None else as_arguments(record.note)
    return record if note == record.note else replace(record, note=note)


class Displayed(Document):
    """A document that is a table as well, with a row for each result."""

    __slots__ = ()
    warnings: list[str]
    rows_shown: Any
    records: ClassVar[tuple[str, ...]]
    """The attributes that list records with notes."""

    def in_python(self) -> Self:
        """The same with warnings and notes that name the arguments of Python's functions."""
        if not self.warnings and all(one.note is None for one in Results.of(self.rows_shown).kinds()):
            return self
        lists = {name: Results.of(getattr(self, name)).changed(_in_python) for name in self.records}
        warnings = [as_arguments(warning) for warning in self.warnings]
        return replace(self, warnings=warnings, **lists)  # type: ignore[type-var]

    def to_arrow(self) -> Any:
        """The results as a `pyarrow.Table`, a row each, with every digit; null where there is no value.

        The values of slices, and the names of classes or outputs, are columns of their names.
        """
        return _notebook().table(self)

    def to_pandas(self) -> Any:
        """The same as a `pandas.DataFrame`."""
        return self.to_arrow().to_pandas()

    def __str__(self) -> str:
        """The table that the command prints."""
        return str(_notebook().text(self))

    def __rich__(self) -> Any:
        """The table in the width and colours of a rich console."""
        return _notebook().Drawn(self)

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        return str(_notebook().html(self))
