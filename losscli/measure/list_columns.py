"""Labels and predictions that are columns of lists: what their lists hold, and the columns that they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from losscli.errors import DataError, UsageError
from losscli.loss.domains import AnyClass, Binary
from losscli.measure.classes import refuse_strangers
from losscli.reading.select import Chosen
from losscli.table.block import ColumnRequest
from losscli.table.labels import class_spellings, of_one_class, paired, share_names
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.measure.lists import Look, ReadColumn
    from losscli.measure.loss_request import LossRequest
    from losscli.measure.options import MeasureOptions
    from losscli.reading.source import Source

Lists: TypeAlias = Literal["none", "labels", "vectors"]
"""What a column holds in a row under a loss: one value, a list of labels, or a list of numbers."""
RolesLaidOut: TypeAlias = "tuple[list[dict[str, list[Chosen]]], bool]"
"""The columns of the roles of each model, those of lists laid out; and whether there are such."""


class ListColumns:
    """The columns of lists of one call; each is looked at once."""

    def __init__(
        self, sources: Sequence[Source], call: MeasureOptions, read: ReadColumn | None, notes: dict[str, None]
    ) -> None:
        self.sources = sources
        self.call = call
        self.read = read
        self.notes = notes
        self.looked: dict[tuple[int, int], Look | None] = {}
        self.spreads: dict[tuple[Lists, ...], RolesLaidOut] = {}

    def holds_lists(self, columns: Sequence[Chosen]) -> bool | None:
        """Whether it is one column, of lists; None where its cells may be lists."""
        if len(columns) != 1:
            return False
        return self.sources[columns[0].side].holds_lists(columns[0].index)

    def look(self, columns: Sequence[Chosen], *, must: bool = True) -> Look | None:
        """A look at the lists of a column; None where it is none of lists.

        UsageError where it can be read only once, unless nothing ``must`` be known of it.
        """
        if self.holds_lists(columns) is False:
            return None
        from losscli.measure.lists import can_be_looked_at, look

        place = columns[0].side, columns[0].index
        if place not in self.looked:
            source = self.sources[place[0]]
            if not must and not can_be_looked_at(source, place[1]):
                return None
            self.looked[place] = look(source, place[1])
        return self.looked[place]

    def refuse(self, columns: Sequence[Chosen], option: str) -> None:
        """DataError where a column holds lists that an option cannot read."""
        for column in columns:
            if self.holds_lists([column]):
                raise DataError(
                    f"it holds lists, which `{option}` cannot read", f"`{option}` needs one value in each row",
                    "lists are read as labels and predictions, and shown by `--columns`",
                    self.sources[column.side].path, column.name,
                )  # fmt: skip

    def kinds_of(
        self, one: LossRequest, labels: Sequence[Chosen], models: Sequence[Mapping[str, Sequence[Chosen]]]
    ) -> tuple[Lists, ...]:
        """What the label, then the prediction of each model, are lists of under a loss.

        Under a loss of numbers a list is a vector.  Under one of classes it is a set of labels, unless what
        stands in it can only be scores: then they are those of the classes 0, 1, …  Where a loss takes
        shares of classes as labels too, both are vectors as soon as one of them is not whole.
        """
        preds = [roles.get("pred", ()) for roles in models]
        sides = [labels, *preds]
        held = [self.holds_lists(side) for side in sides]
        if all(one is False for one in held) or not all(preds):
            return tuple[Lists, ...]("none" for _ in sides)
        roles = [(form, role) for form in one.forms for role in form.roles if role.name == "label"]
        classes = [
            form for form, role in roles
            if isinstance(role.domain, (AnyClass, Binary)) or form.task == "multilabel"
        ]  # fmt: skip
        looks = [self.look(side, must=not classes) for side in sides]
        # Lists that are all missing are vectors too.
        vectors: list[Lists] = [
            "vectors" if look is not None or lists else "none"
            for look, lists in zip(looks, held, strict=True)
        ]
        if not classes:
            for side, look in zip(sides, looks, strict=True):
                if look is not None and look.named:
                    raise DataError(
                        "its lists hold no numbers", f"`{one.forms[0].name}` measures numbers",
                        "for sets of labels there are `hamming`, `samples_f1`, `subset_zero_one` …",
                        self.sources[side[0].side].path, side[0].name,
                    )  # fmt: skip
            return tuple(vectors)
        scores = [look is not None and look.scores for look in looks]
        shares = len(classes) < len(roles) and any(form.task != "multilabel" for form in classes)
        if shares and any(look is not None and look.scores and look.fraction for look in looks):
            return tuple(vectors)
        label_lists = held[0] or (
            held[0] is None
            and (
                looks[0] is not None or not any(scores) or any(form.task == "multilabel" for form in classes)
            )
        )
        found: list[Lists] = ["labels" if label_lists else "none"]
        for side, lists, look in zip(preds, held[1:], looks[1:], strict=True):
            if lists is False or (lists is None and look is None and len(labels) > 1):
                found.append("none")
            elif look is not None and self._is_scored(look, label_lists=label_lists, several=len(labels) > 1):
                found.append("vectors")
            else:
                found.append("labels")
            if (found[-1] == "labels") != label_lists and "none" in (found[0], found[-1]):
                self._refuse_one_sided(labels, side, found[0], found[-1])
        return tuple(found)

    def _is_scored(self, look: Look, *, label_lists: bool, several: bool) -> bool:
        """Whether the lists of a prediction are scores of classes, not labels."""
        if look.scores and look.fraction:
            return True
        # Whole numbers are scores only beside one label or as many columns, and where they are no ids.
        certain = (look.unit and (look.again or look.floats)) or self.call.from_logits or several
        return look.width > 1 and not look.text and not label_lists and certain

    def _refuse_one_sided(
        self, labels: Sequence[Chosen], preds: Sequence[Chosen], label: Lists, pred: Lists
    ) -> None:
        """UsageError where one side is a list and the other one column of single values."""
        if len(labels) == 1 and label == "none" and pred == "labels":
            many, one = preds[0], labels[0]
        elif len(preds) == 1 and pred == "none" and label == "labels":
            many, one = labels[0], preds[0]
        else:
            return
        raise UsageError(
            f"column `{many.name}` holds lists of labels, and `{one.name}` does not",
            "each side is lists, or a column for every label",
            "lists of raw scores that are whole numbers need `--from-logits`" if label == "none" else None,
        )

    def unfolded(self, columns: Sequence[Chosen]) -> list[Chosen]:
        """A column of vectors as one column for each place; others as they are."""
        from losscli.measure.lists import places_of

        look = self.look(columns)
        if look is None:
            if not self.holds_lists(columns):
                return list(columns)
            # All of them are missing: they may be of any length.
            others = (other.width for other in self.looked.values() if other is not None)
            return places_of(columns[0], max(1, *others, 1))
        if look.width == 0:
            raise DataError(
                "the list is empty", "wanted a list of numbers", None,
                self.sources[columns[0].side].path, columns[0].name, look.row or None,
            )  # fmt: skip
        return places_of(columns[0], look.width)

    def spread(
        self,
        labels: list[Chosen],
        models: Sequence[tuple[str | None, int, dict[str, list[Chosen]]]],
        lists: tuple[Lists, ...],
    ) -> RolesLaidOut:
        """The columns of the roles of each model, where label and predictions are lists of these.

        A column of vectors is a column for each of their places, and one of labels one for each label.
        """
        if lists not in self.spreads:
            self.spreads[lists] = self._laid_out(labels, models, lists)
        return self.spreads[lists]

    def _laid_out(
        self,
        labels: list[Chosen],
        models: Sequence[tuple[str | None, int, dict[str, list[Chosen]]]],
        lists: tuple[Lists, ...],
    ) -> RolesLaidOut:
        roles = [
            {name: held if name == "pred" else self.unfolded(held) for name, held in roles.items()}
            for _, _, roles in models
        ]
        if lists[0] == "vectors":
            self._refuse_other_length(labels, roles, lists)
            labels = self.unfolded(labels)
        for held, how in zip(roles, lists[1:], strict=True):
            if how == "vectors":
                held["pred"] = self.unfolded(held["pred"])
        preds = [held.get("pred", []) for held in roles]
        label_lists, pred_lists = lists[0] == "labels", [how == "labels" for how in lists[1:]]
        roles = [{**held, "label": labels} for held in roles]
        if not label_lists and not any(pred_lists):
            return roles, "vectors" in lists
        sides = [labels] if label_lists else []
        sides += [pred for pred, lists in zip(preds, pred_lists, strict=True) if lists]
        columns = [pred for pred, lists in zip(preds, pred_lists, strict=True) if not lists]
        columns += [] if label_lists else [labels]
        if columns:
            # The columns of the other side are named for the classes.
            found = {self._class_order(side) for side in columns}
            if len({frozenset(names for names in order) for order in found}) > 1:
                raise UsageError(
                    "the models have columns for different labels", hint="measure them one by one"
                )
        else:
            names = self.call.class_order or self._labels_in(sides)
            found = {tuple((name,) for name in names)}
        spread = []
        for held, pred, in_lists in zip(roles, preds, pred_lists, strict=True):
            other = labels if in_lists and not label_lists else pred if label_lists and not in_lists else None
            order = next(iter(found)) if other is None else self._class_order(other)
            label = [_of_list(labels[0], names) for names in order] if label_lists else labels
            several = [_of_list(pred[0], names) for names in order] if in_lists else pred
            spread.append({**held, "label": label, "pred": several})
        return spread, True

    def _refuse_other_length(
        self,
        labels: Sequence[Chosen],
        models: Sequence[Mapping[str, Sequence[Chosen]]],
        lists: tuple[Lists, ...],
    ) -> None:
        """DataError where the vectors of a prediction are not as long as those of the label."""
        label = self.look(labels)
        for roles, how in zip(models, lists[1:], strict=True):
            pred = roles["pred"]
            look = self.look(pred) if how == "vectors" else None
            if label is not None and look is not None and look.width != label.width:
                other = self.sources[labels[0].side].path
                raise DataError(
                    f"the list has {plural(look.width, 'number')}",
                    f"wanted {label.width}, as the lists of `{labels[0].name}` in {other} have", None,
                    self.sources[pred[0].side].path, pred[0].name, look.row or None,
                )  # fmt: skip

    def _class_order(self, columns: Sequence[Chosen]) -> tuple[tuple[int | str, ...], ...]:
        """The class of each column, by all its names, the shortest first."""
        places = class_places(self.sources, self.call, columns, self.notes)
        return tuple(tuple(name for name, at in places if at == place) for place in range(len(columns)))

    def _labels_in(self, columns: Sequence[Sequence[Chosen]]) -> tuple[int | str, ...]:
        """All labels that stand in some columns of lists, which are read for it."""
        first = columns[0][0]
        if self.read is None:
            raise UsageError(f"`--classes` must name the labels in the lists of `{first.name}`")
        for (column,) in columns:
            source = self.sources[column.side]
            if not source.can_be_read_again:
                raise UsageError(
                    f"the labels in the lists of `{column.name}` must be known before {source.path} is measured, "
                    "and it can be read only once",
                    hint="name them with `--classes`, or save it to a file first",
                )
        from losscli.measure.lists import in_both, labels_of

        found = {
            (side, index): labels_of(self.read(side, ColumnRequest(index, "labels")))
            for side, index in dict.fromkeys((column.side, column.index) for (column,) in columns)
        }
        for (column,) in columns[1:]:
            own, other = found[first.side, first.index], found[column.side, column.index]
            refuse_strangers(own, other, self.sources[column.side].path, column.name)
        return in_both(set().union(*found.values()), self.sources[first.side].path, first.name)


def class_places(
    sources: Sequence[Source], call: MeasureOptions, columns: Sequence[Chosen], notes: dict[str, None]
) -> tuple[tuple[int | str, int], ...]:
    """The class that each of some columns stands for, by all its names; what is worth a word is noted."""
    names = [c.name for c in columns]
    if not call.classes:
        named = sources[columns[0].side].named and columns[0].item is None
        if named and (two := of_one_class(names)):
            raise DataError(
                f"the columns {names_shown(two)} stand for one class",
                "wanted one column for each class",
                "`--pred` chooses columns",
                file=sources[columns[0].side].path,
            )
        spellings = class_spellings(names, named=named)
        return tuple((name, place) for found in spellings for place, name in enumerate(found))
    if len(call.classes) != len(names):
        raise UsageError(
            f"`--classes` names {plural(len(call.classes), 'class', 'classes')} for {columns_shown(columns, 'prediction')}"
        )
    if paired(names, call.classes) is None and share_names(names, call.classes):
        pairs = pairs_shown((call.classes, names), range(len(names)))
        notes.setdefault(
            f"`--classes` names the prediction columns in the order in which they stand: {pairs}"
        )
    return tuple((label, place) for place, label in enumerate(call.class_order))


def _of_list(column: Chosen, names: tuple[int | str, ...]) -> Chosen:
    """The column of one label of a column of lists."""
    return replace(column, name=str(names[0]), labels=names)


def columns_shown(columns: Sequence[Chosen], what: str) -> str:
    return f"1 {what} column" if len(columns) == 1 else f"{len(columns)} {what} columns"


def pairs_shown(names: tuple[Sequence[str], Sequence[str]], places: Sequence[int]) -> str:
    """Which prediction column belongs to which label column."""
    labels, preds = names
    shown = [f"`{pred}` for `{labels[place]}`" for pred, place in zip(preds, places, strict=True)]
    return ", ".join(shown[:4]) + (" …" if len(shown) > 4 else "")


def names_shown(names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown[:12]) + (" …" if len(shown) > 12 else "")
