"""The losses, columns and options of a call become a plan, before a row is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from losscli.errors import DataError, UsageError
from losscli.loss.domains import COUNTS, NONNEGATIVE, REAL, AnyClass, Binary, Interval, Simplex
from losscli.loss.spec import Spec
from losscli.measure.adapt import WEIGHT, View
from losscli.measure.call import Call, LossRequest, names_cut
from losscli.measure.class_views import BinaryView, ClassesView, CodedView, OneClassView
from losscli.measure.list_columns import (
    ListColumns,
    Lists,
    class_places,
    columns_shown,
    names_shown,
    pairs_shown,
)
from losscli.measure.number_views import ColumnsView, GreatestView, NotBelowView, NumberView, TextView
from losscli.measure.plan import (
    ClassWeights,
    Filter,
    Measure,
    Plan,
    ResultPart,
    RowUnit,
)
from losscli.measure.slots import Purpose, Slot
from losscli.reading.select import (
    Chosen,
    choose,
    find_in_either,
    has,
    is_glob,
    is_id,
    named,
    named_in_either,
    tells_rows,
)
from losscli.table.labels import (
    classes_named,
    paired,
    quantile_level,
    share_names,
)

if TYPE_CHECKING:
    from losscli.loss.declare import Loss, Role
    from losscli.loss.matrix import ClassTable, Matrix
    from losscli.measure.lists import ReadColumn
    from losscli.measure.observers.facts import Fact
    from losscli.measure.slices import SliceView
    from losscli.pairing.keyplan import KeyPlan
    from losscli.pairing.telling import Telling
    from losscli.reading.source import Source
    from losscli.statistics.groups import GroupView
    from losscli.table.block import ColumnKind, Place

AVERAGES = ("macro", "micro", "weighted", "none")

ROLE_COLUMNS = {
    "mean": ("mean", "mu", "loc"),
    "sd": ("sd", "sigma", "std", "scale"),
    "var": ("var", "variance"),
    "lower": ("lower", "lo", "low"),
    "upper": ("upper", "hi", "high"),
    "median": ("median", "med"),
    "first": ("first", "score_a", "a"),
    "second": ("second", "score_b", "b"),
}
"""Names looked for where `--pred` does not say which column plays a role."""


def plan(
    sources: Sequence[Source], asked: Sequence[LossRequest], call: Call, read: ReadColumn | None = None
) -> Plan:
    """What to read and measure.  UsageError or DataError where the call does not fit the files.

    ``read`` reads a column before all others: columns of lists, for the classes in them.
    """
    if call.average is not None and call.average not in AVERAGES:
        raise UsageError(
            f"no average is called `{call.average}`", hint="they are macro, micro, weighted, none"
        )
    return _Planner(sources, call, read).plan(asked)


class _Planner:
    """Columns and forms chosen for one call; slots and units are shared by all that want the same."""

    def __init__(self, sources: Sequence[Source], call: Call, read: ReadColumn | None) -> None:
        self.sources = sources
        self.call = call
        self.slots: list[dict[Slot, int]] = [{} for _ in sources]
        self.units: dict[Any, int] = {}
        self.made: list[RowUnit] = []
        self.taken: set[tuple[int, int]] = set()
        self.aside: frozenset[str] = frozenset()
        self.side = 0  # of the model being planned
        self.pred: str | None = None  # the model being planned, as named, and the columns of its roles
        self.roles: dict[str, list[Chosen]] = {}
        self.listed = False  # whether labels and predictions are lists, or columns for what stands in lists
        self.tables: dict[str, ClassTable] = {}
        self.equal: list[tuple[Place, Place]] = []
        self.telling: tuple[Telling, ...] = ()
        self.notes: dict[str, None] = {}
        self.lists = ListColumns(sources, call, read, self.notes)

    def plan(self, asked: Sequence[LossRequest]) -> Plan:
        call = self.call
        last = len(self.sources) - 1 if call.label_side is None else call.label_side
        weights = self._named("--weight", call.weight) if call.weight is not None else []
        self.taken = {(w.side, w.index) for w in weights}
        keys = self._keys()
        if keys is not None:
            self.taken |= {(side, slot.index) for side, slots in enumerate(keys.sides) for slot in slots}
        grouping = [name for name in (call.cluster, call.time) if name is not None]
        self.aside = names_cut(self.sources, call.by, grouping)
        label = call.label if last == 0 else None
        models = []
        for text, side in self._models():
            self.side = side
            models.append((text, side, self._choose_preds(asked, text, label)))
        preds = {(c.side, c.index) for _, _, roles in models for held in roles.values() for c in held}
        # A loss of pairs in their right order has no label.
        labeled = any(role.name == "label" for one in asked for form in one.forms for role in form.roles)
        labels = []
        if labeled or call.label is not None:
            labels = self._choose(last, "label", call.label, self.taken | preds)
        if both := preds & {(c.side, c.index) for c in labels}:
            side, index = next(iter(both))
            name = self.sources[side].columns[index]
            raise UsageError(f"column `{name}` would be label and prediction at once")
        measures: dict[Any, Measure] = {}
        label_lists: dict[Lists, None] = {}
        for one in asked:
            lists = self.lists.kinds_of(one, labels, [roles for _, _, roles in models])
            label_lists[lists[0]] = None
            spread, self.listed = self.lists.spread(labels, models, lists)
            for (text, side, _), roles in zip(models, spread, strict=True):
                self.side, self.pred, self.roles = side, text, roles
                measure = self._measure(one)
                measures.setdefault(
                    (measure.loss.canonical(measure.values, defaults=True), measure.parts), measure
                )
        for how in label_lists:
            self._same_labels(labels, preds, how)
        if call.average is not None and not any(measure.has_parts for measure in measures.values()):
            names = names_shown(dict.fromkeys(measure.loss.name for measure in measures.values()))
            raise UsageError(
                f"`--average` is of losses per class or output, and these have one form: {names}",
                hint="leave `--average` out",
            )
        weight_view = None
        counting = next((m.loss.name for m in measures.values() if m.loss.takes_counts(m.values)), None)
        if weights:
            self.lists.refuse(weights, "--weight")
            places = [self._slot(w, "number", "weight") for w in weights]
            domain = COUNTS if counting else NONNEGATIVE
            weight_view = NumberView(places[0], domain, counting or "--weight", WEIGHT)
            self.equal += [(places[0], other) for other in places[1:]]
        class_weights = self._class_weights(labels, counting)
        slicings = tuple(self._slicing(text) for text in dict.fromkeys(call.by))
        where = self._where()
        self.telling = self._telling() if call.on is None else ()
        playing = self.taken | preds | {(c.side, c.index) for c in labels}
        asked_for = self._asked_for(playing, keys) if call.columns else ()
        watching = call.rows_out or call.worst > 0 or call.pictures != "none"
        shown = keys.sides[0] if keys is not None and watching else ()
        named_by = [self._slot(Chosen(0, key.index, key.name), "text", "key") for key in shown]
        groups = self._groups(keys) if call.bootstrap else None
        times = None if call.time is None else self._times(call.time)
        sides = tuple(tuple(slots) for slots in self.slots)
        chunk_rows = call.chunk_rows
        if any(slot.made for slots in sides for slot in slots):
            from losscli.measure.lists import CELLS

            width = max(sum(slot.made for slot in slots) for slots in sides)
            chunk_rows = max(1, min(chunk_rows, CELLS // max(1, width)))
        made = Plan(
            sides, tuple(self.made), tuple(measures.values()), weight_view, class_weights, tuple(self.equal),
            call.nan, chunk_rows, slicings, where, keys, groups=groups, times=times, telling=self.telling,
            notes=tuple(self.notes),
        )  # fmt: skip
        if not watching:
            return made
        from losscli.measure.rows import watched

        return watched(
            made,
            named_by,
            asked_for,
            every=call.rows_out,
            worst=call.worst,
            slopes=call.gradient,
            pictures=call.pictures,
        )

    def _keys(self) -> KeyPlan | None:
        """The keys by which rows are paired; None where they are paired by position."""
        call = self.call
        if call.on is None:
            return None
        from losscli.pairing.keyplan import by_position, choose_keys

        if not by_position(self.sources, call.on):
            return choose_keys(self.sources, call.on, call.key_type, call.unmatched)
        if call.key_type is not None or call.unmatched != "error":
            raise UsageError("`--key-type` and `--unmatched` are of keys", hint="name the keys: `--on KEY`")
        return None

    def _telling(self) -> tuple[Telling, ...]:
        """Columns that say which row is which, compared where rows are paired by position."""
        found: list[Telling] = []
        for other in range(1, len(self.sources)):
            if not any(tells_rows(name) for name in self.sources[other].columns):
                continue
            from losscli.pairing.keyplan import telling_columns
            from losscli.pairing.telling import Telling

            sides = (0, other)
            pair = [self.sources[side] for side in sides]
            taken = {
                (at, slot.index)
                for at, side in enumerate(sides) for slot in self.slots[side] if slot.purpose != "key"
            }  # fmt: skip
            for name, places, kind in telling_columns(pair, taken):
                if pair[0].holds_the_same(places[0], pair[1], places[1], self.call.jobs):
                    continue
                one, two = (
                    self._slot(Chosen(side, at, name), kind, "key")
                    for side, at in zip(sides, places, strict=True)
                )
                moments = "moment" in [source.key_type(at) for source, at in zip(pair, places, strict=True)]
                found.append(Telling(name, one, two, is_id(name), moments))
        return tuple(found)

    def _asked_for(self, playing: set[tuple[int, int]], keys: KeyPlan | None) -> list[Fact]:
        """The columns of `--columns`: as numbers where the file says that they are, else as text.

        ``playing`` are the columns that play a role, which a glob leaves out.
        """
        # Imported here: few calls look at rows.
        from losscli.measure.observers.facts import Fact
        from losscli.table.cells import CellReader

        keyed = {(at, slot.index) for at, slots in enumerate(keys.sides if keys else ()) for slot in slots}
        held: list[Fact] = []
        for one in named_in_either(self.sources, self.call.columns):
            columns = [c for c in one.columns if not (one.by_glob and (c.side, c.index) in playing)]
            if not columns or ((columns[0].side, columns[0].index) in keyed and columns[0].name == one.name):
                continue  # a key stands in every row, and is the same in both files
            types = []
            for column in columns:
                source = self.sources[column.side]
                found = source.key_type(column.index)
                # Of a folder it is the type in the first file.
                types.append(None if found == "int" and source.files else found)
            readings: dict[Any, ColumnKind] = {"float": "number", "decimal": "number", "int": "class"}
            kinds: list[ColumnKind] = [
                "list" if self.lists.holds_lists([column]) else readings.get(kind, "text")
                for column, kind in zip(columns, types, strict=True)
            ]
            first = self._slot(columns[0], kinds[0], "other")
            for column in columns[1:]:
                if self._is_compared(columns[0], column):
                    continue
                kind: ColumnKind = kinds[0] if len(set(kinds)) == 1 else "score"
                self.equal.append((self._slot(columns[0], kind, "other"), self._slot(column, kind, "other")))
            told = CellReader(self.call.decimal) if types[0] in (None, "wide int") else None
            held.append(Fact(one.name, first, kinds[0] == "number", kinds[0] == "class", told))
        return held

    def _is_compared(self, *columns: Chosen) -> bool:
        slots = [list(held) for held in self.slots]
        wanted = {(c.side, c.index) for c in columns}
        pairs = [*self.equal, *((telling.one, telling.other) for telling in self.telling)]
        return any({(side, slots[side][at].index) for side, at in pair} == wanted for pair in pairs)

    def _say(self, note: str) -> None:
        """Say something of the columns, once."""
        self.notes.setdefault(note)

    # ------------------------------------------------------------------ columns

    def _models(self) -> list[tuple[str | None, int]]:
        """Each model once, as its columns were named, and the side that holds it."""
        names: tuple[str | None, ...] = tuple(dict.fromkeys(self.call.preds)) or (None,)
        return [(name, side) for side in self.call.sides or (0,) for name in names]

    def _same_labels(self, labels: Sequence[Chosen], preds: set[tuple[int, int]], lists: Lists) -> None:
        """A label that files of several models hold must be the same in all."""
        for label in labels:
            for side in self.call.sides:
                source = self.sources[side]
                if side == label.side or not has(source, label.name):
                    continue
                other = find_in_either([source], label.name)[0]
                if (side, other.index) not in preds:
                    kinds: dict[Lists, ColumnKind] = {
                        "none": "score",
                        "labels": "labels",
                        "vectors": "vector",
                    }
                    width = self.lists.unfolded([label])[0].width if lists == "vectors" else 0
                    held = [
                        self._slot(replace(c, width=width), kinds[lists], "label")
                        for c in (label, Chosen(side, other.index, other.name))
                    ]
                    self.equal.append((held[0], held[1]))

    def _choose_preds(
        self, asked: Sequence[LossRequest], text: str | None, label: str | None
    ) -> dict[str, list[Chosen]]:
        """The columns of every role that one model's predictions play."""
        source, busy = self.sources[self.side], self.taken
        if label is not None and has(source, label):
            busy = busy | {(self.side, source.columns.index(label))}
        if text is not None and "=" in text and text not in source.columns:
            pairs = [pair.partition("=") for pair in text.split(",")]
            return {
                role.strip(): [
                    Chosen(self.side, at, source.columns[at]) for at in named(source, name.strip())
                ]
                for role, _, name in pairs
            }
        wanted = {role.name for one in asked for form in one.forms for role in form.pred_roles}
        if text is not None or "pred" in wanted:
            return {"pred": self._choose(self.side, "pred", text, busy)}
        return {}

    def _choose(self, side: int, role: str, asked: str | None, taken: set[tuple[int, int]]) -> list[Chosen]:
        own = {index for at, index in taken if at == side}
        return self._in_order(choose(self.sources[side], side, role, asked, own, self.aside))

    def _in_order(self, columns: list[Chosen]) -> list[Chosen]:
        """The columns in the order of `--classes`, where they are named for these classes."""
        places = None
        if len(columns) > 1 and self.sources[columns[0].side].named and self.call.classes:
            places = paired([c.name for c in columns], self.call.classes)
        return columns if places is None else [columns[place] for place in places]

    def _role_columns(self, form: Loss, role: Role, params: Mapping[str, Any]) -> list[Chosen]:
        """The columns that play a role; UsageError names a role that the call cannot fill."""
        if role.name in self.roles:
            return self.roles[role.name]
        columns = self._found_columns(form, role, params)
        if role.shape == "Columns":
            return self.lists.unfolded(columns)
        self.lists.refuse(columns, form.name)
        return columns

    def _found_columns(self, form: Loss, role: Role, params: Mapping[str, Any]) -> list[Chosen]:
        """The columns of a role that `--pred` and `--label` do not name."""
        if role.name == "weight":
            if self.call.weight is None:
                raise UsageError(
                    f"`{form.name}` speaks of `weight`", hint="name the column: `--weight COLUMN`"
                )
            return self._named("--weight", self.call.weight)[:1]
        if role.name in form.columns:
            name = role.name if form.words_are_columns else params.get(role.name)
            for known in (name,) if name is not None else form.columns[role.name]:
                if name is not None or any(known in source.columns for source in self.sources):
                    return self._named(f"--loss {form.canonical(params)}", str(known))[:1]
            hint = f"name a column: `{form.name}:{role.name}=COLUMN`"
        else:
            for known in ROLE_COLUMNS.get(role.name, (role.name,)):
                if known in self.sources[self.side].columns:
                    return [Chosen(self.side, named(self.sources[self.side], known)[0], known)]
            wanted = ",".join(f"{other.name}=COLUMN" for other in form.pred_roles)
            hint = f"name the columns: `--pred {wanted}`"
        raise UsageError(f"`{form.name}` needs a column for `{role.name}`", hint=hint)

    def _named(self, by: str, name: str) -> list[Chosen]:
        """A column that may lie on either side; the error says what names it."""
        try:
            return find_in_either(self.sources, name)
        except DataError as error:
            detail = "; ".join(part for part in (f"`{by}` names it", error.detail) if part)
            raise replace(error, detail=detail) from None

    def _slot(self, column: Chosen, kind: ColumnKind, purpose: Purpose) -> Place:
        slots, file = self.slots[column.side], self.sources[column.side].path
        if column.made:
            name = self.sources[column.side].columns[column.index]
            whole: ColumnKind = "labels" if column.labels else "vector"
            slots.setdefault(
                Slot(column.index, name, file, whole, purpose, (), None, column.width), len(slots)
            )
            purpose = "other" if column.labels else purpose
        width = column.width if kind == "vector" else 0
        slot = Slot(column.index, column.name, file, kind, purpose, column.labels, column.item, width)
        return column.side, slots.setdefault(slot, len(slots))

    def _class_weights(self, labels: Sequence[Chosen], counting: str | None) -> ClassWeights | None:
        if not self.call.class_weight:
            return None
        classes = classes_named("--class-weight", self.call.class_weight)
        if counting and any(weight not in COUNTS for weight in self.call.class_weight.values()):
            raise UsageError(f"`{counting}` counts rows: `--class-weight` must be whole numbers for it")
        if len(labels) != 1 or any(lists[0] != "none" for lists in self.lists.spreads):
            raise UsageError("`--class-weight` needs one label column, with one label a row")
        weights = tuple(zip(classes, self.call.class_weight.values(), strict=True))
        return ClassWeights(self._slot(labels[0], "class", "label"), weights)

    def _where(self) -> Filter | None:
        """The filter; in it every word is a column."""
        if self.call.where is None:
            return None
        from losscli.loss.expression import parse as parse_expression

        expression = parse_expression(self.call.where, "--where ")
        places = []
        for name, kind in expression.columns.items():
            columns = self._named("--where", name)
            self.lists.refuse(columns, "--where")
            found = [self._slot(c, "text" if kind == "text" else "truth", "other") for c in columns]
            self.equal += [(found[0], other) for other in found[1:]]
            places.append((name, found[0]))
        return Filter(expression, tuple(places))

    def _groups(self, keys: KeyPlan | None) -> GroupView:
        """The groups of the bootstrap: by cluster, by key, or by the number of the row."""
        # Imported here: few calls resample.
        from losscli.statistics.groups import GroupView

        if self.call.cluster is not None:
            columns = self._named("--ci", self.call.cluster)
            self.lists.refuse(columns, "--ci bootstrap:cluster")
            found = [self._slot(c, "text", "other") for c in columns]
            self.equal += [(found[0], other) for other in found[1:]]
            return GroupView((found[0],))
        if keys is None:
            return GroupView()
        slots = keys.sides[0]
        places = [self._slot(Chosen(0, slot.index, slot.name), slot.kind, "key") for slot in slots]
        return GroupView(tuple(places), keys.types)

    def _times(self, column: str) -> SliceView:
        """The time of each row, numbered as the times are met."""
        from losscli.measure.slices import Index, SliceKey, SliceView, Slicing

        columns = self._named("--time", column)
        self.lists.refuse(columns, "--time")
        found = [self._slot(c, "text", "other") for c in columns]
        self.equal += [(found[0], other) for other in found[1:]]
        return SliceView(Slicing((SliceKey(column),)), (found[0],), Index(most=1 << 62))

    def _slicing(self, text: str) -> SliceView:
        from losscli.measure.slices import Index, SliceView, parse_slicing

        slicing = parse_slicing(text, [column for source in self.sources for column in source.columns])
        places = []
        for key in slicing.keys:
            columns = self._named("--by", key.name)
            kind: ColumnKind = "number"
            if key.how == "value":
                kind = "list" if all(self.lists.holds_lists([c]) for c in columns) else "text"
            if kind != "list":
                self.lists.refuse(columns, "--by")
            found = [self._slot(c, kind, "other") for c in columns]
            self.equal += [(found[0], other) for other in found[1:]]
            places.append(found[0])
        index = Index()
        if self.call.bootstrap:
            from losscli.statistics.groups import MOST_SLICES

            index = Index(most=MOST_SLICES, asked_by="`--ci bootstrap`")
        return SliceView(slicing, tuple(places), index)

    # ------------------------------------------------------------------ measures

    def _measure(self, asked: LossRequest) -> Measure:
        form, repeated = self._form(asked)
        params = form.read_params(asked.spec)
        self._refuse_widths(form, params)
        preds = self._shown(form, params)
        if repeated:
            parts = self._repeated(form, params)
        elif form.roles[-1].shape == "Codes" and form.role("pred").shape == "Codes":
            parts = [ResultPart(self._unit(form, params, self._coded(form, params)))]
        else:
            parts = [
                ResultPart(
                    self._unit(form, params, [(r.name, self._view(form, r, params)) for r in form.roles])
                )
            ]
        measure = Measure(form, tuple(params.items()), preds, tuple(parts))
        if self.call.average is not None and measure.has_parts:
            self._refuse_average(form)
        return measure

    def _refuse_widths(self, form: Loss, params: Mapping[str, Any]) -> None:
        """UsageError where a role of one column is given several, or two vectors differ in length."""
        roles = [role for role in form.pred_roles if role.name != "pred"]
        widths = {role.name: len(self._role_columns(form, role, params)) for role in roles}
        for role in roles:
            if role.shape != "Columns" and widths[role.name] > 1:
                raise UsageError(f"`{form.name}` needs one column for `{role.name}`, not {widths[role.name]}")
        wide = {role.name: widths[role.name] for role in roles if role.shape == "Columns"}
        if len(set(wide.values())) > 1:
            counts = ", ".join(f"{width} for `{name}`" for name, width in wide.items())
            raise UsageError(f"`{form.name}` needs vectors of one length, not columns: {counts}")

    def _refuse_average(self, form: Loss) -> None:
        if self.call.average not in form.averages:
            has = ", ".join(form.averages) or "none of them"
            raise UsageError(f"`{form.name}` has no {self.call.average} average", hint=f"it has {has}")

    def _shown(self, form: Loss, params: Mapping[str, Any]) -> str:
        # A loss may find its roles by the names of columns, whatever `--pred` names.
        if self.pred is not None and any(role.name in self.roles for role in form.pred_roles):
            return self.pred
        columns = [c for role in form.pred_roles for c in self._role_columns(form, role, params)]
        names = (self.sources[c.side].columns[c.index] if c.made else c.name for c in columns)
        return ",".join(dict.fromkeys(names))

    def _unit(self, form: Loss, params: Mapping[str, Any], views: Iterable[tuple[str, View]]) -> int:
        rows: dict[str, Any] = {name: params[name] for name in form.row_params if name in params}
        if form.takes_levels:
            rows["levels"] = self._levels(form)
        if form.takes_matrix:
            rows["matrix"] = self._arranged(form, self._table(params["matrix"]))
        unit = RowUnit(form, tuple(rows.items()), tuple(views))
        key = (form.rows, form.state, unit.params, unit.views)
        if key not in self.units:
            self.units[key] = len(self.made)
            self.made.append(unit)
        return self.units[key]

    def _form(self, asked: LossRequest) -> tuple[Loss, bool]:
        """The form whose roles the columns fill, and whether it is repeated over outputs or classes."""
        name = asked.forms[0].name
        labels, preds = self.roles["label"], self.roles.get("pred", [])
        whole = [form for form in asked.forms if self._fits(form) and self._fits_matrix(form, asked.spec)]
        again = [form for form in asked.forms if self._fits_repeated(form)]
        shaped = whole or again
        if not shaped:
            if any(role.name == "pred" for form in asked.forms for role in form.roles) and preds:
                raise UsageError(
                    f"`{name}` cannot compare {columns_shown(preds, 'prediction')} with {columns_shown(labels, 'label')}",
                    f"predictions: {names_shown(p.name for p in preds)}; labels: {names_shown(c.name for c in labels)}",
                    "`cross_entropy` and `brier` measure probabilities of several classes, a column for each"
                    if len(labels) == 1 and any(_of_probability(form) for form in asked.forms)
                    else "choose columns with `--pred` and `--label`",
                )
            roles = ",".join(f"{role.name}=COLUMN" for role in asked.forms[0].pred_roles)
            needed = ", ".join(f"`{role.name}`" for role in asked.forms[0].pred_roles)
            raise UsageError(
                f"`{name}` needs {needed}",
                f"the model `{self.pred}` does not have it" if len(self.call.preds) > 1 else None,
                f"name the columns: `--pred {roles}`",
            )
        for form in shaped:
            if form.scores or form.logits == self.call.from_logits or _is_coded(form):
                form.read_params(asked.spec)
                return form, not whole
        if self.call.from_logits:
            raise UsageError(f"`{name}` has no form for raw scores", hint="leave `--from-logits` out")
        raise UsageError(f"`{name}` is measured from raw scores", hint="add `--from-logits`")

    def _fits(self, form: Loss) -> bool:
        labels, preds = len(self.roles["label"]), len(self.roles.get("pred", []))
        shapes = {role.name: role.shape for role in form.roles}
        if "pred" not in shapes:
            # Several roles of predictions, each of them one column.
            fits = labels == 1 or "label" not in shapes
            return fits and all(self._can_fill(form, role) for role in form.pred_roles)
        label, pred = shapes.get("label", "Column"), shapes["pred"]
        if label == "Columns" or pred == "Columns":
            wide = labels == preds if label == "Columns" else labels == 1
            return wide and (preds > 1 or self.listed)
        return (labels == 1 or "label" not in shapes) and (preds == 1 or (preds > 1 and pred == "Codes"))

    def _fits_matrix(self, form: Loss, spec: Spec) -> bool:
        """Whether a form for a label of 0 and 1 has a matrix of two such classes, where it takes one."""
        path = dict(spec.params).get("matrix")
        if not form.takes_matrix or not isinstance(form.role("label").domain, Binary) or path is None:
            return True
        return self._two_classes(self._table(path)) is not None

    def _two_classes(self, table: ClassTable) -> tuple[tuple[int | str, ...], ...] | None:
        """The names of the negative and the positive class in a matrix; None where it has no such two."""
        if self.call.positive is None:
            known: tuple[tuple[int | str, ...], ...] = ((0, -1), (1,))
            return known if {0, -1, 1} >= {*table.true, *table.pred} else None
        rest = tuple(name for name in table.true if name != self.call.positive)
        return (rest, (self.call.positive,)) if len(rest) == 1 else None

    def _table(self, path: str) -> ClassTable:
        if path not in self.tables:
            from losscli.loss.matrix import read_table

            self.tables[path] = read_table(path)
        return self.tables[path]

    def _arranged(self, form: Loss, table: ClassTable) -> Matrix:
        """The numbers of a matrix in the coding that the views of a form have."""
        if len(self.roles["pred"]) > 1:
            names: dict[int, list[int | str]] = {}
            for name, place in self._classes():
                names.setdefault(place, []).append(name)
            places = [names[place] for place in sorted(names)]
            return table.arranged(places, places)
        two = self._two_classes(table) if isinstance(form.role("label").domain, Binary) else None
        return table.cells if two is None else table.arranged(two, two)

    def _can_fill(self, form: Loss, role: Role) -> bool:
        try:
            self._role_columns(form, role, {})
        except UsageError:
            return False
        return True

    def _fits_repeated(self, form: Loss) -> bool:
        labels, preds = len(self.roles["label"]), len(self.roles.get("pred", []))
        if any(role.shape == "Columns" for role in form.roles) or "pred" not in {r.name for r in form.roles}:
            return False
        if labels == preds and (preds > 1 or self.listed):
            return True
        return form.per_class and labels == 1 and preds > 1 and form.role("pred").shape == "Column"

    def _repeated(self, form: Loss, params: Mapping[str, Any]) -> list[ResultPart]:
        """A unit for every output: a label column each, or one class of the label against the rest."""
        labels, preds = self.roles["label"], self.roles["pred"]
        parts = []
        if len(labels) == 1:
            classes = ClassesView(self._slot(labels[0], "class", "label"), self._classes(), form.name)
            for place, pred in enumerate(preds):
                domain = form.domain(form.role("pred"), params)
                assert isinstance(domain, Interval)
                number = NumberView(
                    self._slot(pred, "number", "pred"),
                    domain,
                    form.name,
                    rounding=self._rounding([pred], domain),
                )
                views: list[tuple[str, View]] = [("label", OneClassView(classes, place)), ("pred", number)]
                parts.append(ResultPart(self._unit(form, params, views), "class", str(classes.names[place])))
            return parts
        for label, pred in zip(self._matched(labels, preds), preds, strict=True):
            kept = self.roles
            self.roles = {**kept, "label": [label], "pred": [pred]}
            views = self._views(form, params)
            self.roles = kept
            other = "" if self.listed or label.name == pred.name else pred.name
            parts.append(ResultPart(self._unit(form, params, views), "output", label.name, other))
        return parts

    # ------------------------------------------------------------------ views

    def _views(self, form: Loss, params: Mapping[str, Any]) -> list[tuple[str, View]]:
        if _is_coded(form):
            return self._coded(form, params)
        return [(role.name, self._view(form, role, params)) for role in form.roles]

    def _view(self, form: Loss, role: Role, params: Mapping[str, Any]) -> View:
        """The view of one role, by its shape and its domain."""
        domain = form.domain(role, params)
        columns = self._role_columns(form, role, params)
        if role.shape == "Texts":
            return TextView(self._slot(columns[0], "text", "other"))
        purpose: Purpose = "label" if role.name == "label" else "pred"
        if isinstance(domain, Binary):
            place = self._slot(columns[0], "truth" if self.call.positive is None else "class", purpose)
            return BinaryView(place, domain, form.name, self.call.positive)
        if role.shape == "Columns":
            assert isinstance(domain, (Interval, Simplex))
            if role.name == "label":
                classes = isinstance(form.domain(form.role("pred"), params), Simplex)
                columns = self._matched(columns, self.roles["pred"], classes=classes)
            elif form.takes_levels:
                columns = self._by_level(form, columns)
            places = tuple(self._slot(c, "number", purpose) for c in columns)
            return ColumnsView(places, domain, form.name, self._rounding(columns, domain))
        if isinstance(domain, AnyClass):
            return ClassesView(self._slot(columns[0], "class", purpose), self._classes(), form.name)
        assert isinstance(domain, Interval)
        number = NumberView(
            self._slot(columns[0], "number", purpose), domain, form.name,
            rounding=self._rounding(columns[:1], domain),
        )  # fmt: skip
        for low, high in form.relations:
            if role.name == high:
                least = self._view(form, form.role(low), params)
                assert isinstance(least, NumberView)
                return NotBelowView(number, least, (low, high))
        return number

    def _rounding(self, columns: Sequence[Chosen], domain: Interval | Simplex) -> float:
        """The coarsest rounding of columns that hold probabilities, where it is coarser than a double's."""
        if domain not in (Interval(0.0, 1.0), Simplex()):
            return 0.0
        return max((self.sources[c.side].rounding(c.index) for c in columns), default=0.0)

    def _coded(self, form: Loss, params: Mapping[str, Any]) -> list[tuple[str, View]]:
        """Label and prediction as classes in one coding."""
        labels, preds = self.roles["label"], self.roles["pred"]
        if len(preds) > 1:
            slots = tuple(self._slot(p, "number", "pred") for p in preds)
            label = ClassesView(self._slot(labels[0], "class", "label"), self._classes(), form.name)
            return [("label", label), ("pred", GreatestView(ColumnsView(slots, REAL, form.name)))]
        if form.takes_matrix:
            table = self._table(params["matrix"])
            return [
                self._in_table(form, table, "label", labels, table.true, "row"),
                self._in_table(form, table, "pred", preds, table.pred, "column"),
            ]
        kind: ColumnKind = "number" if self.call.from_logits else "score"
        places = self._slot(labels[0], "class", "label"), self._slot(preds[0], kind, "pred")
        threshold = float(params.get("threshold", 0.5))
        positive = self.call.positive
        by_row = positive is not None and form.state != "confusion"
        return [
            (role, CodedView(*places, at, threshold, self.call.from_logits, form.name, positive, by_row))
            for at, role in enumerate(("label", "pred"))
        ]

    def _in_table(
        self, form: Loss, table: ClassTable, role: Purpose, columns: Sequence[Chosen],
        classes: Sequence[int | str], what: str,
    ) -> tuple[str, View]:  # fmt: skip
        """A class column in the coding of a matrix."""
        places = tuple((name, at) for at, name in enumerate(classes))
        slot = self._slot(columns[0], "class", role)
        return role, ClassesView(slot, places, form.name, f"{what} of {table.path}")

    def _classes(self) -> tuple[tuple[int | str, int], ...]:
        """The class that each prediction column stands for."""
        return class_places(self.sources, self.call, self.roles["pred"], self.notes)

    def _levels(self, form: Loss) -> tuple[float, ...]:
        columns = self._by_level(form, self.roles["pred"])
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
                raise DataError(
                    f"`{found[level].name}` and `{column.name}` are both for the level {level}",
                    f"`{form.name}` needs one column a level", "choose the columns with `--pred`",
                    file=self.sources[column.side].path,
                )  # fmt: skip
            found[level] = column
        if len(found) > 1 and max(found) < 0.05:
            raise DataError(
                f"{names_shown(c.name for c in columns)} would be levels of less than 5 %",
                hint="name quartiles for their levels: `q25,q50,q75`", file=self.sources[columns[0].side].path,
            )  # fmt: skip
        return [found[level] for level in sorted(found)]

    def _matched(self, labels: list[Chosen], preds: list[Chosen], *, classes: bool = False) -> list[Chosen]:
        """The label columns in the order of the prediction columns that are named like them.

        Where the names are not alike, the order in which they stand pairs them, which is said; names that
        a glob chose must not be alike in part, and those of ``classes`` must be alike.
        """
        sides = [labels[0].side, preds[0].side]
        if self.listed or not all(self.sources[side].named for side in sides):
            return labels
        names = [c.name for c in labels], [c.name for c in preds]
        places = paired(*names)
        if places is not None:
            if places != sorted(places):
                self._say(
                    f"outputs are paired by name, not in the order listed: {pairs_shown(names, places)}"
                )
            return [labels[place] for place in places]
        asked = zip(sides, (self.call.label, self.pred), strict=True)
        globs = [
            t for side, t in asked if t is not None and is_glob(t) and t not in self.sources[side].columns
        ]
        if classes or (globs and share_names(*names)):
            raise DataError(
                "the label columns and the prediction columns are not named for the same "
                + ("classes" if classes else "outputs"),
                f"labels: {names_shown(names[0])}; predictions: {names_shown(names[1])}",
                "name both for their classes, with a prefix each: `y_cat,y_dog` and `p_cat,p_dog`" if classes
                else "list them one by one with `--label` and `--pred` to pair them in that order",
                file=self.sources[sides[0]].path,
            )  # fmt: skip
        self._say(f"outputs are paired in the order of the columns: {pairs_shown(names, range(len(labels)))}")
        return labels


def _is_coded(form: Loss) -> bool:
    """Whether it takes a predicted class, which may come from a class, a probability or a score."""
    return any(role.name == "pred" and role.shape == "Codes" for role in form.roles)


def _of_probability(form: Loss) -> bool:
    """Whether it measures the probability of one of two classes."""
    domains = {role.name: role.domain for role in form.roles}
    return isinstance(domains.get("label"), Binary) and domains.get("pred") == Interval(0.0, 1.0)


def _level(form: Loss, name: str) -> float:
    level = quantile_level(name)
    if level is None:
        raise UsageError(
            f"column `{name}` does not name a quantile level",
            f"`{form.name}` takes the levels from the names of the columns",
            "name them for their levels: `q_0.1,q_0.5,q_0.9`, `p10,p50,p90` or `lo-80,hi-80`",
        )
    return level
