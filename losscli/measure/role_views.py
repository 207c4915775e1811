"""The views of a form's roles: how the columns of one model become the arrays that its row function takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from losscli.errors import DataError, UsageError
from losscli.loss.domains import REAL, AnyClass, Binary, Interval, Simplex
from losscli.measure.list_columns import class_places, names_shown, pairs_shown
from losscli.measure.number_views import (
    ColumnsView,
    GreatestView,
    NotBelowView,
    NumberView,
    StringsView,
    TextView,
    TimeView,
)
from losscli.reading.listing import is_glob
from losscli.reading.select import Chosen
from losscli.table.labels import by_member, paired, quantile_level, share_names, time_of_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from losscli.loss.declare import Loss, Role
    from losscli.loss.matrix import ClassTable, Matrix
    from losscli.measure.adapt import View
    from losscli.measure.class_views import ClassesView
    from losscli.measure.roles import CallColumns
    from losscli.measure.slots import Model, Purpose
    from losscli.measure.training import ScaleView
    from losscli.table.block import ColumnKind


def is_coded(form: Loss) -> bool:
    """Whether it takes a predicted class, which may come from a class, a probability or a score."""
    return any(role.name == "pred" and role.shape == "Codes" for role in form.roles)


class RoleViews:
    """The columns of one model, as forms read them."""

    def __init__(self, columns: CallColumns, model: Model) -> None:
        self.columns = columns
        self.model = model

    def of_form(self, form: Loss, params: Mapping[str, Any]) -> list[tuple[str, View]]:
        """The view of each role of a form."""
        if is_coded(form):
            return self._coded(form, params)
        return [(role.name, self._view(form, role, params)) for role in form.roles]

    def by_class(self, form: Loss, params: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, View]]]]:
        """For each class its name, the label as that class against the rest, and the prediction of its column."""
        # Imported here and below: many losses take no classes.
        from losscli.measure.class_views import OneClassView

        classes = self._classes_view(form)
        for place, pred in enumerate(self.model.roles["pred"]):
            domain = form.domain(form.role("pred"), params)
            assert isinstance(domain, Interval)
            number = self._number(form, pred, domain, "pred")
            yield str(classes.names[place]), [("label", OneClassView(classes, place)), ("pred", number)]

    def by_output(
        self, form: Loss, params: Mapping[str, Any]
    ) -> Iterator[tuple[Chosen, Chosen, list[tuple[str, View]]]]:
        """For each output its label, its prediction, and their views."""
        labels, preds = self.model.roles["label"], self.model.roles["pred"]
        for label, pred in zip(self._matched(labels, preds), preds, strict=True):
            one = self.model._replace(roles={**self.model.roles, "label": [label], "pred": [pred]})
            yield label, pred, RoleViews(self.columns, one).of_form(form, params)

    def _view(self, form: Loss, role: Role, params: Mapping[str, Any]) -> View:
        """The view of one role, by its shape and its domain."""
        domain = form.domain(role, params)
        if role.name == "scale" and "train" in params:
            return self._scale(form, params)
        if role.shape == "Times":
            return self._time(form)
        columns = self.columns.of_role(self.model, form, role, params)
        purpose: Purpose = "label" if role.name in form.label_roles else "pred"
        if role.shape == "Texts":
            if form.words_are_columns:  # an expression asks for missing texts itself
                return TextView(self.columns.slot(columns[0], "text", "other"))
            return StringsView(self.columns.slot(columns[0], "text", purpose))
        if isinstance(domain, Binary):
            from losscli.measure.class_views import BinaryView, PositiveView

            positive = self.columns.options.positive
            place = self.columns.slot(columns[0], "truth" if positive is None else "class", purpose)
            return BinaryView(place, domain, form.name) if positive is None else PositiveView(place, positive)
        if role.shape == "Columns":
            assert isinstance(domain, (Interval, Simplex))
            if form.members:
                columns = self._by_member(form, columns) if role.name == "pred" else columns
            elif role.name == "label":
                classes = isinstance(form.domain(form.role("pred"), params), Simplex)
                columns = self._matched(columns, self.model.roles["pred"], classes=classes)
            elif form.takes_levels:
                columns = self._by_level(form, columns)
            places = tuple(self.columns.slot(c, "number", purpose) for c in columns)
            return ColumnsView(places, domain, form.name, self._rounding(columns, domain))
        if isinstance(domain, AnyClass):
            if role.name not in form.columns:
                return self._classes_in(columns[0], purpose, form)
            from losscli.measure.class_views import GroupsView

            return GroupsView(self.columns.slot(columns[0], "class", purpose))
        assert isinstance(domain, Interval)
        number = self._number(form, columns[0], domain, purpose)
        for low, high in form.relations:
            if role.name == high:
                least = self._view(form, form.role(low), params)
                assert isinstance(least, NumberView)
                return NotBelowView(number, least, (low, high), f"--{purpose}")
        return number

    def _number(self, form: Loss, column: Chosen, domain: Interval, purpose: Purpose) -> NumberView:
        place = self.columns.slot(column, "number", purpose)
        return NumberView(place, domain, form.name, rounding=self._rounding([column], domain))

    def _time(self, form: Loss) -> TimeView:
        """The time of each row."""
        name = self.columns.options.time
        if name is None:
            raise UsageError(
                f"`{form.name}` needs the order of the rows", hint="name their time: `--time COLUMN`"
            )
        columns = self.columns.named("--time", name)
        self.columns.lists.refuse(columns, "--time")
        return TimeView(self.columns.shared(columns, "text", "label"), form.name)

    def _scale(self, form: Loss, params: Mapping[str, Any]) -> ScaleView:
        """The scale of each row's series, from a training file."""
        # Imported here: few losses have one.
        from losscli.loss.training import Training
        from losscli.measure.training import ScaleView, TrainingFile

        assert form.trained is not None
        options, labels = self.columns.options, self.model.roles["label"]
        training = Training(params["train"], params["season"], form.trained)
        label = labels[0].name if len(labels) == 1 else None
        file = TrainingFile(training, label, options.group, options.time, options.dialect)
        group = None if options.group is None else self.columns.of_option("--group", options.group, "text")
        return ScaleView(group, file, self.columns.known.scales(file), form.name)

    def _rounding(self, columns: Sequence[Chosen], domain: Interval | Simplex) -> float:
        """The coarsest rounding of columns that hold probabilities, where it is coarser than a double's."""
        if domain not in (Interval(0.0, 1.0), Simplex()):
            return 0.0
        return max((self.columns.sources[c.side].rounding(c.index) for c in columns), default=0.0)

    # ------------------------------------------------------------------ classes

    def _coded(self, form: Loss, params: Mapping[str, Any]) -> list[tuple[str, View]]:
        """Label and prediction as classes in one coding."""
        labels, preds = self.model.roles["label"], self.model.roles["pred"]
        if len(preds) > 1:
            slots = tuple(self.columns.slot(p, "number", "pred") for p in preds)
            label = self._classes_view(form)
            return [("label", label), ("pred", GreatestView(ColumnsView(slots, REAL, form.name)))]
        if form.takes_matrix:
            table = self.columns.known.costs(params["matrix"])
            return [
                ("label", self._in_table(form, table, "label", labels[0], table.true, "row")),
                ("pred", self._in_table(form, table, "pred", preds[0], table.pred, "column")),
            ]
        from losscli.measure.class_views import CodedView

        options = self.columns.options
        kind: ColumnKind = "number" if options.from_logits else "score"
        places = self.columns.slot(labels[0], "class", "label"), self.columns.slot(preds[0], kind, "pred")
        threshold = float(params.get("threshold", 0.5))
        positive = options.positive
        by_row = positive is not None and form.state != "confusion"
        return [
            (role, CodedView(*places, at, threshold, options.from_logits, form.name, positive, by_row))
            for at, role in enumerate(("label", "pred"))
        ]

    def _classes_view(self, form: Loss) -> ClassesView:
        """The label as the classes of the prediction columns."""
        return self._classes_in(self.model.roles["label"][0], "label", form)

    def _classes_in(self, column: Chosen, purpose: Purpose, form: Loss) -> ClassesView:
        """A column as the classes of the prediction columns."""
        from losscli.measure.class_views import ClassesView

        return ClassesView(self.columns.slot(column, "class", purpose), self._classes(), form.name)

    def _in_table(
        self,
        form: Loss,
        table: ClassTable,
        role: Purpose,
        column: Chosen,
        classes: Sequence[int | str],
        what: str,
    ) -> ClassesView:
        """A class column in the coding of a matrix."""
        from losscli.measure.class_views import ClassesView

        places = tuple((name, at) for at, name in enumerate(classes))
        return ClassesView(
            self.columns.slot(column, "class", role), places, form.name, f"{what} of {table.path}"
        )

    def _classes(self) -> tuple[tuple[int | str, int], ...]:
        """The class of each prediction column."""
        columns = self.columns
        return class_places(columns.sources, columns.options, self.model.roles["pred"], columns.notes)

    # ------------------------------------------------------------------ matrices and levels

    def two_classes(self, table: ClassTable) -> tuple[tuple[int | str, ...], ...] | None:
        """The names of the negative and the positive class in a matrix; None where it has no such two."""
        positive = self.columns.options.positive
        if positive is None:
            known: tuple[tuple[int | str, ...], ...] = ((0, -1), (1,))
            return known if {0, -1, 1} >= {*table.true, *table.pred} else None
        rest = tuple(name for name in table.true if name != positive)
        return (rest, (positive,)) if len(rest) == 1 else None

    def arranged(self, form: Loss, table: ClassTable) -> Matrix:
        """The numbers of a matrix in the coding that the views of a form have."""
        if len(self.model.roles["pred"]) > 1:
            names: dict[int, list[int | str]] = {}
            for name, place in self._classes():
                names.setdefault(place, []).append(name)
            places = [names[place] for place in sorted(names)]
            return table.arranged(places, places)
        two = self.two_classes(table) if isinstance(form.role("label").domain, Binary) else None
        return table.cells if two is None else table.arranged(two, two)

    def levels(self, form: Loss) -> tuple[float, ...]:
        """The quantile levels, or times, that the prediction columns name."""
        columns = self._by_level(form, self.model.roles["pred"])
        levels = tuple(_level(form, column.name) for column in columns)
        if form.refuses_levels is not None and (why := form.refuses_levels(levels)) is not None:
            raise UsageError(
                f"`{form.name}` needs {why}", f"the columns are {names_shown(c.name for c in columns)}"
            )
        return levels

    def _by_level(self, form: Loss, columns: Sequence[Chosen]) -> list[Chosen]:
        found: dict[float, Chosen] = {}
        for column in columns:
            level = _level(form, column.name)
            if level in found:
                what = "time" if form.times else "level"
                raise DataError(
                    f"`{found[level].name}` and `{column.name}` are both for the {what} {level}",
                    f"`{form.name}` needs one column a {what}", "choose the columns with `--pred`",
                    file=self.columns.sources[column.side].path,
                )  # fmt: skip
            found[level] = column
        if len(found) > 1 and max(found) < 0.05 and not form.times:
            raise DataError(
                f"{names_shown(c.name for c in columns)} would be levels of less than 5 %",
                hint="name quartiles for their levels: `q25,q50,q75`", file=self.columns.sources[columns[0].side].path,
            )  # fmt: skip
        return [found[level] for level in sorted(found)]

    def _by_member(self, form: Loss, columns: list[Chosen]) -> list[Chosen]:
        """The columns of an ensemble, one member after the other, each with a column for every label in their order.

        They are found by their names, which begin or end with those of the labels; else their order is that.
        """
        labels = self.model.roles["label"]
        sides = {column.side for column in (*labels, *columns)}
        if (
            len(labels) == 1
            or self.model.listed
            or not all(self.columns.sources[side].named for side in sides)
        ):
            return columns
        places = by_member([c.name for c in columns], [c.name for c in labels])
        if places is not None:
            return [columns[place] for place in places]
        self.columns.notes.setdefault(
            f"`{form.name}` reads members in the order of the columns: the first has "
            f"{names_shown(c.name for c in columns[: len(labels)])} for {names_shown(c.name for c in labels)}"
        )
        return columns

    def _matched(self, labels: list[Chosen], preds: list[Chosen], *, classes: bool = False) -> list[Chosen]:
        """The label columns in the order of the prediction columns that are named like them.

        Where the names are not alike, labels and predictions are paired in their order, which a note says; names
        that a glob chose must not be alike in part, and those of ``classes`` must be alike.
        """
        sides = [labels[0].side, preds[0].side]
        if self.model.listed or not all(self.columns.sources[side].named for side in sides):
            return labels
        names = [c.name for c in labels], [c.name for c in preds]
        places = paired(*names)
        if places is not None:
            if places != sorted(places):
                self.columns.notes.setdefault(
                    f"outputs are paired by name, not in the order listed: {pairs_shown(names, places)}"
                )
            return [labels[place] for place in places]
        asked = zip(sides, (self.columns.options.label, self.model.pred), strict=True)
        globs = [
            t
            for side, t in asked
            if t is not None and is_glob(t) and t not in self.columns.sources[side].columns
        ]
        if classes or (globs and share_names(*names)):
            raise DataError(
                "the label columns and the prediction columns are not named for the same "
                + ("classes" if classes else "outputs"),
                f"labels: {names_shown(names[0])}; predictions: {names_shown(names[1])}",
                "name both for their classes, with a prefix each: `y_cat,y_dog` and `p_cat,p_dog`" if classes
                else "list them one by one with `--label` and `--pred` to pair them in that order",
                file=self.columns.sources[sides[0]].path,
            )  # fmt: skip
        self.columns.notes.setdefault(
            f"outputs are paired in the order of the columns: {pairs_shown(names, range(len(labels)))}"
        )
        return labels


def _level(form: Loss, name: str) -> float:
    level = time_of_name(name) if form.times else quantile_level(name)
    if level is None:
        what, names = "quantile level", "levels: `q_0.1,q_0.5,q_0.9`, `p10,p50,p90` or `lo-80,hi-80`"
        if form.times:
            what, names = "time", "times: `alive_30,alive_90,alive_365`"
        raise UsageError(
            f"column `{name}` does not name a {what}",
            f"`{form.name}` takes the {names.partition(':')[0]} from the names of the columns",
            f"name them for their {names}",
        )
    return level
