"""Which columns are predictions and which are labels, as far as their names and first rows tell.

`ColumnGuesses.candidates` finds columns that may belong together; `interpret` says what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from losscli.advise.interpretation import Described
from losscli.advise.profile import ColumnProfile, look
from losscli.errors import DataError
from losscli.measure.first_lists import FirstLists, first_lists
from losscli.measure.list_columns import places_of
from losscli.measure.roles import LABEL_ROLE_COLUMNS
from losscli.measure.slices import names_cut
from losscli.pairing.keyplan import POSITION
from losscli.reading.inputs import open_inputs
from losscli.reading.select import DEFAULT_NAMES, Chosen, choose, named
from losscli.table.labels import class_names, quantile_level

if TYPE_CHECKING:
    from losscli.measure.options import MeasureOptions

LABEL_STEMS = ("y", "label", "target", "true", "truth", "actual")
PAIRS_OF_ROLES = (
    ({"mean": ("mean", "mu", "loc"), "sd": ("sd", "sigma", "std")}),
    ({"mean": ("mean", "mu", "loc"), "var": ("var", "variance")}),
    ({"lower": ("lower", "lo", "low"), "upper": ("upper", "hi", "high")}),
)
"""Columns that are one prediction together, by their usual names."""

QUERIES = frozenset({"query", "query_id", "qid", "srch_id"})
GROUPS = QUERIES | {"session", "session_id", "series", "series_id", "unique_id"}
"""Usual names of columns that say which rows belong together: to one query or one series."""

Roles: TypeAlias = dict[str, list[Chosen]]
"""The columns of each role of a prediction: of `pred`, or of `mean` and `sd` …"""


class Candidate(NamedTuple):
    """Columns that may belong together, and how `--pred` and `--label` name them."""

    pred: str
    label: str
    roles: Roles
    labels: list[Chosen]
    label_roles: tuple[str, ...] = ("label",)


class ColumnGuesses:
    """The columns of a call, and what was seen of them."""

    def __init__(self, options: MeasureOptions) -> None:
        self.options = options
        self.paired = options.on in (None, POSITION)
        self.sources = sources = open_inputs(
            options.inputs, format=options.input_format, dialect=options.dialect, by_key=not self.paired
        )
        self.last = len(sources) - 1
        self.aside = names_cut(sources, options.by)
        named = (
            {options.weight} if self.paired else {options.weight, options.on, *(options.on or "").split(",")}
        )
        self.taken = {
            (side, at) for side, source in enumerate(sources)
            for at, name in enumerate(source.columns) if name in named
        }  # fmt: skip
        # A column of both files tells which row is which.
        self.shared = set(sources[0].columns) & set(sources[-1].columns) if self.last else set()
        self.rows, self.whole = 0, True
        self.seen: dict[tuple[int, int, int | None], ColumnProfile] = {}

    def profiles(self, columns: Sequence[Chosen]) -> list[ColumnProfile]:
        """The profile of each column; DataError where a file has no rows."""
        for side, source in enumerate(self.sources):
            new = [c for c in columns if c.side == side and (side, c.index, c.item) not in self.seen]
            if new:
                found, whole = look(source, new)
                if not found[0].rows:
                    raise DataError(f"{source.noun} has no rows", file=source.path)
                self.whole &= whole
                self.rows = max(self.rows, *(one.rows for one in found))
                self.seen |= {(side, c.index, c.item): one for c, one in zip(new, found, strict=True)}
        return [self.seen[c.side, c.index, c.item] for c in columns]

    def candidates(self, *, as_eval: bool) -> list[Candidate]:
        """The columns that may belong together, those that say most first.

        ``as_eval`` asks for the columns that `eval` takes.
        """
        pred, label = next(iter(self.options.models), None), self.options.label
        if label is None and (times := self._times(pred)) is not None:
            return [times]
        if as_eval or pred is not None:
            labels = self._chosen(self.last, "label", label) if label is not None else []
            roles = self._roles(pred) if pred is not None else {"pred": self._chosen(0, "pred", None, labels)}
            preds = [c for columns in roles.values() for c in columns]
            labels = labels or self._chosen(self.last, "label", None, preds)
            return [Candidate(pred or _joined(preds), label or _joined(labels), roles, labels)]
        if label is None and (found := self._several_labels(_by_stem(self._free(0)))):
            return found
        usual = [c for c in self._free(0) if c.name in DEFAULT_NAMES["pred"]]
        labels = self._chosen(self.last, "label", label, [] if self.last else usual)
        text = label or _joined(labels)
        found = [
            Candidate(name, text, roles, labels)
            for name, roles in self._predictions(self._free(0, labels), labels)
        ]
        if not found:
            preds = self._chosen(0, "pred", None, labels)
            found = [Candidate(_joined(preds), text, {"pred": preds}, labels)]
        # Of several groups, probabilities come before their logarithms.
        return sorted(found, key=self._rank) if len(found) > 1 else found

    def query(self) -> str | None:
        """The column that says which rows are ranked together, by its name, or by `--group`."""
        name = self.options.group or self.group()
        return name if name is not None and name.casefold() in QUERIES else None

    def group(self) -> str | None:
        """The column that says which rows belong together, by its name, where it holds values more than once."""
        for side, source in enumerate(self.sources):
            for at, name in enumerate(source.columns):
                if name.casefold() in GROUPS and (side, at) not in self.taken:
                    (profile,) = self.profiles([Chosen(side, at, name)])
                    if 1 < len(profile.classes) < profile.rows:
                        return name
        return None

    def names_needed(self, candidate: Candidate) -> dict[str, str]:
        """The columns that `eval` does not find by itself, by the option that names them."""
        needed = {}
        for role, side, name in (("pred", 0, candidate.pred), ("label", self.last, candidate.label)):
            if role == "label" and candidate.label_roles != ("label",):
                continue  # roles of labels are found by the names by which they were found here
            try:
                usual = _joined(self._chosen(side, role, None))
            except DataError:
                usual = None
            if usual != name:
                needed[role] = name
        return needed

    def _gone(self, without: Sequence[Chosen]) -> set[tuple[int, int]]:
        return self.taken | {(c.side, c.index) for c in without}

    def _free(self, side: int, without: Sequence[Chosen] = ()) -> list[Chosen]:
        gone, names = self._gone(without), self.sources[side].columns
        return [
            Chosen(side, at, name) for at, name in enumerate(names)
            if (side, at) not in gone and name not in self.shared and names.count(name) == 1
        ]  # fmt: skip

    def _chosen(
        self, side: int, role: str, asked: str | None, without: Sequence[Chosen] = ()
    ) -> list[Chosen]:
        gone = {at for where, at in self._gone(without) if where == side}
        return choose(self.sources, side, role, asked, gone, self.aside)

    def _roles(self, text: str) -> Roles:
        """The columns that `--pred` names."""
        source = self.sources[0]
        if "=" not in text or text in source.columns:
            return {"pred": self._chosen(0, "pred", text)}
        pairs = [pair.partition("=") for pair in text.split(",")]
        return {
            role.strip(): [Chosen(0, at, source.columns[at]) for at in named(source, name.strip())]
            for role, _, name in pairs
        }

    def _times(self, pred: str | None) -> Candidate | None:
        """Times and whether the event was seen, by their usual names, where no column has that of a label."""
        source = self.sources[self.last]
        if set(DEFAULT_NAMES["label"]) & set(source.columns):
            return None
        names = {
            role: next((name for name in LABEL_ROLE_COLUMNS[role] if name in source.columns), None)
            for role in ("time", "event")
        }
        if None in names.values():
            return None
        labels = [Chosen(self.last, source.columns.index(name), name) for name in names.values() if name]
        roles = self._roles(pred) if pred is not None else {"pred": self._chosen(0, "pred", None, labels)}
        text = ",".join(f"{role}={name}" for role, name in names.items())
        preds = [c for columns in roles.values() for c in columns]
        return Candidate(pred or _joined(preds), text, roles, labels, tuple(names))

    def _several_labels(self, groups: dict[str, list[Chosen]]) -> list[Candidate]:
        """Labels of several columns, each with the groups of predictions whose names end like theirs."""
        found = []
        sides = _by_stem(self._free(self.last)) if self.last else groups
        for stem, labels in sides.items():
            if stem[:-1] not in LABEL_STEMS:
                continue
            ends = [c.name.removeprefix(stem) for c in labels]
            for other, preds in groups.items():
                if other != stem and [c.name.removeprefix(other) for c in preds] == ends:
                    found.append(Candidate(f"{other}*", f"{stem}*", {"pred": preds}, labels))
        # Numbers say more than classes: probabilities first.
        return sorted(found, key=lambda one: all(c.whole for c in self.profiles(one.roles["pred"])))

    def _predictions(self, free: Sequence[Chosen], labels: Sequence[Chosen]) -> Iterator[tuple[str, Roles]]:
        """Predictions by their names, each with how `--pred` names it."""
        names = {c.name: c for c in free}
        (label, *_) = self.profiles(labels)
        groups = []
        for stem, columns in _by_stem(free).items():
            if not self._numeric(columns):
                continue
            of_levels = all(quantile_level(c.name) is not None for c in columns)
            classes = class_names([c.name for c in columns], named=True)
            of_classes = len(label.classes) <= len(columns) and all(c in classes for c in label.classes)
            if of_levels or of_classes:
                groups.append(columns)
                yield f"{stem}*", {"pred": columns}
        columns = [c for c in free if quantile_level(c.name) is not None]
        distinct = len(columns) == len({quantile_level(c.name) for c in columns}) > 1
        if distinct and not any(set(columns) <= set(group) for group in groups) and self._numeric(columns):
            yield _joined(columns), {"pred": columns}
        for usual in PAIRS_OF_ROLES:
            roles = {
                role: [names[name]] for role, known in usual.items()
                if (name := next((n for n in known if n in names), None)) is not None
            }  # fmt: skip
            if len(roles) == len(usual) and self._numeric([column for (column,) in roles.values()]):
                yield ",".join(f"{role}={column.name}" for role, (column,) in roles.items()), roles
        for name in DEFAULT_NAMES["pred"]:
            if name in names:
                yield name, {"pred": [names[name]]}

    def _numeric(self, columns: Sequence[Chosen]) -> bool:
        return not any(profile.text for profile in self.profiles(columns))

    def _rank(self, candidate: Candidate) -> tuple[bool, bool]:
        """Several columns first, and of them probabilities."""
        profiles = self.profiles([c for columns in candidate.roles.values() for c in columns])
        fractions = all(c.from_0_to(1.0) for c in profiles) and not all(c.whole for c in profiles)
        return len(profiles) == 1, not fractions

    # -- what they look like ----------------------------------------------------------------------

    def describe(self, candidate: Candidate) -> Described:
        """What is known of the columns of a candidate, for `interpret`."""
        label, pred = self._lists(candidate.labels), self._lists(candidate.roles.get("pred", []))
        names: tuple[str, ...] = ()
        whole_lists = False
        if label is not None and pred is not None:
            names = (candidate.labels[0].name, candidate.roles["pred"][0].name)
            whole_lists = not (label.floats or pred.floats)
            if label.text or pred.text or not (label.even and pred.even) or label.width != pred.width:
                return Described(("pred",), [], [], names)
        roles = {role: self._unfolded(columns) for role, columns in candidate.roles.items()}
        labels = self.profiles(self._unfolded(candidate.labels))
        preds = [profile for columns in roles.values() for profile in self.profiles(columns)]
        named = self.sources[0].named and all(c.item is None for columns in roles.values() for c in columns)
        return Described(
            tuple(roles), preds, labels, names, whole_lists, named, self.paired, self.whole,
            self.options.from_logits, self.options.pos_label, self.query(), candidate.label_roles,
        )  # fmt: skip

    def _lists(self, columns: Sequence[Chosen]) -> FirstLists | None:
        """A look at the lists of the only column; None where it holds none, or there are several."""
        if len(columns) != 1:
            return None
        source, index = self.sources[columns[0].side], columns[0].index
        return None if source.holds_lists(index) is False else first_lists(source, index)

    def _unfolded(self, columns: Sequence[Chosen]) -> list[Chosen]:
        """A column for each place of a column of lists."""
        seen = self._lists(columns)
        return list(columns) if seen is None else places_of(columns[0], seen.width)


def _by_stem(columns: Sequence[Chosen]) -> dict[str, list[Chosen]]:
    """Columns whose names begin alike: `p_cat`, `p_cow`; and `q_0.1`, `q_0.9`."""
    groups: dict[str, list[Chosen]] = {}
    for column in columns:
        stem, separator, rest = column.name.partition("_")
        if separator and rest:
            groups.setdefault(stem + separator, []).append(column)
    return {stem: group for stem, group in groups.items() if len(group) > 1}


def _joined(columns: Sequence[Chosen]) -> str:
    return ",".join(c.name for c in columns)
