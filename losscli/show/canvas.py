"""What the place where something is shown can show."""

from __future__ import annotations

from typing import NamedTuple


class Canvas(NamedTuple):
    """Its width in characters, and whether it takes colour, characters beyond ASCII, and small pictures."""

    width: int = 80
    colour: bool = False
    unicode: bool = True
    pictures: bool = False
