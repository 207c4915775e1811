"""The results of a report: those that differ in a few fields alone are columns, and each is made when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any, NamedTuple, TypeVar, overload

T = TypeVar("T")
"""A result, which is a dataclass."""


class Alike(NamedTuple):
    """Results at some places that are as ``one`` is but for some fields, of which there is a column each."""

    one: Any
    places: range
    columns: Mapping[str, Sequence[Any]]

    def at(self, place: int) -> Any:
        """The result of the slice at a place."""
        index = self.places.index(place)
        return replace(self.one, **{name: cells[index] for name, cells in self.columns.items()})


class Results(Sequence[T]):
    """Results in their order.  What is alike is known by `Alike`, unless its place is among the single ones."""

    __slots__ = ("_alike", "_length", "_single")

    def __init__(self, single: Iterable[T] = ()) -> None:
        self._single = dict(enumerate(single))
        self._alike: list[Alike] = []
        self._length = len(self._single)

    @classmethod
    def of(cls, results: Sequence[T]) -> Results[T]:
        """Any results as such."""
        return results if isinstance(results, Results) else cls(results)

    def add(self, alike: Alike) -> None:
        """Results that are alike, around the single ones that were put at places of theirs."""
        self._alike.append(alike)
        self._length = max(self._length, alike.places.stop)

    def put(self, place: int, results: Iterable[T]) -> None:
        """Single results, from a place on."""
        for at, result in enumerate(results, start=place):
            self._single[at] = result
            self._length = max(self._length, at + 1)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        if isinstance(at, slice):
            return [self[place] for place in range(self._length)[at]]
        place = range(self._length)[at]
        found = self._single.get(place)
        return (
            next(some for some in self._alike if place in some.places).at(place) if found is None else found
        )

    def __iter__(self) -> Iterator[T]:
        return (self[place] for place in range(self._length))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Results, list)) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))

    def kinds(self) -> list[T]:
        """All single results, and of those that are alike one: whatever holds of no column holds of all if of these."""
        return [*self._single.values(), *(some.one for some in self._alike)]

    def column(self, name: str) -> list[Any]:
        """One field of all results."""
        return self.each(lambda held: held, name)

    def each(self, told: Callable[..., Any], *names: str) -> list[Any]:
        """What is told of some fields, which it is given, of all results; of those that are alike in them once."""
        cells = [None] * self._length
        for some in self._alike:
            one, places = some.one, some.places
            if some.columns.keys().isdisjoint(names):
                own = [told(*(getattr(one, name) for name in names))] * len(places)
            else:
                fields: list[Any] = [some.columns.get(name, repeat(getattr(one, name))) for name in names]
                own = list(map(told, *fields))
            cells[places.start : places.stop : places.step] = own
        for place, result in self._single.items():
            cells[place] = told(*(getattr(result, name) for name in names))
        return cells

    def changed(self, change: Callable[[T], T]) -> Results[T]:
        """The results with a change that asks for nothing, and changes nothing, that those alike differ in."""
        found: Results[T] = Results()
        for place, result in self._single.items():
            found.put(place, [change(result)])
        for some in self._alike:
            found.add(some._replace(one=change(some.one)))
        return found
