"""Texts as class labels, and the class, the quantile level or the time that the name of a column tells."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, islice, takewhile

from losscli.errors import UsageError
from losscli.table.cells import CellReader, Unreadable

_CELLS = CellReader()


def class_label(text: str) -> int | str:
    """The class that a text of an option, a header or a table names, read as a cell is.

    A plain whole number is that integer, true and false are 1 and 0, and any other text is itself.

    >>> class_label("1.0"), class_label("True"), class_label("01"), class_label("NA")
    (1, 1, '01', 'NA')
    """
    label = _CELLS.label(text)
    return text if label is None else label


def classes_named(option: str, names: Iterable[str]) -> tuple[int | str, ...]:
    """The classes that the words of an option name; UsageError where two words name the same class."""
    found: dict[int | str, str] = {}
    for name in names:
        label = class_label(name)
        if label in found:
            twice = f"`{name}`" if found[label] == name else f"`{found[label]}` and `{name}`"
            raise UsageError(f"`{option}` names one class twice: {twice}")
        found[label] = name
    return tuple(found)


def of_one_class(columns: Sequence[str]) -> tuple[str, str] | None:
    """Two columns whose names tell the same class, as `p_1` and `p_1.0` do; None where there are none."""
    stems = list(columns)
    if len(stems) > 1:
        # A number is not cut in its middle.
        front = len(_shared(stems).rstrip("-.0123456789"))
        stems = [stem[front:] for stem in stems]
        back = len(_shared([stem[::-1] for stem in stems]).rstrip(".0123456789"))
        stems = [stem[: len(stem) - back] for stem in stems]
    for forms in (columns, stems):
        known: dict[int | str, str] = {}
        for name, form in zip(columns, forms, strict=True):
            if (other := known.setdefault(class_label(form), name)) is not name:
                return other, name
    return None


def _shared(names: Sequence[str]) -> str:
    """What all names begin with."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)


def label_number(label: int | str) -> float:
    """A class label as a number; NaN for text that is none, infinite, or a whole number in another spelling."""
    if isinstance(label, int):
        return float(label) if abs(label) < 2**1023 else math.inf
    if not _CELLS.is_number(label):
        return math.nan
    try:
        number = _CELLS.number(label)
    except Unreadable:
        return math.nan
    return math.nan if number is None or number.is_integer() or math.isinf(number) else number


def class_names(columns: Sequence[str], *, named: bool) -> dict[int | str, int]:
    """The place of each class among columns that are named for classes, by every spelling of the class.

    >>> class_names(["p_cat", "p_cow"], named=True)["cow"]
    1
    """
    return {
        name: place for names in class_spellings(columns, named=named) for place, name in enumerate(names)
    }


def class_spellings(columns: Sequence[str], *, named: bool) -> list[tuple[int | str, ...]]:
    """The class of each column, in every spelling; the first spelling is shown.

    Columns without names stand for the classes 0, 1, 2, …

    >>> class_spellings(["p_cat", "p_dog"], named=True)
    [('cat', 'dog'), ('p_cat', 'p_dog'), ('_cat', '_dog')]
    """
    if not named:
        return [tuple(range(len(columns)))]
    whole, *cut = [tuple(map(class_label, stems)) for stems in stems_of(columns)]
    # Only a separator, or names that are integers, tell where the name of a class begins.
    parted = next(_separated(columns), None)
    first = [names for names in cut if names == parted or all(isinstance(name, int) for name in names)][:1]
    return [*first, whole, *(names for names in cut if names not in first)]


