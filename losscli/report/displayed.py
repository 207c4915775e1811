"""What a report and a comparison are to someone who has them in Python: a table, a frame, a display.

How they are shown is the work of `show`, which is loaded by its name when it is asked for: no measuring needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from losscli.report.document import Document

if TYPE_CHECKING:
    from types import ModuleType


def _notebook() -> ModuleType:
    return import_module("losscli.show.notebook")


class Displayed(Document):
    """A document that is a table as well, with a row for each result."""

    __slots__ = ()

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
