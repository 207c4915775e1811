"""What is known of the rows measured so far: counts, violations, and the states of all observers.

Tallies merge: the fold over any cut of the rows is the fold over the whole, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from losscli.errors import DataError
from losscli.measure.adapt import FirstSeen, View
from losscli.measure.observers.observer import WHOLE, CutKey, Observer
from losscli.measure.observers.row_counts import SeenRows, SkippedRows, TouchedRows
from losscli.measure.observers.states import UnitState
from losscli.numbers.states import changed, merged_groups, recoded
from losscli.table.violations import Violations

if TYPE_CHECKING:
    from losscli.measure.slices import SliceLabels
    from losscli.pairing.shared_ids import Agreement
    from losscli.statistics.groups import DealtGroups
    from losscli.table.block import Ints
    from losscli.table.spill import Spill

AT_ONCE = 4096
"""Slices that are told apart at a time: quick, and what is known of each is not held for long."""
Kept: TypeAlias = dict[tuple[Any, CutKey], Any]
"""States by what they are of, which is mostly an observer, and by how the rows were cut."""


class BySlice(NamedTuple):
    """What was worked out for each slice when all was read, by the code of the slice."""

    found: Mapping[int, Any]

    def each(self, codes: Ints) -> Iterable[Any | None]:
        """What was found for each of some slices; None for one without."""
        return map(self.found.get, codes.tolist())


@dataclass(slots=True)
class Tally:
    """What is known of some rows."""

    read: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    zero_weight: int = 0  # of the used rows, those of weight 0, which enter no state
    faults: Violations = field(default_factory=Violations)
    agreements: dict[int, Agreement] = field(default_factory=dict)  # by the place in `Plan.shared_ids`
    seen: FirstSeen = field(default_factory=dict)
    classes: dict[View, set[int | str]] = field(default_factory=dict)  # met, where a state does not hold them
    weighed: set[int | str] = field(default_factory=set)  # classes of `--class-weight` that were met
    labels: dict[int, SliceLabels] = field(default_factory=dict)  # of slices, by the place of their slicing
    dealt: DealtGroups | None = None  # the groups of the bootstrap
    kept: Kept = field(default_factory=dict)
    memory: int | None = None  # bytes that states which grow with the rows may take; None: there are none
    spill: Spill | None = None  # for rows that do not fit
    sink: Callable[[Any], None] | None = None  # takes states that are streamed, in the order of merging

    def merge(self, other: Tally) -> None:
        """Take the other's rows in; the order does not change the outcome."""
        self.read += other.read
        add_counts(self.dropped, other.dropped)
        self.zero_weight += other.zero_weight
        self.faults.merge(other.faults)
        for at, agreement in other.agreements.items():
            known = self.agreements.get(at)
            self.agreements[at] = agreement if known is None else known.merge(agreement)
        for mark, row in other.seen.items():
            self.seen[mark] = min(self.seen.get(mark, row), row)
        for view, classes in other.classes.items():
            self.classes.setdefault(view, set()).update(classes)
        self.weighed |= other.weighed
        codes = self._take_labels(other)
        for (what, cut), state in other.kept.items():
            self._keep((what, cut), recoded(state, codes.get(cut)))
        if self.memory is not None:
            self._keep_to(self.memory)

    def _take_labels(self, other: Tally) -> dict[CutKey, Ints | None]:
        """Add the labels of the other's groups, and return the new codes of its groups by cut; None: they stay."""
        slices = {
            at: self.labels.setdefault(at, labels.empty()).take_in(labels)
            for at, labels in other.labels.items()
        }
        if other.dealt is None:
            return {at: changed(codes) for at, codes in slices.items()}
        self.dealt, ours, theirs = (self.dealt or other.dealt.empty()).merge(other.dealt, slices)
        for (what, cut), state in self.kept.items():
            if cut in ours:
                self.kept[what, cut] = recoded(state, changed(ours[cut]))
        return {cut: changed(codes) for cut, codes in (slices | theirs).items()}

    def _keep(self, key: tuple[Any, CutKey], state: Any) -> None:
        if not isinstance(key[0], Observer) or not key[0].streams:
            known = self.kept.get(key)
            self.kept[key] = state if known is None else known.merge(state)
        elif self.sink is None:
            self.kept[key] = (*self.kept.get(key, ()), *state)
        else:
            for piece in state:
                self.sink(piece)

    def _keep_to(self, limit: int) -> None:
        """Put rows aside that do not fit into the memory; tables of classes and bins that do not are refused."""
        # Imported here: few losses have such states.
        from losscli.numbers.confusion import Confusion
        from losscli.numbers.counted import Counted
        from losscli.numbers.values import Values

        for kind, what, otherwise in (
            (Confusion, "tables of classes", "a loss of numbers, such as `mse`, needs no table"),
            (Counted, "bins of rounded values", "a smaller `approx` has fewer"),
        ):
            size = sum(state.bytes_held for state in self.kept.values() if isinstance(state, kind))
            if size > limit:
                raise DataError(
                    f"the {what} do not fit into memory",
                    f"they take about {size} bytes, and {limit} may be held",
                    f"give more `--memory`; {otherwise}",
                )
        rows = {key: state for key, state in self.kept.items() if isinstance(state, Values)}
        if sum(state.TIMES * state.bytes_held for state in rows.values()) > limit:
            from losscli.table.spill import Spill

            self.spill = self.spill or Spill()
            self.kept |= {key: state.put_aside(self.spill) for key, state in rows.items()}

    def add_up(self) -> None:
        """Work out the states of the whole that are those of all slices together."""
        by_slice = [(what, state) for (what, cut), state in self.kept.items() if cut == 0]
        for observer, state in by_slice:
            if isinstance(observer, Observer) and observer.adds_up:
                self.kept[observer, WHOLE] = merged_groups(state, len(self.labels[0]))

    def finish_with(self, jobs: int) -> None:
        """Let what is worked out by ranges of values be worked out by so many threads."""
        if self.memory is None or jobs == 1:
            return
        from losscli.numbers.ascending import Ascending

        for key, state in self.kept.items():
            if isinstance(state, Ascending):
                self.kept[key] = replace(state, jobs=jobs)

    def slices(self, place: int, codes: Sequence[int]) -> Iterator[Tally]:
        """What is known of the rows of each of some slices of a slicing."""
        held = {(what, WHOLE): state for (what, cut), state in self.kept.items() if cut == place}
        for start in range(0, len(codes), AT_ONCE):
            some = np.array(codes[start : start + AT_ONCE], dtype=np.int64)
            for states in zip(*(state.each(some) for state in held.values()), strict=True):
                pairs = zip(held, states, strict=True)
                yield Tally(kept={key: state for key, state in pairs if state is not None})

    def of(self, what: Any, cut: CutKey = WHOLE) -> Any | None:
        """The state of an observer; None where nothing was kept."""
        return self.kept.get((what, cut))

    @property
    def used(self) -> int:
        """How many rows were measured."""
        return self.counts(SeenRows()).get("used", 0)

    def counts(self, observer: SeenRows | SkippedRows | TouchedRows) -> Mapping[str, int]:
        """How many rows an observer counted, by what is said of them."""
        counts = self.of(observer)
        return {} if counts is None else counts.rows

    def state(self, unit: int) -> Any | None:
        """The state of a unit; None where no row counts for it."""
        state = self.of(UnitState(unit))
        return state if state is not None and state.rows else None


def add_counts(counts: dict[str, int], more: Mapping[str, int]) -> None:
    """Add to counts by name."""
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