def stems_of(columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The names of columns, whole and then without what all of them begin or end with.

    Cuts at separators come first, then cuts anywhere but within a number, the longest first.  A cut is left out
    if one of its stems named another column by an earlier cut.

    >>> stems_of(["p_cat", "p_dog"])
    [('p_cat', 'p_dog'), ('cat', 'dog'), ('_cat', '_dog')]
    """
    places: dict[int | str, int] = {}
    kept: list[tuple[str, ...]] = []
    integers = False  # a class has one integer: `p-1` is 1, and not -1 as well
    for stems in _cuts(columns):
        labels = [class_label(stem) for stem in stems]
        whole = any(isinstance(label, int) for label in labels)
        new = len(set(labels)) == len(labels) and "" not in stems and not (whole and integers)
        if not kept or (
            new and stems not in kept and all(places.get(label, at) == at for at, label in enumerate(labels))
        ):
            places |= {label: at for at, label in enumerate(labels)}
            kept.append(stems)
            integers |= whole
    return kept


def paired(names: Sequence[str], wanted: Sequence[str]) -> list[int] | None:
    """The place in ``names`` of each name in ``wanted``, by whole names or stems; None where the sets differ.

    Case is ignored where names are different without it.

    >>> paired(["y_true", "x_true"], ["x_pred", "y_pred"]), paired(["a", "b"], ["b", "c"])
    ([1, 0], None)
    """
    if len(names) != len(wanted):
        return None
    ours, theirs = stems_of(names), stems_of(wanted)
    for form in (class_label, _folded):
        known: dict[frozenset[int | str], list[int | str]] = {}
        for stems in ours:
            labels = [form(stem) for stem in stems]
            known.setdefault(frozenset(labels), labels)
        for stems in theirs:
            labels = [form(stem) for stem in stems]
            found = known.get(frozenset(labels))
            if found is not None and len(set(labels)) == len(names):
                return [found.index(label) for label in labels]
    return None


def by_member(names: Sequence[str], labels: Sequence[str]) -> list[int] | None:
    """The places in ``names`` of the columns of an ensemble, member by member, each in the order of the labels.

    A name begins or ends with that of its label, whole or a stem, and the rest is that of its member, which has
    one column for each label.  None where the names are others.

    >>> by_member(["u_1", "u_2", "v_1", "v_2"], ["u", "v"]), by_member(["a", "b"], ["u", "v"])
    ([0, 2, 1, 3], None)
    """
    for stems in stems_of(labels):
        for begins in (False, True):
            members: dict[str, dict[int, int]] = {}
            for place, name in enumerate(names):
                fits = name.startswith if begins else name.endswith
                at = max(
                    (k for k, stem in enumerate(stems) if fits(stem)), key=lambda k: len(stems[k]), default=-1
                )
                rest = name[len(stems[at]) :] if begins else name[: -len(stems[at])]
                members.setdefault(rest, {}).setdefault(at, place)
            columns = [[member.get(at, -1) for at in range(len(labels))] for member in members.values()]
            places = [place for member in columns for place in member]
            if sorted(places) == list(range(len(names))):
                return places
    return None


def share_names(names: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a name of each side is the same, whole or by a stem, in any case."""
    ours, theirs = ({_folded(s) for stems in stems_of(side) for s in stems} for side in (names, others))
    return bool(ours & theirs)


def _folded(text: str) -> int | str:
    label = class_label(text)
    return label.casefold() if isinstance(label, str) else label


SEPARATORS = "_-. :/"
MOST_STEMS, LEAST_CUTS = 4096, 16


def _cuts(columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The whole names, then their stems by every cut."""
    yield tuple(columns)
    fronts, backs = _ends(columns)
    anywhere = [(front, 0) for front in fronts] + [(0, back) for back in backs]
    cuts = chain(_separated(columns), (_stems(columns, front, back) for front, back in anywhere))
    yield from islice(cuts, MOST_STEMS // len(columns) + LEAST_CUTS)


def _separated(columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The stems by cuts at separators, at one end or both, the longest cut first."""
    first = columns[0]
    fronts, backs = _ends(columns)
    fronts = [at for at in fronts if first[at - 1] in SEPARATORS]
    backs = [at for at in backs if first[len(first) - at] in SEPARATORS]
    for front in [*fronts, 0]:
        for back in [*backs, 0]:
            if front or back:
                yield _stems(columns, front, back)


def _ends(columns: Sequence[str]) -> tuple[list[int], list[int]]:
    """The lengths that all names share and may lose, in front and at their end, the longest first."""
    if len(columns) < 2:
        return [], []
    front, back = len(_shared(columns)), len(_shared([name[::-1] for name in columns]))
    return (
        [at for at in range(front, 0, -1) if not any(_in_number(name, at) for name in columns)],
        [at for at in range(back, 0, -1) if not any(_in_number(name, len(name) - at) for name in columns)],
    )


def _stems(columns: Sequence[str], front: int, back: int) -> tuple[str, ...]:
    return tuple(name[front : len(name) - back] for name in columns)


def _in_number(name: str, at: int) -> bool:
    """Whether a cut at this place would divide a number."""
    before, behind = name[:at], name[at : at + 1]
    return behind.isdigit() and (before[-1:].isdigit() or (before[-1:] == "." and before[-2:-1].isdigit()))


# A level (`q_0.1`), a level in percent (`p10`, `q_2.5`), and the end of a central interval (`lo-80`).
LEVEL = re.compile(r"(?:^|\D)(0?\.\d+)$", re.ASCII)
PERCENT = re.compile(
    r"(?:^|[^a-z])(?:q|p|quantile|percentile)[_-]?(\d{1,2}(?:\.\d+)?)$", re.ASCII | re.IGNORECASE
)
END = re.compile(r"(?:^|[^a-z])(?:(lo|lower)|hi|upper)[_-]?(\d{1,2}(?:\.\d+)?)$", re.ASCII | re.IGNORECASE)


def quantile_level(name: str) -> float | None:
    """The quantile level between 0 and 1 that the name of a column ends with; None where it has none.

    >>> quantile_level("q_0.1"), quantile_level("p90"), quantile_level("lo-80"), quantile_level("hi-80")
    (0.1, 0.9, 0.1, 0.9)
    """
    level = Fraction(0)
    if found := LEVEL.search(name):
        level = Fraction(found[1])
    elif found := PERCENT.search(name):
        level = Fraction(found[1]) / 100
    elif found := END.search(name):
        level = (1 - Fraction(found[2]) / 100) / 2
        level = level if found[1] else 1 - level
    return float(level) if 0 < level < 1 else None


TIME = re.compile(r"(?:^|[^\d.])(\d*\.?\d+)$", re.ASCII)


def time_of_name(name: str) -> float | None:
    """The time that the name of a column ends with; None where it has none.

    >>> time_of_name("s_365"), time_of_name("alive 0.5"), time_of_name("12")
    (365.0, 0.5, 12.0)
    """
    found = TIME.search(name)
    return float(found[1]) if found else None
