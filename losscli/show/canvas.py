"""What a terminal or a file can show."""

from __future__ import annotations

from typing import NamedTuple


class Canvas(NamedTuple):
    """The width in characters, and whether colour, characters beyond ASCII and small pictures can be shown."""

    width: int = 80
    colour: bool = False
    unicode: bool = True
    pictures: bool = False
