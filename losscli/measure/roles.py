"""Which columns play which roles: those that the options name, and those found by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from losscli.errors import DataError, UsageError
from losscli.measure.list_columns import ListColumns, Lists
from losscli.measure.slots import Model, Purpose, Slot
from losscli.reading.select import Chosen, choose, find_in_either, has, named
from losscli.table.labels import paired

if TYPE_CHECKING:
    from losscli.loss.declare import Loss, Role
    from losscli.measure.loss_request import LossRequest
    from losscli.measure.needs import Knowledge
    from losscli.measure.options import MeasureOptions
    from losscli.pairing.keyplan import KeyPlan
    from losscli.reading.source import Source
    from losscli.table.block import ColumnKind, Place

ROLE_COLUMNS = {
    "mean": ("mean", "mu", "loc"),
    "sd": ("sd", "sigma", "std", "scale"),
    "var": ("var", "variance"),
    "lower": ("lower", "lo", "low"),
    "upper": ("upper", "hi", "high"),
    "median": ("median", "med"),
    "first": ("first", "score_a", "a"),
    "second": ("second", "score_b", "b"),
    "nll": ("nll", "negative_log_likelihood"),
    "tokens": ("tokens", "n_tokens"),
    "logp": ("logp", "logprob", "log_prob"),
}
"""Names looked for where `--pred` does not say which column plays a role."""

LABEL_ROLE_COLUMNS = {
    "time": ("time", "duration", "survival_time", "T"),
    "event": ("event", "observed", "status", "E"),
    "lower": ("label_lower", "label_lower_bound", "lower", "lo"),
    "upper": ("label_upper", "label_upper_bound", "upper", "hi"),
}
"""The same where `--label` does not say it."""

LABEL_KINDS: dict[Lists, ColumnKind] = {"none": "score", "labels": "labels", "vectors": "vector"}
"""What a label is compared as, where the files of several models hold it."""


class CallColumns:
    """The columns of one call: what each is read as, and which must hold the same."""

    def __init__(self, sources: Sequence[Source], options: MeasureOptions, known: Knowledge) -> None:
        self.sources = sources
        self.options = options
        self.known = known
        self.slots: list[dict[Slot, int]] = [{} for _ in sources]
        self.equal: list[tuple[Place, Place]] = []
        self.compared: set[frozenset[tuple[int, int]]] = set()  # the pairs of columns that are compared
        self.notes: dict[str, None] = {}  # what was understood of the columns, each once
        self.lists = ListColumns(sources, options, known, self.notes)
        self.weights = [] if options.weight is None else self.named("--weight", options.weight)
        self.keys = self._keys()
        self.busy = {(w.side, w.index) for w in self.weights}
        """Weights and keys, which play no other role unasked."""
        if self.keys is not None:
            self.busy |= {(side, slot.index) for side, slots in enumerate(self.keys.sides) for slot in slots}
        self.aside: frozenset[str] = frozenset()
        cutting = (options.cluster, options.time, options.group, options.group_weight)
        grouping = [name for name in cutting if name is not None]
        if options.by or grouping:
            from losscli.measure.slices import names_cut

            self.aside = names_cut(sources, options.by, grouping)

    # ------------------------------------------------------------------ what is read

    def slot(self, column: Chosen, kind: ColumnKind, purpose: Purpose) -> Place:
        """The place of a column that is read as a kind; a column that several read so is read once."""
        slots, source = self.slots[column.side], self.sources[column.side]
        if column.made:
            whole: ColumnKind = "labels" if column.labels else "vector"
            of = Slot(column.index, source.columns[column.index], source.path, whole, purpose, column.width)
            slots.setdefault(of, len(slots))
            purpose = "other" if column.labels else purpose
        width = column.width if kind == "vector" else 0
        slot = Slot(column.index, column.name, source.path, kind, purpose, width, column.labels, column.item)
        return column.side, slots.setdefault(slot, len(slots))

    def shared(self, columns: Sequence[Chosen], kind: ColumnKind, purpose: Purpose = "other") -> Place:
        """The place of a column that several files may hold, which must then hold the same."""
        first, *others = [self.slot(column, kind, purpose) for column in columns]
        self.equal += [(first, other) for other in others]
        self.compared |= {self.pair(columns[0], other) for other in columns[1:]}
        return first

    @staticmethod
    def pair(one: Chosen, other: Chosen) -> frozenset[tuple[int, int]]:
        """Two columns, in whichever order."""
        return frozenset(((one.side, one.index), (other.side, other.index)))

    def named(self, by: str, name: str) -> list[Chosen]:
        """A column that may lie on either side.  DataError says what names it."""
        try:
            return find_in_either(self.sources, name)
        except DataError as error:
            detail = "; ".join(part for part in (f"`{by}` names it", error.detail) if part)
            raise replace(error, detail=detail) from None

    def of_option(self, option: str, name: str, kind: ColumnKind, cannot: str | None = None) -> Place:
        """The place of a column that an option names, and which holds no lists; ``cannot`` says which cannot read them."""
        columns = self.named(option, name)
        self.lists.refuse(columns, cannot or option)
        return self.shared(columns, kind)

    def _keys(self) -> KeyPlan | None:
        """The keys by which rows are paired; None where they are paired by position."""
        options = self.options
        if options.on is None:
            return None
        from losscli.pairing.keyplan import by_position, choose_keys

        if not by_position(self.sources, options.on):
            return choose_keys(self.sources, options.on, options.key_type, options.unmatched)
        if options.key_type is not None or options.unmatched != "error":
            raise UsageError("`--key-type` and `--unmatched` need keys", hint="name the keys: `--on KEY`")
        return None

    # ------------------------------------------------------------------ labels and predictions

    def models(self, requests: Sequence[LossRequest]) -> list[Model]:
        """Each model once, with the columns of every role that its predictions play."""
        names: tuple[str | None, ...] = tuple(dict.fromkeys(self.options.models)) or (None,)
        wanted = {role.name for one in requests for form in one.forms for role in form.pred_roles}
        return [
            Model(name, side, self._pred_roles(name, side, wanted), self.label_roles())
            for side in self.options.model_sides or (0,)
            for name in names
        ]

    def _pred_roles(self, pred: str | None, side: int, wanted: set[str]) -> dict[str, list[Chosen]]:
        """The columns of every role that one model's predictions play."""
        source, busy, label = self.sources[side], self.busy, self.options.label
        if label is not None and self.options.label_side == 0 and has(source, label):
            busy = busy | {(side, source.columns.index(label))}
        busy = busy | {(c.side, c.index) for columns in self.label_roles().values() for c in columns}
        if (roles := self._roles_named(side, pred)) is not None:
            return roles
        if pred is not None or "pred" in wanted:
            return {"pred": self._choose(side, "pred", pred, busy)}
        return {}

    def _roles_named(self, side: int, asked: str | None) -> dict[str, list[Chosen]] | None:
        """The columns of each role in ``role=COLUMN,role=COLUMN``; None where the text names no roles."""
        source = self.sources[side]
        if asked is None or "=" not in asked or asked in source.columns:
            return None
        pairs = [pair.partition("=") for pair in asked.split(",")]
        return {
            role.strip(): [Chosen(side, at, source.columns[at]) for at in named(source, name.strip())]
            for role, _, name in pairs
        }

    def label_roles(self) -> dict[str, list[Chosen]]:
        """The columns of the roles that `--label` names: `time=T,event=E`."""
        return self._roles_named(self.options.label_side, self.options.label) or {}

    def labels(self, requests: Sequence[LossRequest], preds: set[tuple[int, int]]) -> list[Chosen]:
        """The label columns; UsageError where one is a prediction as well."""
        # A loss of pairs in their right order has no label.
        labeled = any(role.name == "label" for one in requests for form in one.forms for role in form.roles)
        roles = self.label_roles()
        if roles and labeled and "label" not in roles:
            raise UsageError(
                f"`--label {self.options.label}` names no column for `label`",
                hint="a loss with one label column needs `--label COLUMN` alone, or `label=COLUMN` with the others",
            )
        if not roles and not labeled and self.options.label is None:
            return []
        side = self.options.label_side
        labels = (
            roles.get("label", [])
            if roles
            else self._choose(side, "label", self.options.label, self.busy | preds)
        )
        if labeled and not labels and len(self.sources) == 1:
            (source,) = self.sources
            raise UsageError(
                "there are no labels",
                f"every column of {source.path} is a prediction",
                "the labels are the second input; or name columns with `--pred` and `--label`",
            )
        if both := preds & {(c.side, c.index) for columns in (labels, *roles.values()) for c in columns}:
            side, index = next(iter(both))
            name = self.sources[side].columns[index]
            raise UsageError(f"column `{name}` would be label and prediction at once")
        return labels

    def _choose(self, side: int, role: str, asked: str | None, taken: set[tuple[int, int]]) -> list[Chosen]:
        """The columns of a role, in the order of `--classes` where they are named for these classes."""
        own = {index for at, index in taken if at == side}
        columns = choose(self.sources, side, role, asked, own, self.aside)
        places = None
        if len(columns) > 1 and self.sources[side].named and self.options.classes:
            places = paired([c.name for c in columns], self.options.classes)
        return columns if places is None else [columns[place] for place in places]

    def compare_labels(self, labels: Sequence[Chosen], preds: set[tuple[int, int]], lists: Lists) -> None:
        """A label that the files of several models hold must be the same in all."""
        for label in labels:
            for side in self.options.model_sides:
                source = self.sources[side]
                if side == label.side or not has(source, label.name):
                    continue
                other = find_in_either([source], label.name)[0]
                if (side, other.index) not in preds:
                    width = self.lists.unfolded([label])[0].width if lists == "vectors" else 0
                    both = (label, Chosen(side, other.index, other.name))
                    self.shared([c._replace(width=width) for c in both], LABEL_KINDS[lists], "label")

    def of_role(self, model: Model, form: Loss, role: Role, params: Mapping[str, Any]) -> list[Chosen]:
        """The columns that play a role; UsageError names a role that the call cannot fill."""
        given = model.labels if role.name in form.label_roles and role.name != "label" else model.roles
        if role.name in given:
            if given is model.labels:
                self.lists.refuse(given[role.name], form.name)
            return given[role.name]
        columns = self._found(model, form, role, params)
        if role.shape == "Columns":
            return self.lists.unfolded(columns)
        self.lists.refuse(columns, form.name)
        return columns

    def _found(self, model: Model, form: Loss, role: Role, params: Mapping[str, Any]) -> list[Chosen]:
        """The columns of a role that `--pred` and `--label` do not name."""
        if role.name == "weight":
            if self.options.weight is None:
                raise UsageError(
                    f"`{form.name}` speaks of `weight`", hint="name the column: `--weight COLUMN`"
                )
            return self.weights[:1]
        if role.name in form.columns:
            name = role.name if form.words_are_columns else params.get(role.name)
            for known in (name,) if name is not None else form.columns[role.name]:
                if name is not None or any(known in source.columns for source in self.sources):
                    return self.named(f"--loss {form.canonical(params)}", str(known))[:1]
            hint = f"name a column: `{form.name}:{role.name}=COLUMN`"
        else:
            of_label = role.name in form.label_roles
            side = self.options.label_side if of_label else model.side
            source, names = self.sources[side], LABEL_ROLE_COLUMNS if of_label else ROLE_COLUMNS
            for known in names.get(role.name, (role.name,)):
                if known in source.columns:
                    return [Chosen(side, named(source, known)[0], known)]
            option = "--label" if of_label else "--pred"
            roles = form.label_roles if of_label else [other.name for other in form.pred_roles]
            hint = f"name the columns: `{option} {','.join(f'{other}=COLUMN' for other in roles)}`"
        raise UsageError(f"`{form.name}` needs a column for `{role.name}`", hint=hint)
