"""The pictures of a report: numbers ready to be drawn, and a description for readers who cannot see them.

They come from counts kept in the same pass (`binned`) and from the results, so they stay small whatever the number of
rows.  `svg` and `plot` draw them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from losscli.measure.observers.binned import Axis, Coverage, Grid, Histogram, Scores
from losscli.measure.rows import column_of
from losscli.report.slice_pattern import slice_text
from losscli.show.columns import Table, TextColumn
from losscli.show.lines import name_text, place_text, several_preds, value_text
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.report.records import Report, Result
    from losscli.table.block import Floats, Ints

BARS = 48
"""The most bars of a histogram."""

FAR = 4
"""If 99 of 100 rows lie in less than one part in FAR of the range, the others are counted and not drawn."""

CALIBRATION_BINS = 10


MOST_CURVES = 10
"""The most curves in one picture."""


class Curve(NamedTuple):
    """A line through points: what it is of, and what is said of it."""

    x: Floats
    y: Floats
    of: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its title, its axes, and what is drawn."""

    kind: Literal["bars", "grid", "lines"]
    title: str
    x: str
    y: str
    alt: str  # the description
    edges: Floats | None = None  # of bars
    counts: Ints | None = None
    grid: Grid | None = None
    lines: tuple[Curve, ...] = ()
    diagonal: bool = False  # where a perfect prediction lies
    level: float | None = None  # of a line across: zero, or chance
    unit: bool = False  # both axes go from 0 to 1
    marks: bool = False  # the points of lines are marked
    note: str = ""
    plot: str = ""  # its name for `--plot`


def pictures(report: Report) -> list[Picture]:
    """The pictures of a report, in the order in which they are shown."""
    exact, losses = dict(_exact_curves(report)), _losses(report)
    order = list(losses)

    def place(key: tuple[str, str]) -> tuple[int, int, str]:
        kind, name = key
        return ORDER.index(kind), order.index(name) if name in losses else len(order), name

    found = [*_curves(report), *exact.values()]
    for (kind, name), binned in sorted((report.binned or {}).items(), key=lambda item: place(item[0])):
        if isinstance(binned, Histogram):
            if kind == "loss":
                said = losses.get(name, name)
                found.append(_bars(binned, f"Loss of each row: {said}", said, "loss"))
            elif kind == "groups":
                found.append(_bars(binned, f"Value of each group: {name}", name, "groups", of="group"))
            else:
                found.append(_bars(binned, f"Residuals of {name}", "label − prediction", "residuals"))
        elif isinstance(binned, Grid):
            found.append(_grid(binned, kind, name))
        elif isinstance(binned, Scores):
            found += [picture for picture in _of_scores(binned, name) if (picture.plot, name) not in exact]
        elif isinstance(binned, Coverage):
            found.append(_coverage(binned, name))
    laid = _laid_over(found)
    return [picture if _drawable(picture) else replace(picture, note=UNDRAWN, **NOTHING) for picture in laid]


def _losses(report: Report) -> dict[str, str]:
    """The name of each result of all rows by the name of the column of its loss."""
    several = several_preds(report.results)
    return {
        column_of(r.loss, r.pred if several else None, next(iter(r.part.values()), None)): name_text(
            r.loss, r.pred if several else None, place_text(r.part, {})
        )
        for r in report.results
        if not r.slice
    }


def _laid_over(found: list[Picture]) -> Iterator[Picture]:
    """Curves of one kind, of several predictions or classes, are in one picture, in the place of the first."""
    kinds: dict[str, list[Picture]] = {}
    for at, picture in enumerate(found):
        kinds.setdefault(picture.title if picture.lines else f"{at}", []).append(picture)
    for same in kinds.values():
        if 1 < len(same) <= MOST_CURVES:
            yield _together(same)
        else:
            yield from (_alone(picture) if picture.lines else picture for picture in same)


