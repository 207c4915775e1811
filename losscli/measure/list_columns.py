"""Labels and predictions that are columns of lists: what their lists hold, and the columns that they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from losscli.errors import DataError, UsageError
from losscli.loss.domains import AnyClass, Binary
from losscli.reading.select import Chosen
from losscli.table.cells import in_order
from losscli.table.labels import class_spellings, of_one_class, paired, share_names
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.measure.first_lists import FirstLists
    from losscli.measure.loss_request import LossRequest
    from losscli.measure.needs import Knowledge
    from losscli.measure.options import MeasureOptions
    from losscli.measure.slots import Model
    from losscli.reading.source import Source

MOST_LABELS = 10_000
"""More are no columns to lay out, but most likely a text that was taken for a list."""

Lists: TypeAlias = Literal["none", "labels", "vectors"]
"""What a column holds in a row under a loss: one value, a list of labels, or a list of numbers."""


class ListColumns:
    """The columns of lists of one call."""

    def __init__(
        self,
        sources: Sequence[Source],
        options: MeasureOptions,
        known: Knowledge,
        notes: dict[str, None],
    ) -> None:
        self.sources = sources
        self.options = options
        self.known = known
        self.notes = notes
        self._models: dict[tuple[Lists, ...], list[Model]] = {}

    def holds_lists(self, columns: Sequence[Chosen]) -> bool | None:
        """Whether it is one column, of lists; None where its cells may be lists."""
        if len(columns) != 1:
            return False
        return self.sources[columns[0].side].holds_lists(columns[0].index)

    def look(self, columns: Sequence[Chosen]) -> FirstLists | None:
        """What the first lists of a column hold; None where it is none of lists.

        UsageError where it can be read only once.
        """
        (found,) = self._looks([columns])
        return found

    def _looks(self, sides: Sequence[Sequence[Chosen]], *, must: bool = True) -> list[FirstLists | None]:
        """What the first lists of each side hold; unless it ``must`` be known, only where it can be."""
        wanted = [at for at, columns in enumerate(sides) if self.holds_lists(columns) is not False]
        if not must:
            wanted = [at for at in wanted if self._can_be_looked_at(sides[at][0])]
        found = dict(zip(wanted, self.known.first_lists([sides[at][0] for at in wanted]), strict=True))
        return [found.get(at) for at in range(len(sides))]

    def _can_be_looked_at(self, column: Chosen) -> bool:
        """Whether the first lists of a column can be seen before it is measured."""
        source = self.sources[column.side]
        return source.can_be_read_again or source.first_list(column.index) is not None

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
        self, request: LossRequest, labels: Sequence[Chosen], models: Sequence[Model]
    ) -> tuple[Lists, ...]:
        """What the label, then the prediction of each model, are lists of under a loss.

        Under a loss of numbers a list is a vector.  Under one of classes it is a set of labels, unless it can only
        hold scores: then they are those of the classes 0, 1, …  Where a loss takes shares of classes as labels
        too, both are vectors as soon as one of them is not whole.
        """
        preds = [model.roles.get("pred", ()) for model in models]
        sides = [labels, *preds]
        listed = [self.holds_lists(side) for side in sides]
        if all(one is False for one in listed) or not all(preds):
            return tuple[Lists, ...]("none" for _ in sides)
        roles = [(form, role) for form in request.forms for role in form.roles if role.name == "label"]
        classes = [
            form for form, role in roles
            if isinstance(role.domain, (AnyClass, Binary)) or form.task == "multilabel"
        ]  # fmt: skip
        looks = self._looks(sides, must=not classes)
        # Lists that are all missing are vectors too.
        vectors: list[Lists] = [
            "vectors" if look is not None or lists else "none"
            for look, lists in zip(looks, listed, strict=True)
        ]
        if not classes:
            for side, look in zip(sides, looks, strict=True):
                if look is not None and look.named:
                    raise DataError(
                        "its lists hold no numbers", f"`{request.forms[0].name}` measures numbers",
                        "for sets of labels there are `hamming`, `samples_f1`, `subset_zero_one` …",
                        self.sources[side[0].side].path, side[0].name,
                    )  # fmt: skip
            return tuple(vectors)
        scores = [look is not None and look.scores for look in looks]
        shares = len(classes) < len(roles) and any(form.task != "multilabel" for form in classes)
        if shares and any(look is not None and look.scores and look.fraction for look in looks):
            return tuple(vectors)
        label_lists = listed[0] or (
            listed[0] is None
            and (
                looks[0] is not None or not any(scores) or any(form.task == "multilabel" for form in classes)
            )
        )
        found: list[Lists] = ["labels" if label_lists else "none"]
        for side, lists, look in zip(preds, listed[1:], looks[1:], strict=True):
            if lists is False or (lists is None and look is None and len(labels) > 1):
                found.append("none")
            elif look is not None and self._is_scored(look, label_lists=label_lists, several=len(labels) > 1):
                found.append("vectors")
            else:
                found.append("labels")
            if (found[-1] == "labels") != label_lists and "none" in (found[0], found[-1]):
                self._refuse_one_sided(labels, side, found[0], found[-1])
        return tuple(found)

    def _is_scored(self, look: FirstLists, *, label_lists: bool, several: bool) -> bool:
        """Whether the lists of a prediction are scores of classes, not labels."""
        if look.scores and look.fraction:
            return True
        # Whole numbers are scores only beside one label or as many columns, and where they are no ids.
        certain = (look.unit and (look.again or look.floats)) or self.options.from_logits or several
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
        look = self.look(columns)
        if look is None:
            if not self.holds_lists(columns):
                return list(columns)
            # All of them are missing: they may be of any length.
            return places_of(columns[0], max(1, *self.known.widths(), 1))
        if look.width == 0:
            raise DataError(
                "the list is empty", "wanted a list of numbers", None,
                self.sources[columns[0].side].path, columns[0].name, look.row or None,
            )  # fmt: skip
        return places_of(columns[0], look.width)

    def laid_out(
        self, labels: list[Chosen], models: Sequence[Model], lists: tuple[Lists, ...]
    ) -> list[Model]:
        """The models with the columns of their roles, where label and predictions are lists of these.

        A column of vectors is a column for each of their places, and one of labels one for each label.
        """
        if lists not in self._models:
            self._models[lists] = self._laid_out(labels, models, lists)
        return self._models[lists]

    def _laid_out(
        self, labels: list[Chosen], models: Sequence[Model], lists: tuple[Lists, ...]
    ) -> list[Model]:
        roles = [
            {
                name: columns if name == "pred" else self.unfolded(columns)
                for name, columns in model.roles.items()
            }
            for model in models
        ]
        if lists[0] == "vectors":
            self._refuse_other_length(labels, roles, lists)
            labels = self.unfolded(labels)
        for columns, how in zip(roles, lists[1:], strict=True):
            if how == "vectors":
                columns["pred"] = self.unfolded(columns["pred"])
        if "labels" in lists:
            roles = self._by_label(labels, roles, lists)
        else:
            roles = [{**columns, "label": labels} for columns in roles]
        listed = "labels" in lists or "vectors" in lists
        return [
            model._replace(roles=columns, listed=listed) for model, columns in zip(models, roles, strict=True)
        ]

    def _by_label(
        self, labels: list[Chosen], roles: Sequence[dict[str, list[Chosen]]], lists: tuple[Lists, ...]
    ) -> list[dict[str, list[Chosen]]]:
        """The columns of each model's roles, with a column for each label of a list."""
        label_lists, pred_lists = lists[0] == "labels", [how == "labels" for how in lists[1:]]
        preds = [columns.get("pred", []) for columns in roles]
        of_lists = [labels] if label_lists else []
        of_lists += [pred for pred, in_lists in zip(preds, pred_lists, strict=True) if in_lists]
        others = [pred for pred, in_lists in zip(preds, pred_lists, strict=True) if not in_lists]
        others += [] if label_lists else [labels]
        if others:
            # The columns of the other side are named for the classes.
            orders = [self._class_order(columns) for columns in others]
            if len({frozenset(names for names in order) for order in orders}) > 1:
                raise UsageError(
                    "the models have columns for different labels", hint="measure them one by one"
                )
        else:
            names = self.options.class_order or self._labels_in([column for (column,) in of_lists])
            orders = [tuple((name,) for name in names)]
        found = []
        for columns, pred, in_lists in zip(roles, preds, pred_lists, strict=True):
            other = labels if in_lists and not label_lists else pred if label_lists and not in_lists else None
            order = orders[0] if other is None else self._class_order(other)
            label = [_of_list(labels[0], names) for names in order] if label_lists else labels
            several = [_of_list(pred[0], names) for names in order] if in_lists else pred
            found.append({**columns, "label": label, "pred": several})
        return found

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
        places = class_places(self.sources, self.options, columns, self.notes)
        return tuple(tuple(name for name, at in places if at == place) for place in range(len(columns)))

    def _labels_in(self, columns: Sequence[Chosen]) -> tuple[int | str, ...]:
        """All labels that some columns of lists hold.  DataError where there are none, or too many."""
        for column in columns:
            source = self.sources[column.side]
            if not source.can_be_read_again:
                raise UsageError(
                    f"the labels in the lists of `{column.name}` must be known before {source.path} is measured, "
                    "and it can be read only once",
                    hint="name them with `--classes`, or save it to a file first",
                )
        # Imported here: few columns hold lists.
        from losscli.measure.classes import refuse_strangers

        own, *others = self.known.labels(columns)
        for other, column in zip(others, columns[1:], strict=True):
            refuse_strangers(own, other, self.sources[column.side].path, column.name)
        labels = own.union(*others)
        file, name = self.sources[columns[0].side].path, columns[0].name
        if not labels:
            raise DataError(
                "no row has a label", hint="`--classes a,b,c` names the classes", file=file, column=name
            )
        if len(labels) > MOST_LABELS:
            raise DataError(
                f"its lists have more than {MOST_LABELS} different labels", file=file, column=name,
                hint="of CSV, `--dialect list=…` says what parts the labels of a cell",
            )  # fmt: skip
        return tuple(in_order(labels))


