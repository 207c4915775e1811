"""Which columns are predictions and which are labels, as far as their names and values tell.

`Columns.readings` finds them, those that say most first; what they mean is the business of `readings`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from losscli.advise.profile import ColumnProfile, look
from losscli.advise.tasks import (
    Interpretation,
    of_label_lists,
    of_roles,
    of_vectors,
    one_to_one,
    several_to_one,
    several_to_several,
)
from losscli.errors import DataError
from losscli.measure import lists
from losscli.reading.select import DEFAULT_NAMES, Chosen, choose, named
from losscli.reading.suffixes import has_dialect
from losscli.table.cells import LIST_HINT, is_list_text
from losscli.table.labels import class_names, quantile_level
from losscli.text import plural, visible

if TYPE_CHECKING:
    from losscli.reading.source import Source
    from losscli.table.block import Floats

LABEL_STEMS = ("y", "label", "target", "true", "truth", "actual")
PAIRS_OF_ROLES = (
    ({"mean": ("mean", "mu", "loc"), "sd": ("sd", "sigma", "std")}),
    ({"mean": ("mean", "mu", "loc"), "var": ("var", "variance")}),
    ({"lower": ("lower", "lo", "low"), "upper": ("upper", "hi", "high")}),
)
"""Columns that are one prediction together, by their usual names."""

Roles: TypeAlias = dict[str, list[Chosen]]
"""The columns of each role: `label` and `pred`, or `mean` and `sd` …"""


class ColumnGuesses:
    """The columns of a call, and what was seen of them."""

    def __init__(
        self, sources: Sequence[Source], taken: Sequence[str], aside: Collection[str], *, paired: bool
    ) -> None:
        self.sources, self.paired, self.aside = sources, paired, aside
        self.taken = {
            (side, at) for side, source in enumerate(sources)
            for at, name in enumerate(source.columns) if name in taken
        }  # fmt: skip
        # What stands in both files tells which row is which.
        self.shared = set(sources[0].columns) & set(sources[-1].columns) if len(sources) > 1 else set()
        self.rows, self.whole = 0, True
        self.seen: dict[tuple[int, int, int | None], ColumnProfile] = {}

    def looks(self, columns: Sequence[Chosen]) -> list[ColumnProfile]:
        for side, source in enumerate(self.sources):
            new = [c for c in columns if c.side == side and (side, c.index, c.item) not in self.seen]
            if new:
                found, whole = look(source, new)
                if not found[0].rows:
                    raise DataError("the file has no rows", file=source.path)
                self.whole &= whole
                self.rows = max(self.rows, *(one.rows for one in found))
                self.seen |= {(side, c.index, c.item): one for c, one in zip(new, found, strict=True)}
        return [self.seen[c.side, c.index, c.item] for c in columns]

    def _free(self, side: int, without: Sequence[Chosen] = ()) -> list[Chosen]:
        gone = self.taken | {(c.side, c.index) for c in without}
        names = self.sources[side].columns
        return [
            Chosen(side, at, name) for at, name in enumerate(names)
            if (side, at) not in gone and name not in self.shared and names.count(name) == 1
        ]  # fmt: skip

    def _chosen(
        self, side: int, role: str, asked: str | None, without: Sequence[Chosen] = ()
    ) -> list[Chosen]:
        gone = self.taken | {(c.side, c.index) for c in without}
        own = {at for where, at in gone if where == side}
        return choose(self.sources[side], side, role, asked, own, self.aside)

    def default(self, names: Mapping[str, str]) -> dict[str, str]:
        """The names that `eval` has to be told."""
        told = {}
        last = len(self.sources) - 1
        for role, side in (("pred", 0), ("label", last)):
            if role in names:
                try:
                    usual = [c.name for c in self._chosen(side, role, None)]
                except DataError:
                    usual = []
                if usual != [names[role]]:
                    told[role] = names[role]
        return told

    def readings(
        self, pred: str | None, label: str | None, *, as_eval: bool
    ) -> list[tuple[dict[str, str], Roles]]:
        """The columns to read together, each with how `--pred` and `--label` name them."""
        last = len(self.sources) - 1
        if as_eval or pred is not None:
            own = self._chosen(last, "label", label) if label is not None else []
            roles = (
                self._named_roles(pred) if pred is not None else {"pred": self._chosen(0, "pred", None, own)}
            )
            chosen = [c for held in roles.values() for c in held]
            labels = own or self._labels_for(chosen, last)
            names = {"label": label or ",".join(c.name for c in labels)}
            names["pred"] = pred or ",".join(c.name for c in chosen)
            return [(names, {**roles, "label": labels})]
        groups = self._groups(self._free(0))
        if label is None and (found := self._several_labels(groups, last)):
            return found
        labels = self._chosen(last, "label", label, [] if last else self._usual_preds())
        free = self._free(0, labels)
        text = label or ",".join(c.name for c in labels)
        found = [
            ({"pred": name, "label": text}, {**roles, "label": labels})
            for name, roles in self._predictions(free, labels)
        ]
        if not found:
            chosen = self._chosen(0, "pred", None, labels)
            found = [({"pred": chosen[0].name, "label": text}, {"pred": chosen, "label": labels})]
        return found

    def _labels_for(self, chosen: Sequence[Chosen], last: int) -> list[Chosen]:
        return self._chosen(last, "label", None, chosen)

    def _usual_preds(self) -> list[Chosen]:
        return [c for c in self._free(0) if c.name in DEFAULT_NAMES["pred"]]

    def _named_roles(self, text: str) -> Roles:
        source = self.sources[0]
        if "=" in text and text not in source.columns:
            pairs = [pair.partition("=") for pair in text.split(",")]
            return {
                role.strip(): [Chosen(0, at, source.columns[at]) for at in named(source, name.strip())]
                for role, _, name in pairs
            }
        return {"pred": self._chosen(0, "pred", text)}

    @staticmethod
    def _groups(columns: Sequence[Chosen]) -> dict[str, list[Chosen]]:
        """Columns whose names begin alike: `p_cat`, `p_cow`; and `q_0.1`, `q_0.9`."""
        groups: dict[str, list[Chosen]] = {}
        for column in columns:
            stem, separator, rest = column.name.partition("_")
            if separator and rest:
                groups.setdefault(stem + separator, []).append(column)
        return {stem: held for stem, held in groups.items() if len(held) > 1}

    def _several_labels(
        self, groups: Mapping[str, list[Chosen]], last: int
    ) -> list[tuple[dict[str, str], Roles]]:
        """Labels of several columns, and the predictions whose names end like theirs."""
        found = []
        sides = groups if not last else self._groups(self._free(last))
        for stem, labels in sides.items():
            ends = [c.name[len(stem) :] for c in labels]
            if stem[:-1] not in LABEL_STEMS:
                continue
            for other, preds in groups.items():
                same = [c.name[len(other) :] for c in preds] == ends
                if same and other != stem:
                    names = {"pred": f"{other}*", "label": f"{stem}*"}
                    found.append((names, {"pred": preds, "label": labels}))
        # Numbers say more than classes: probabilities first.
        return sorted(found, key=lambda one: all(c.whole for c in self.looks(one[1]["pred"])))

    def _predictions(self, free: Sequence[Chosen], labels: Sequence[Chosen]) -> list[tuple[str, Roles]]:
        """Predictions by their names, those that say most first."""
        found: list[tuple[str, Roles]] = []
        names = {c.name: c for c in free}
        (seen, *_) = self.looks(labels)
        for stem, held in self._groups(free).items():
            levels = [quantile_level(c.name) for c in held]
            classes = class_names([c.name for c in held], named=True)
            if any(one.text for one in self.looks(held)):
                continue
            if all(level is not None for level in levels) or (
                len(seen.classes) <= len(held) and all(c in classes for c in seen.classes)
            ):
                found.append((f"{stem}*", {"pred": held}))
        held = [c for c in free if quantile_level(c.name) is not None]
        distinct = len(held) == len({quantile_level(c.name) for c in held}) > 1
        known = any(set(held) <= set(roles["pred"]) for _, roles in found)
        if distinct and not known and not any(one.text for one in self.looks(held)):
            found.append((",".join(c.name for c in held), {"pred": held}))
        for usual in PAIRS_OF_ROLES:
            roles = {role: next((n for n in known if n in names), None) for role, known in usual.items()}
            if all(roles.values()) and not any(
                one.text for one in self.looks([names[str(name)] for name in roles.values()])
            ):
                told = ",".join(f"{role}={name}" for role, name in roles.items())
                found.append((told, {role: [names[str(name)]] for role, name in roles.items()}))
        for name in DEFAULT_NAMES["pred"]:
            if name in names:
                found.append((name, {"pred": [names[name]]}))
        # Of several groups, probabilities come before their logarithms.
        return sorted(found, key=self._rank) if len(found) > 1 else found

    def _rank(self, one: tuple[str, Roles]) -> tuple[int, int]:
        looks = self.looks([c for held in one[1].values() for c in held])
        several = len(looks) > 1
        within = all(c.within(0.0, 1.0) for c in looks)
        return (0 if several else 1, 0 if within and not all(c.whole for c in looks) else 1)

    # -- what they look like ----------------------------------------------------------------------

    def read(
        self, roles: Roles, names: Mapping[str, str], *, from_logits: bool, pos_label: str | None
    ) -> Interpretation:
        reading = self._of_lists(roles, from_logits=from_logits)
        if reading is not None:
            reading.pred, reading.label = names["pred"], names["label"]
            return reading
        roles = {role: self._unfolded(held) for role, held in roles.items()}
        labels = self.looks(roles["label"])
        preds = [one for role, held in roles.items() if role != "label" for one in self.looks(held)]
        if "pred" not in roles:
            reading = of_roles(tuple(role for role in roles if role != "label"), preds, labels[0])
        elif len(labels) > 1:
            reading = several_to_several(preds, labels, from_logits)
        elif len(preds) > 1:
            named = self.sources[0].named and roles["pred"][0].item is None
            reading = several_to_one(preds, labels[0], from_logits, named=named)
        else:
            reading = one_to_one(
                preds[0], labels[0], self._errors(roles), from_logits=from_logits, pos_label=pos_label
            )
        reading.pred, reading.label = names["pred"], names["label"]
        reading.several = len(roles.get("pred", [])) > 1
        if from_logits and not reading.scores:
            reading.doubt("these are no raw scores of classes: leave `--from-logits` out")
        for one in (*preds, *labels):
            if like := [c for c in one.classes if isinstance(c, str) and is_list_text(c)]:
                told = LIST_HINT if has_dialect(self.sources[0].format) else "store such texts as lists"
                reading.doubt(
                    f"`{visible(one.name)}` has texts that are written as lists, `{visible(like[0])}`: {told}"
                )
            if one.missing == one.rows:
                reading.doubt(f"`{visible(one.name)}` holds no value at all")
            elif one.missing:
                said = f"`{visible(one.name)}` has {plural(one.missing, 'missing value')}"
                reading.doubts.append(f"{said}: `eval` refuses them unless told `--nan drop`")
            if one.infinite:
                said = f"`{visible(one.name)}` has {plural(one.infinite, 'infinite value')}"
                if reading.task == "intervals" and one in preds:
                    reading.doubts.append(f"{said}: `coverage` takes them, and no mean of widths is defined")
                else:
                    reading.doubt(f"{said}, which no loss takes")
        if self.paired and self.whole and preds[0].rows != labels[0].rows:
            said = f"{plural(preds[0].rows, 'row')} of predictions and {labels[0].rows} of labels"
            reading.doubt(f"{said}: if a column tells which belong together, pair them with `--on KEY`")
        return reading

    def _list_look(self, columns: Sequence[Chosen]) -> lists.Look | None:
        """A look at the lists of a column; None where it is none of lists."""
        source, index = self.sources[columns[0].side], columns[0].index
        if len(columns) != 1 or source.holds_lists(index) is False:
            return None
        return lists.look(source, index)

    def _unfolded(self, columns: Sequence[Chosen]) -> list[Chosen]:
        """A column of lists as a column for each place."""
        seen = self._list_look(columns)
        return list(columns) if seen is None else lists.places_of(columns[0], seen.width)

    def _of_lists(self, roles: Roles, *, from_logits: bool) -> Interpretation | None:
        """What lists of labels mean, or two vectors; None where they are columns for their places."""
        if "pred" not in roles:
            return None
        label, pred = self._list_look(roles["label"]), self._list_look(roles["pred"])
        if label is None or pred is None:
            return None
        both = (label, pred)
        if any(seen.text or not seen.even for seen in both) or label.width != pred.width:
            return of_label_lists(roles["label"][0].name, roles["pred"][0].name)
        looks = [self.looks(self._unfolded(roles[role])) for role in ("pred", "label")]
        reading = of_vectors(roles["label"][0].name, roles["pred"][0].name, *looks)
        if not any(seen.floats for seen in both):
            reading.doubt("numbers, or labels that go by numbers?  For sets of labels `hamming`", "likely")
        return reading

    def _errors(self, roles: Roles) -> Floats | None:
        """The errors of the rows, where prediction and label stand side by side."""
        (pred,), (label,) = self.looks(roles["pred"]), self.looks(roles["label"])
        if not self.paired or pred.rows != label.rows or pred.numbers is None or label.numbers is None:
            return None
        both = np.isfinite(pred.numbers) & np.isfinite(label.numbers)
        errors: Floats = pred.numbers[both] - label.numbers[both]
        return errors[np.isfinite(errors)]