def _alone(picture: Picture) -> Picture:
    (line,) = picture.lines
    title = f"{picture.title}: {line.of}" if line.of else picture.title
    return replace(picture, title=title, note=picture.note or line.said)


def _together(same: list[Picture]) -> Picture:
    """One picture of all the curves, whose names leave out a prediction that all of them share."""
    lines = [line for picture in same for line in picture.lines]
    preds, title = {line.of.partition(", ")[0] for line in lines}, same[0].title
    if len(preds) == 1:
        lines = [line._replace(of=line.of.partition(", ")[2]) for line in lines]
        title = f"{title}: {preds.pop()}"
    levels, notes = {picture.level for picture in same}, {picture.note for picture in same}
    return replace(
        same[0],
        title=title,
        alt=". ".join(picture.alt for picture in same),
        lines=tuple(lines),
        level=levels.pop() if len(levels) == 1 else None,
        note=notes.pop() if len(notes) == 1 else "",
    )


LEAST, MOST = 1e-290, 1e300
"""Beyond these sizes of an axis, the steps between its ticks underflow or overflow."""

UNDRAWN = "not drawn: the numbers are too large or too small for an axis"
NOTHING: Mapping[str, Any] = {"edges": None, "counts": None, "grid": None, "lines": (), "diagonal": False}


def _drawable(picture: Picture) -> bool:
    axes = [ends for line in picture.lines for ends in (line.x, line.y)]
    if picture.edges is not None:
        axes.append(picture.edges)
    if picture.grid is not None:
        axes += [picture.grid.x.edges, picture.grid.y.edges]
    for axis in axes:
        far = float(np.abs(axis).max(initial=0.0))
        if not (far == 0.0 or LEAST <= far <= MOST):
            return False
    return True


ORDER = ("groups", "loss", "residual", "residual_by_pred", "label_by_pred", "scores", "coverage")


def _bars(histogram: Histogram, title: str, x: str, plot: str, *, of: str = "row") -> Picture:
    axis, counts = histogram.axis, histogram.counts
    total = int(counts.sum())
    below = np.cumsum(counts)
    low, high = (int(np.searchsorted(below, share * total)) for share in (0.005, 0.995))
    note = ""
    if low < high and (high - low + 1) * FAR < axis.count:
        left = total - int(counts[low : high + 1].sum())
        note = f"{plural(left, of)} farther out, from {axis.edges[0]:.4g} to {axis.edges[-2]:.4g}"
        note += " is not drawn" if left == 1 else " are not drawn"
        axis, counts = Axis(axis.power, axis.low + low, high - low + 1), counts[low : high + 1]
    while axis.count > BARS:
        axis, places = axis.coarser(axis.power + 1)
        counts = np.bincount(places, counts, axis.count).astype(np.int64)
    edges, fullest = axis.edges, int(counts.argmax())
    alt = (
        f"{title}: {plural(total, of)} from {histogram.axis.edges[0]:.5g} to {histogram.axis.edges[-2]:.5g}; "
        f"most, {int(counts[fullest])}, lie between {edges[fullest]:.5g} and {edges[fullest + 1]:.5g}"
    )
    return Picture("bars", title, x, f"{of}s", alt, edges=edges, counts=counts, note=note, plot=plot)


def _grid(grid: Grid, kind: str, name: str) -> Picture:
    spans = [f"{axis.edges[0]:.5g} to {axis.edges[-1]:.5g}" for axis in (grid.x, grid.y)]
    residual = kind == "residual_by_pred"
    what = "Residual by prediction" if residual else "Label by prediction"
    alt = f"{what} of {name}: {plural(int(grid.counts.sum()), 'row')}, predictions from {spans[0]}, "
    alt += f"{'residuals' if residual else 'labels'} from {spans[1]}"
    return Picture(
        "grid", f"{what}: {name}", "prediction", "label − prediction" if residual else "label", alt,
        grid=grid, level=0.0 if residual else None, diagonal=not residual, note="stronger: more rows; dashed: no error",
    )  # fmt: skip


