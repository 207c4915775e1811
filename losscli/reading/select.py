"""Which columns of the files play which role: the names, globs and defaults of the command line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from losscli.errors import DataError, UsageError
from losscli.reading.listing import is_glob

if TYPE_CHECKING:
    from losscli.reading.source import Source

R = TypeVar("R")

DEFAULT_NAMES = {
    "pred": ("pred", "prediction", "predicted", "y_pred", "yhat", "prob", "proba", "score"),
    "label": ("label", "target", "y_true", "y", "actual", "truth", "class"),
}


class Chosen(NamedTuple):
    """A column of a side (0 is PREDS, 1 is LABELS); or of the lists in it one label, as a column of 0 and 1, or one
    place, as a column of numbers."""

    side: int
    index: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody calls here
    name: str
    labels: tuple[int | str, ...] = ()  # of a list: the label, in all spellings, that the column shows
    item: int | None = None  # of a list of numbers: the place that the column shows
    width: int = 0  # how many numbers each such list has

    @property
    def made(self) -> bool:
        """Whether it is computed from a column of lists."""
        return bool(self.labels) or self.item is not None


IDS = ("id", "key", "uuid", "index", "idx", "", "unnamed: 0", "__index_level_0__")
LIKE_IDS = ("row", "item", "ds", "date", "time", "timestamp")
"""Names of columns that identify rows; those of the second kind may mean something else in each file."""


def is_id(name: str) -> bool:
    """Whether a column identifies rows, by its name."""
    folded = name.strip().casefold()
    return folded in IDS or folded.endswith("_id")


def tells_rows(name: str) -> bool:
    """Whether a column, by its name, is more likely to identify rows than to hold predictions or labels."""
    return is_id(name) or name.strip().casefold() in LIKE_IDS


def choose(
    sources: Sequence[Source], side: int, role: str, asked: str | None, taken: Collection[int],
    aside: Collection[str],
) -> list[Chosen]:  # fmt: skip
    """The columns that play ``role`` on a side: those named in ``asked``, else the default.

    ``taken`` are the places of columns that play another role, ``aside`` the names of slices and groups.
    DataError lists the columns there are, and says if another file has those that were asked for.
    """
    source = sources[side]
    if asked is None and source.together:
        places = [at for at in _at_head(source) if at not in taken]
    else:
        try:
            places = [_default(source, role, taken, aside)] if asked is None else named(source, asked)
        except DataError as error:
            raise replace(error, hint=_elsewhere(sources, side, role, asked) or error.hint) from None
    return [Chosen(side, place, source.columns[place]) for place in places]


def _elsewhere(sources: Sequence[Source], side: int, role: str, asked: str | None) -> str | None:
    """A hint where another file holds the columns that were looked for on a side."""
    if role == "pred" and side > 0:
        return "two predictions of one file are compared with `--pred BASE --pred HEAD`"
    wanted = DEFAULT_NAMES[role] if asked is None else tuple(name.strip() for name in asked.split(","))
    for other in (source for at, source in enumerate(sources) if at != side):
        found = [name for name in wanted if any(fnmatchcase(column, name) for column in other.columns)]
        if found:
            return f"{other.path} has `{found[0]}`: the file with the predictions comes first, then that with the labels"
    return None


def named(source: Source, asked: str) -> list[int]:
    """The places of the columns that ``asked`` names: one name, several with commas, or a glob."""
    if asked in source.columns:
        return [find(source, asked)]
    places: list[int] = []
    for name in asked.split(","):
        name = name.strip()
        if name in source.columns:
            found = [find(source, name)]
        elif is_glob(name):
            found = [at for at in _at_head(source) if fnmatchcase(source.columns[at], name)]
            if not found:
                raise DataError(f"no column matches `{name}`", _list(source), file=source.path)
        else:
            found = [find(source, name)]
        if again := [at for at in found if at in places]:
            raise UsageError(f"column `{source.columns[again[0]]}` stands twice in `{asked}`")
        places.extend(found)
    return places


def find(source: Source, name: str) -> int:
    """The place of the one column of that name."""
    if not has(source, name):
        raise missing(source, name)
    places = [at for at, column in enumerate(source.columns) if column == name]
    if len(places) > 1:
        raise DataError(
            f"{len(places)} columns are called `{name}`", "a column that is used must have a name of its own",
            file=source.path,
        )  # fmt: skip
    return places[0]


def find_in_either(sources: Sequence[Source], asked: str) -> list[Chosen]:
    """A column of either side; both columns, LABELS first, if both files have it."""
    side, name = _side(sources, asked)
    holds = [has(source, asked) for source in sources]
    if side is not None and not any(holds):
        return [Chosen(side, find(sources[side], name), name)]
    if not any(holds):
        if len(sources) == 1:
            raise missing(sources[0], asked)
        raise DataError(
            f"neither {' nor '.join(source.path for source in sources)} has a column `{asked}`",
            "; ".join(f"{source.path} has {_names(source)}" for source in sources),
            near(asked, [c for source in sources for c in source.columns]),
        )
    sides = [side for side in reversed(range(len(sources))) if holds[side]]
    return [Chosen(side, find(sources[side], asked), asked) for side in sides]


class Named(NamedTuple):
    """A column that the user named: its name, where it is (LABELS first if both files have it), and whether by a glob."""

    name: str
    columns: tuple[Chosen, ...]
    by_glob: bool = False


def named_in_either(sources: Sequence[Source], asked: Sequence[str]) -> list[Named]:
    """The columns of either file that some texts name, each once: names, lists with commas, globs.

    A glob names columns in the order of the file, those of PREDS first.
    """
    found: dict[str, Named] = {}
    for text in asked:
        for name in [text] if _is_column(sources, text) else map(str.strip, text.split(",")):
            if _is_column(sources, name) or not is_glob(name):
                found.setdefault(name, Named(name, tuple(find_in_either(sources, name))))
                continue
            for column in _matching(sources, name):
                found.setdefault(column, Named(column, tuple(find_in_either(sources, column)), True))
    return list(found.values())


def _is_column(sources: Sequence[Source], name: str) -> bool:
    side, own = _side(sources, name)
    return any(name in source.columns for source in sources) or (
        side is not None and own in sources[side].columns
    )


def _side(sources: Sequence[Source], name: str) -> tuple[int | None, str]:
    """The side that a name chooses, and the rest of it."""
    for prefix, side in (("preds.", 0), ("labels.", len(sources) - 1)):
        if name.startswith(prefix):
            return side, name[len(prefix) :]
    return None, name


def _matching(sources: Sequence[Source], glob: str) -> list[str]:
    """The names that a glob matches; where none does, its prefix chooses the side."""
    heads = [[source.columns[at] for at in _at_head(source)] for source in sources]
    names = dict.fromkeys(column for head in heads for column in head)
    found = [name for name in names if fnmatchcase(name, glob)]
    side, own = _side(sources, glob)
    if not found and side is not None:
        prefix = glob[: len(glob) - len(own)]
        found = [f"{prefix}{name}" for name in dict.fromkeys(heads[side]) if fnmatchcase(name, own)]
    if not found:
        raise DataError(
            f"no column matches `{glob}`",
            "; ".join(f"{source.path} has {_names(source)}" for source in sources),
        )
    return found


class Unseen(Exception):
    """Whether a source has a column is not known before `Source.look_for` has read its rows."""

    def __init__(self, source: Source, name: str) -> None:
        super().__init__()
        self.source = source
        self.name = name


def has(source: Source, name: str) -> bool:
    """Whether a source has a column; Unseen where its head does not tell."""
    if name not in source.columns and source.may_begin(name):
        raise Unseen(source, name)
    return name in source.columns


def looked_for(work: Callable[[], R]) -> R:
    """What ``work`` makes of the columns; those that it asks for and the heads do not show are looked for in the rows."""
    while True:
        try:
            return work()
        except Unseen as unseen:
            unseen.source.look_for(unseen.name)


def _at_head(source: Source) -> range:
    """The places of the columns that the head shows: a default or a glob means no others."""
    return range(len(source.columns) - len(source.later))


def near(name: str, names: Iterable[str]) -> str | None:
    """A hint that names the column most likely meant, whatever its case."""
    from difflib import get_close_matches  # imported here: only a hint needs it

    folded = {one.casefold(): one for one in names}
    found = get_close_matches(name.casefold(), folded, n=1)
    return f"did you mean `{folded[found[0]]}`?" if found else None


def missing(source: Source, name: str) -> DataError:
    """The error for a column that is not there, with names that are like it."""
    return DataError(
        f"there is no column `{name}`", _list(source), near(name, source.columns), file=source.path
    )


def _default(source: Source, role: str, taken: Collection[int], aside: Collection[str]) -> int:
    head = _at_head(source)
    there = [at for at in head if at not in taken]
    # A column of the folders' names is the same in all rows of a file: nobody predicts it.
    free = [at for at in there if at not in source.partitions and source.columns[at] not in aside]
    left = [at for at in free if not tells_rows(source.columns[at])]
    for few in (left or free, there if len(head) == 1 else []):
        if len(few) == 1 and not (role == "label" and taken and _like_prediction(source.columns[few[0]])):
            return few[0]
    for name in DEFAULT_NAMES[role]:
        if any(source.columns[at] == name for at in there):
            return find(source, name)
    what = "predictions" if role == "pred" else "labels"
    raise DataError(
        f"which column holds the {what}?", _list(source), f"name it with `--{role} COLUMN`", file=source.path
    )


def _like_prediction(name: str) -> bool:
    """Whether a column beside a prediction is, by its name, another prediction rather than the label."""
    return name.strip().casefold().startswith(("pred_", "prediction_", "prob_", "y_pred", "yhat", "y_hat"))


def _list(source: Source) -> str:
    return f"{source.noun} has the columns {_names(source)}"


def _names(source: Source) -> str:
    shown = ", ".join(f"`{column}`" for column in source.columns[:40])
    return shown + (f" and {len(source.columns) - 40} more" if len(source.columns) > 40 else "")