def class_places(
    sources: Sequence[Source], options: MeasureOptions, columns: Sequence[Chosen], notes: dict[str, None]
) -> tuple[tuple[int | str, int], ...]:
    """The class of each column, by all its names; a note says where `--classes` names them in their order."""
    names = [c.name for c in columns]
    if not options.classes:
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
    if len(options.classes) != len(names):
        raise UsageError(
            f"`--classes` names {plural(len(options.classes), 'class', 'classes')} for {columns_shown(columns, 'prediction')}"
        )
    if paired(names, options.classes) is None and share_names(names, options.classes):
        pairs = pairs_shown((options.classes, names), range(len(names)))
        notes.setdefault(
            f"`--classes` names the prediction columns in the order in which they stand: {pairs}"
        )
    return tuple((label, place) for place, label in enumerate(options.class_order))


def places_of(column: Chosen, width: int) -> list[Chosen]:
    """The columns for the places of a column of vectors."""
    return [column._replace(name=f"{column.name}[{at}]", item=at, width=width) for at in range(width)]


def _of_list(column: Chosen, names: tuple[int | str, ...]) -> Chosen:
    """The column of one label of a column of lists."""
    return column._replace(name=str(names[0]), labels=names)


def columns_shown(columns: Sequence[Chosen], what: str) -> str:
    """How many columns there are, for a message."""
    return f"1 {what} column" if len(columns) == 1 else f"{len(columns)} {what} columns"


def pairs_shown(names: tuple[Sequence[str], Sequence[str]], places: Sequence[int]) -> str:
    """Which prediction column belongs to which label column."""
    labels, preds = names
    shown = [f"`{pred}` for `{labels[place]}`" for pred, place in zip(preds, places, strict=True)]
    return ", ".join(shown[:4]) + (" …" if len(shown) > 4 else "")


def names_shown(names: Iterable[str]) -> str:
    """The first names, for a message."""
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown[:12]) + (" …" if len(shown) > 12 else "")
