"""Which columns of single rows a plan keeps, and their names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.errors import UsageError
from losscli.measure.class_views import BinaryView, OneClassView, PositiveView
from losscli.measure.number_views import ColumnsView, NumberView
from losscli.measure.observers.facts import Fact
from losscli.measure.observers.file_rows import FileRows, Residual, RowLoss
from losscli.measure.observers.pictures import PicturedColumns, PicturedLoss
from losscli.measure.observers.worst_rows import WorstRows
from losscli.table.block import KEY_KINDS, Place

if TYPE_CHECKING:
    from losscli.measure.observers.observer import Observer
    from losscli.measure.observers.pictures import PictureKind
    from losscli.measure.options import Pictures
    from losscli.measure.plan import Measure, Plan, ResultPart
    from losscli.measure.slots import Slot


def column_of(loss: str, pred: str | None, part: str | None) -> str:
    """What the column of a loss is called: with its prediction where there are several, and its part."""
    return f"{loss}{f'#{pred}' if pred is not None else ''}{f'[{part}]' if part is not None else ''}"


def watched(
    plan: Plan,
    keys: Sequence[Place],
    asked: Sequence[Fact],
    *,
    every: bool,
    worst: int,
    slopes: bool,
    pictures: Pictures,
) -> Plan:
    """The plan with observers of single rows.  UsageError where no loss has a value for each row, and one must.

    A page shows the worst rows where there are any.
    ``keys`` are the places of the key columns, read as text; ``asked`` are the columns of `--columns`.
    """
    measures = [m for m in plan.measures if m.loss.is_mean and m.loss.state == "sums"]
    if not measures and (every or (worst and pictures != "all")):
        option = "--rows-out" if every else "--worst"
        named = dict.fromkeys(m.loss.name for m in plan.measures)
        names = ", ".join(f"`{name}`" for name in named)
        raise UsageError(
            f"`{option}` needs a loss that each row has, and {names} {'is' if len(named) == 1 else 'are'} made of all rows together",
            hint="ask for one that is a mean of rows beside it, such as `mse` or `log_loss`",
        )
    own = _Names()
    if asked:
        _measured(plan, measures, slopes, own)  # a column of `--columns` takes none of these names
    taken = _Names()
    facts = _facts(plan, keys, asked, taken, own.taken) if every or worst else ()
    residuals, losses = _measured(plan, measures, slopes, taken)
    if slopes and not any(loss.slopes for loss in losses):
        raise UsageError("`--gradient` needs a loss that has a slope by the prediction")
    found: list[Observer] = []
    if every:
        found.append(FileRows(facts, residuals, losses))
    if worst:
        units = dict.fromkeys(loss.unit for loss in losses)
        found += [WorstRows(unit, worst, plan.units[unit].loss.better, facts) for unit in units]
    if pictures != "none":
        found += [PicturedLoss(loss.unit, loss.name) for loss in losses]
    if pictures == "all":
        found += _pictured(plan)
    return plan.watched_by(found)


def _measured(
    plan: Plan, measures: Sequence[Measure], slopes: bool, names: _Names
) -> tuple[tuple[Residual, ...], tuple[RowLoss, ...]]:
    """What is measured of a row, with the names of its columns."""
    several = len({m.pred for m in plan.measures}) > 1
    residuals = _residuals(plan, measures, several, names)
    made: list[tuple[str, Measure, ResultPart]] = []
    for measure in measures:
        pred = measure.pred if several else None
        for part in measure.parts:
            name = column_of(measure.loss.canonical(measure.values), pred, part.name if part.kind else None)
            made.append((names.take(name), measure, part))
    return residuals, tuple(
        RowLoss(name, part.unit, tuple(_slopes(name, measure, names)) if slopes else (), measure.loss)
        for name, measure, part in made
    )


def _pictured(plan: Plan) -> Iterator[PicturedColumns]:
    """Every label with its prediction, once: numbers, scores of two classes, or quantiles."""
    seen = set()
    for measure in plan.measures:
        for part in measure.parts:
            unit = plan.units[part.unit]
            views = dict(unit.views)
            label, pred = views.get("label"), views.get("pred")
            kind: PictureKind | None = None
            if isinstance(label, NumberView) and isinstance(pred, NumberView):
                # Labels of -1 and 1 are classes; those of a regression may be any number.
                kind = "residuals" if unit.loss.task == "regression" else None
            elif isinstance(label, (BinaryView, PositiveView, OneClassView)) and isinstance(pred, NumberView):
                kind = "scores"
            elif isinstance(label, NumberView) and isinstance(pred, ColumnsView) and unit.loss.takes_levels:
                kind = "coverage"
            key = kind, label, pred
            if kind is not None and key not in seen:
                seen.add(key)
                name = f"{measure.pred}, {part.name}" if part.kind else measure.pred
                yield PicturedColumns(part.unit, name, kind)


class _Names:
    """Names of columns, each once."""

    def __init__(self) -> None:
        self.taken = {"row", "loss"}

    def take(self, name: str, longer: str | None = None, own: Collection[str] = ()) -> str:
        found, count = name, 1
        while found in self.taken or found in own:
            found = longer if count == 1 and longer is not None else f"{longer or name}_{count + 1}"
            count += 1
        self.taken.add(found)
        return found


def _facts(
    plan: Plan, keys: Sequence[Place], asked: Sequence[Fact], names: _Names, own: Collection[str]
) -> tuple[Fact, ...]:
    """Keys first, then labels, predictions, weights, the columns of `--columns`, and what slices and filters read.

    A column is shown once, except a label or a prediction that `--columns` names.
    """
    order = {"label": 1, "pred": 2, "weight": 3, "other": 4, "key": 5}
    chosen: dict[tuple[int, int], tuple[int, Place, Slot]] = {}
    # What holds the same as another column.
    same = {other for _, other in plan.equal} | {shared.other for shared in plan.shared_ids}
    for place, slot in plan.places():
        if place in same or slot.made or slot.kind in KEY_KINDS:
            continue
        rank = 0 if place in keys else order[slot.purpose]
        held = chosen.get((place[0], slot.index))
        # Read in two ways, a number says more than a class.
        if held is None or (rank, slot.kind != "number") < (held[0], held[2].kind != "number"):
            chosen[place[0], slot.index] = rank, place, slot
    ordered = sorted(chosen.values(), key=lambda held: held[0])
    count = {rank: sum(held[0] == rank for held in ordered) for rank in (1, 2)}
    types = dict(zip(plan.keys.names, plan.keys.types, strict=True)) if plan.keys is not None else {}
    facts: list[Fact] = []
    stand: set[tuple[int, int, str]] = set()

    def add(rank: int, place: Place, slot: Slot) -> None:
        role = {1: "label", 2: "pred"}.get(rank)
        name = slot.name if role is None else role if count[rank] == 1 else f"{role}.{slot.name}"
        name = names.take(name, _on_side(place, slot))
        number = slot.kind in ("number", "truth")
        facts.append(Fact(name, place, number, rank == 0 and types.get(slot.name) == "int"))
        stand.add((place[0], slot.index, name))

    for held in ordered:
        if held[0] < order["other"]:
            add(*held)
    shown = set()
    for fact in asked:
        slot = plan.slot(fact.place)
        shown.add((fact.place[0], slot.index))
        if (fact.place[0], slot.index, fact.name) not in stand:
            facts.append(replace(fact, name=names.take(fact.name, _on_side(fact.place, slot), own)))
    for held in ordered:
        if held[0] >= order["other"] and (held[1][0], held[2].index) not in shown:
            add(*held)
    return tuple(facts)


def _on_side(place: Place, slot: Slot) -> str:
    return f"{('preds', 'labels')[place[0]]}.{slot.name}"


def _residuals(plan: Plan, measures: Sequence[Measure], several: bool, names: _Names) -> tuple[Residual, ...]:
    """Of every pair of a label and a prediction that are numbers, once."""
    found: dict[tuple[Place, Place], str] = {}
    for measure in measures:
        for part in measure.parts:
            views = dict(plan.units[part.unit].views)
            label, pred = views.get("label"), views.get("pred")
            if isinstance(label, NumberView) and isinstance(pred, NumberView):
                end = f".{part.name}" if part.kind else f".{measure.pred}" if several else ""
                found.setdefault((label.column, pred.column), f"residual{end}")
    return tuple(Residual(names.take(name), *places) for places, name in found.items())


def _slopes(name: str, measure: Measure, names: _Names) -> Iterator[tuple[str, str, int | None]]:
    """The columns of the slopes of one loss; none where it has no slope."""
    from losscli.loss.gradient import NoGradientError, gradients

    try:
        found = gradients(measure.loss)
    except NoGradientError:
        return
    columns = measure.pred.split(",")
    for gradient in found:
        stem = f"gradient.{name}" if len(found) == 1 else f"gradient.{name}.{gradient.role}"
        if not gradient.by_column:
            yield names.take(stem), gradient.role, None
            continue
        for at, column in enumerate(columns):
            yield names.take(f"{stem}.{column}"), gradient.role, at