def _of_scores(binned: Scores, name: str) -> Iterator[Picture]:
    aligned = binned.aligned()
    if aligned is None:
        return
    axis, negative, positive = aligned
    edges, both = axis.edges, negative + positive
    width = f"from scores in bins of {math.ldexp(1.0, axis.power):.3g}"
    if edges[0] >= 0.0 and edges[-2] <= 1.0:
        middles = np.minimum((edges[:-1] + edges[1:]) / 2, 1.0)
        place = np.minimum((edges[:-1] * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
        rows = np.bincount(place, both, CALIBRATION_BINS)
        some = rows > 0
        scores = np.bincount(place, both * middles, CALIBRATION_BINS)[some] / rows[some]
        shares = np.bincount(place, positive, CALIBRATION_BINS)[some] / rows[some]
        worst = int(np.argmax(abs(scores - shares)))
        alt = (
            f"Calibration of {name}: where the score is {scores[worst]:.2f}, the share of positives "
            f"is {shares[worst]:.2f}, the farthest apart of {plural(len(scores), 'bin')}"
        )
        yield Picture(
            "lines", "Calibration", "mean score", "share of positives", alt,
            lines=(Curve(scores, shares, name),), diagonal=True, unit=True, marks=True, note=width, plot="calibration",
        )  # fmt: skip
    true = np.concatenate([[0], np.cumsum(positive[::-1])])
    false = np.concatenate([[0], np.cumsum(negative[::-1])])
    hits, alarms = true / true[-1], false / false[-1]
    area = float(np.trapezoid(hits, alarms))
    yield _roc(Curve(alarms, hits, name, f"area about {area:.4f}"), width)
    chosen = (true + false) > 0
    precision, recall = true[chosen] / (true + false)[chosen], hits[chosen]
    average = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    yield _precision_recall(Curve(recall, precision, name, f"average about {average:.4f}"), width)


def _roc(curve: Curve, note: str = "") -> Picture:
    return Picture(
        "lines", "ROC", "false positive rate", "true positive rate", f"ROC curve of {curve.of}: {curve.said}",
        lines=(curve,), diagonal=True, unit=True, note=note, plot="roc",
    )  # fmt: skip


def _precision_recall(curve: Curve, note: str = "") -> Picture:
    """Its last point calls every row positive."""
    share = float(curve.y[-1])
    return Picture(
        "lines", "Precision and recall", "recall", "precision",
        f"Precision by recall of {curve.of}: {curve.said}; the share of positives is {share:.3f}, the dashed line",
        lines=(curve,), level=share, unit=True, note=note, plot="pr",
    )  # fmt: skip


def _exact_curves(report: Report) -> Iterator[tuple[tuple[str, str], Picture]]:
    """The curves that results hold, once for each prediction and part, by kind and name; with a value of them."""
    seen = set()
    for r in report.results:
        for kind in ("roc", "pr"):
            key = kind, ", ".join([r.pred, *r.part.values()])
            if r.slice or r.detail is None or kind not in r.detail or key in seen:
                continue
            seen.add(key)
            held = {name: np.array(values) for name, values in r.detail[kind].items() if name != "above"}
            said = f"{r.loss} is {value_text(r.value)}"
            if kind == "roc":
                yield key, _roc(Curve(held["fpr"], held["tpr"], key[1], said))
            else:
                yield key, _precision_recall(Curve(held["recall"], held["precision"], key[1], said))


def _coverage(coverage: Coverage, name: str) -> Picture:
    levels, shares = np.array(coverage.levels), coverage.below / coverage.rows
    pairs = ", ".join(f"{share:.3f} at {level:g}" for level, share in zip(levels, shares, strict=True))
    return Picture(
        "lines", "Quantile coverage", "level", "labels not above",
        f"Share of labels not above the predicted quantile of {name}: {pairs}",
        lines=(Curve(levels, shares, name),), diagonal=True, unit=True, marks=True,
    )  # fmt: skip


def _curves(report: Report) -> Iterator[Picture]:
    """The loss along slices that are numbers, such as a learning curve over epochs."""
    several = several_preds(report.results)
    for slicing in slicings(report):
        column, *others = slicing.columns
        results = slicing.results
        points = [
            (number, r.value) for r in results
            if (number := _number(r.slice[column])) is not None and r.value is not None
        ]  # fmt: skip
        if others or len(points) < 3 or len(points) < len(results) - 2:
            continue
        xs, ys = (np.array(values) for values in zip(*sorted(points), strict=True))
        loss, pred = results[0].loss, results[0].pred if several else ""
        alt = f"{slicing.name} along {column}: {ys[0]:.4g} at {xs[0]:g}, {ys[-1]:.4g} at {xs[-1]:g}, "
        alt += f"least {ys.min():.4g} at {xs[int(ys.argmin())]:g}"
        yield Picture(
            "lines",
            f"{loss} along {column}",
            column,
            loss,
            alt,
            lines=(Curve(xs, ys, pred),),
            marks=len(xs) <= 40,
        )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


class SlicedResults(NamedTuple):
    """The results of one loss and prediction by slice."""

    columns: tuple[str, ...]
    name: str  # of the loss, and of the prediction if there are several
    results: list[Result]

    @property
    def title(self) -> str:
        """The heading of the picture."""
        return f"{self.name} by {' + '.join(self.columns)}"


def slicings(report: Report) -> list[SlicedResults]:
    """The results by slice, without those of parts."""
    several = several_preds(report.results)
    groups: dict[tuple[tuple[str, ...], str], list[Result]] = {}
    for r in report.results:
        if r.slice and not r.part:
            key = tuple(r.slice), name_text(r.loss, r.pred if several else None)
            groups.setdefault(key, []).append(r)
    return [SlicedResults(*key, results) for key, results in groups.items()]


MOST_SHARES = 12


def shares_by_slice(report: Report) -> Iterator[Table]:
    """The slices of each loss that is a mean, with their shares of its total, the greatest first."""
    for slicing in slicings(report):
        results = [r for r in slicing.results if r.sum is not None and r.sum >= 0.0]
        total = sum((Fraction(r.sum or 0.0) for r in results), Fraction(0))  # it may exceed the doubles
        if not total:
            continue
        rows = sum(r.rows for r in results)
        shares = [(r, float(Fraction(r.sum or 0.0) / total)) for r in results]
        shares.sort(key=lambda one: -one[1])
        shown = shares[:MOST_SHARES]
        columns = [
            TextColumn("slice", [slice_text(r.slice) for r, _ in shown]),
            TextColumn("value", [value_text(r.value) for r, _ in shown], "value"),
            TextColumn("rows", [str(r.rows) for r, _ in shown], "count"),
            TextColumn("of rows", [f"{100 * r.rows / rows:.1f}%" for r, _ in shown], "number"),
            TextColumn("of loss", [f"{100 * share:.1f}%" for _, share in shown], "number"),
            TextColumn("share of the loss", [f"{100 * share:.2f}" for _, share in shown], "bar"),
        ]
        yield Table(columns, slicing.title, len(shares) - len(shown))


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """How often each class (a row) was predicted as each (a column)."""

    pred: str
    classes: list[str]
    counts: list[list[float | None]]

    def texts(self) -> list[list[str]]:
        """The cells as text; an empty one is a dash."""
        return [["–" if count is None else f"{count:g}" for count in row] for row in self.counts]


def confusions(report: Report) -> Iterator[ConfusionTable]:
    """One confusion table for each prediction."""
    seen: list[Any] = []
    for r in report.results:
        detail = r.detail or {}
        if r.slice or "confusion" not in detail or (r.pred, detail["confusion"]) in seen:
            continue
        seen.append((r.pred, detail["confusion"]))
        yield ConfusionTable(r.pred, [str(name) for name in detail["classes"]], detail["confusion"])
