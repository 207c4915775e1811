"""The results of a report: those that differ in a few fields alone are columns, and each is made when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from operator import attrgetter
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
        return self._all(lambda some: some.columns[name], attrgetter(name), name)

    def each(self, told: Callable[..., Any], *names: str) -> list[Any]:
        """What is told of some fields, which it is given, of all results; of those that are alike in them once."""

        def of_one(result: T) -> Any:
            return told(*(getattr(result, name) for name in names))

        def of_alike(some: Alike) -> Iterable[Any]:
            return map(told, *(some.columns.get(name, repeat(getattr(some.one, name))) for name in names))

        return self._all(of_alike, of_one, *names)

    def told(self, told: Callable[[Sequence[Any]], Sequence[Any]], name: str) -> list[Any]:
        """What is told of one field of all results, which it is given as a column."""
        return self._all(
            lambda some: told(some.columns[name]), lambda result: told([getattr(result, name)])[0], name
        )

    def _all(
        self, of_alike: Callable[[Alike], Iterable[Any]], of_one: Callable[[T], Any], *names: str
    ) -> list[Any]:
        """What there is of all results, from fields of these names."""
        cells = [None] * self._length
        for some in self._alike:
            same = some.columns.keys().isdisjoint(names)
            own = [of_one(some.one)] * len(some.places) if same else of_alike(some)
            cells[some.places.start : some.places.stop : some.places.step] = own
        for place, result in self._single.items():
            cells[place] = of_one(result)
        return cells

    def changed(self, change: Callable[[T], T]) -> Results[T]:
        """The results with a change that asks for nothing, and changes nothing, that those alike differ in."""
        found: Results[T] = Results()
        for place, result in self._single.items():
            found.put(place, [change(result)])
        for some in self._alike:
            found.add(some._replace(one=change(some.one)))
        return found
