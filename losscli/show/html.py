"""A page for a browser: one file without scripts or references, readable in light, dark and print.

Matplotlib draws the pictures as SVG, in colours that the page sets; Jinja fills the template and escapes
all that comes from files.  What is drawn is decided in `pictures`.
"""

from __future__ import annotations

import importlib
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.errors import UsageError
from losscli.report.slice_pattern import slice_text
from losscli.show.comparison_lines import NUMBERS, caption_of, cells_of, failure
from losscli.show.lines import (
    caption,
    change_text,
    constant_texts,
    gate_line,
    is_number,
    limit_name,
    limit_text,
    notes,
    place_text,
    several_preds,
    value_text,
    verdict_word,
    worst_tables,
)
from losscli.show.pictures import Picture, pictures, shares_by_slice
from losscli.text import grouped, visible

if TYPE_CHECKING:
    from losscli.report.comparison import Compared, Comparison
    from losscli.report.records import Report, RowCounts
    from losscli.show import Canvas

MOST_PICTURES = 24
MOST_LINES = 500
"""A page with more slices or classes than these is no page; other formats hold all."""

MOST_WORST = 200
OPEN_LINES = 24
"""With more results than these, those of slices are folded away."""

INK, DATA, RULE = "#010203", "#040506", "#070809"
"""Colours that stand for those of the page, which changes them for dark rooms and for paper."""

COLOURS = {INK: "var(--ink)", DATA: "var(--data)", RULE: "var(--rule)"}
GROUPS = re.compile(r' id="(?:figure|axes|patch|line2d|text|xtick|ytick|matplotlib\.axis|image)[\w.]*_\d+"')


def render(report: Report, look: Canvas) -> str:
    shown = pictures(report)
    drawn = [
        (picture, _extra("markupsafe").Markup(_svg(picture, f"p{at}")))
        for at, picture in enumerate(shown[:MOST_PICTURES])
    ]
    lines = _rows(report)
    whole = sum(not r.slice for r in report.results)
    first = len(lines) if len(lines) <= OPEN_LINES else min(max(whole, 1), MOST_LINES)
    gate = _gate(report)
    return _page(
        report=report,
        title=_title([r.loss for r in report.results]),
        caption=caption(report),
        verdict=gate,
        gate=gate,
        heads=_heads(report),
        results=lines[:first],
        slices=lines[first:][:MOST_LINES],
        more=max(0, len(lines) - first - MOST_LINES),
        drawn=drawn,
        hidden=max(0, len(shown) - MOST_PICTURES),
        weighted=any(r.weight != r.rows for r in report.results),
        shares=list(_shares(report)),
        worst=list(_worst(report)),
        matrices=list(_matrices(report)),
        differences=[],
        health=[*_health(report.rows), *_touched(report)],
        signatures=sorted({r.signature for r in report.results}),
    )


def render_comparison(comparison: Comparison, look: Canvas) -> str:
    """A comparison as a page: the same frame, with the differences and their intervals in place of pictures."""
    heads, rows = cells_of(comparison)
    lines = [[(text, head in NUMBERS) for text, head in zip(row, heads, strict=True)] for row in rows]
    failed = comparison.failed
    said = failure(failed[0]) if failed else "no model is worse than is allowed"
    return _page(
        report=comparison,
        title=f"{_title([c.loss for c in comparison.compared])} compared",
        caption=caption_of(comparison),
        verdict={
            "passed": not failed,
            "line": said + (f", and {len(failed) - 1} more" if failed[1:] else ""),
        },
        gate=None,
        heads=[(head, head in NUMBERS) for head in heads],
        results=lines[:MOST_LINES],
        slices=[],
        more=max(0, len(lines) - MOST_LINES),
        drawn=[],
        hidden=0,
        weighted=False,
        shares=[],
        worst=[],
        matrices=[],
        differences=list(_differences(comparison)),
        health=_health(comparison.rows),
        signatures=sorted({c.signature for c in comparison.compared}),
    )


def _page(**context: Any) -> str:
    jinja = _extra("jinja2")
    folder = os.path.join(os.path.dirname(__file__), "templates")
    environment = jinja.Environment(
        loader=jinja.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja.StrictUndefined, finalize=lambda value: visible(value) if type(value) is str else value,
    )  # fmt: skip
    text: str = environment.get_template("page.html").render(**context)
    return text


def _differences(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """The differences of each loss on one scale, with the place of each interval in hundredths of its width."""
    groups: dict[str, list[Compared]] = {}
    for one in comparison.compared[:MOST_LINES]:
        groups.setdefault(one.loss, []).append(one)
    several = len({one.head.pred for one in comparison.compared}) > 1
    for loss, held in groups.items():
        far = max((max(-one.ci["low"], one.ci["high"]) for one in held if one.ci is not None), default=0.0)
        lines = []
        for one in held:
            name = place_text(one.part, one.slice) or "all rows"
            left = width = None
            if one.ci is not None and far > 0.0:
                low, high = (50.0 + 50.0 * one.ci[end] / far for end in ("low", "high"))
                left, width = f"{low:.2f}", f"{max(high - low, 0.5):.2f}"
            lines.append({
                "name": f"{one.head.pred}, {name}" if several else name, "worse_by": value_text(one.worse_by),
                "left": left, "width": width, "verdict": f"{one.verdict}; {one.note}" if one.note else one.verdict,
            })  # fmt: skip
        yield {"title": loss, "lines": lines}


def _extra(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(
            f"the page needs the package `{name}`", hint="install it: `pip install 'losscli[report]'`"
        ) from None


def _title(losses: Sequence[str]) -> str:
    names = list(dict.fromkeys(losses))
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


# ------------------------------------------------------------------------------------------------
# Tables
# ------------------------------------------------------------------------------------------------


def _heads(report: Report) -> list[tuple[str, bool]]:
    """The columns of the table of results, and whether they hold numbers."""
    columns = _columns(report)
    return [(name, number) for name, number, wanted in columns if wanted]


def _columns(report: Report) -> list[tuple[str, bool, bool]]:
    found = report.results
    return [
        ("loss", False, True),
        ("prediction", False, len({r.pred for r in found}) > 1),
        ("of", False, any(r.part or r.slice for r in found)),
        ("value", True, True),
        (_interval_head(report), True, any(r.ci for r in found)),
        ("constant", True, any(r.constant for r in found)),
        ("skill", True, any(r.constant for r in found)),
        ("change", True, report.before is not None),
        ("rows", True, True),
        ("better", False, True),
        ("remarks", False, any(notes(r) for r in found)),
    ]


def _rows(report: Report) -> list[list[tuple[str, bool]]]:
    before = report.before or [None] * len(report.results)
    wanted = [wanted for _, _, wanted in _columns(report)]
    numbers = [number for _, number, _ in _columns(report)]
    found = []
    for r, was in zip(report.results, before, strict=True):
        cells = [
            r.loss, r.pred, place_text(r.part, r.slice), value_text(r.value), _interval(r.ci),
            *constant_texts(r), change_text(r.value, was), grouped(r.rows), r.better, "; ".join(notes(r)),
        ]  # fmt: skip
        found.append(
            [pair for pair, shown in zip(zip(cells, numbers, strict=True), wanted, strict=True) if shown]
        )
    return found


def _interval_head(report: Report) -> str:
    """The level and the method are those of the call: they stand once, above the column, where all share them."""
    said = {f"{100 * r.ci['level']:.4g}% interval, {r.ci['method']}" for r in report.results if r.ci}
    return said.pop() if len(said) == 1 else "interval"


def _interval(ci: Mapping[str, Any] | None) -> str:
    if not ci:
        return "–"
    return f"{value_text(ci['low'])} to {value_text(ci['high'])}"


def _gate(report: Report) -> dict[str, Any] | None:
    if report.gate is None:
        return None
    several = several_preds(report.gate)
    lines = [
        {
            "passed": limit["passed"],
            "word": verdict_word(limit),
            "name": limit_name(limit, several=several),
            "limit": limit_text(limit),
            "value": value_text(limit["value"]),
            "reason": limit["reason"] or "",
        }
        for limit in sorted(report.gate["limits"], key=lambda limit: bool(limit["passed"]))
    ]
    return {"passed": report.gate["passed"], "line": gate_line(report.gate), "limits": lines}


def _shares(report: Report) -> Iterator[dict[str, Any]]:
    several = len({r.pred for r in report.results}) > 1
    for (column, loss, pred), shares in shares_by_slice(report).items():
        total = sum(r.rows for r, _ in shares)
        lines = [
            {
                "name": slice_text(r.slice),
                "value": value_text(r.value),
                "rows": grouped(r.rows),
                "of_rows": f"{100 * r.rows / total:.1f}%",
                "share": f"{100 * share:.1f}%",
                "width": f"{100 * share:.2f}",
            }
            for r, share in shares[:12]
        ]
        name = f"{loss} of {pred}" if several else loss
        yield {"title": f"{name} by {column}", "lines": lines, "more": len(shares) - len(lines)}


def _worst(report: Report) -> Iterator[dict[str, Any]]:
    for heading, names, rows in worst_tables(report):
        numbers = [all(is_number(row[at]) for row in rows) for at in range(len(names))]
        lines = [list(zip(row, numbers, strict=True)) for row in rows[:MOST_WORST]]
        heads = list(zip(names, numbers, strict=True))
        yield {"title": heading, "heads": heads, "lines": lines, "more": len(rows) - len(lines)}


def _matrices(report: Report) -> Iterator[dict[str, Any]]:
    """The table of classes of each prediction, once."""
    seen: list[Any] = []
    for r in report.results:
        detail = r.detail or {}
        if r.slice or "confusion" not in detail or len(detail["classes"]) > 30:
            continue
        held = (r.pred, detail["confusion"])
        if held in seen:
            continue
        seen.append(held)
        rows = []
        for name, counts in zip(detail["classes"], detail["confusion"], strict=True):
            # Of weights whose sum is no double: in fractions, and without those that are null themselves.
            sizes = [Fraction(count or 0) for count in counts]
            shades = [float(size / sum(sizes)) if size else 0.0 for size in sizes]
            texts = ["–" if count is None else f"{count:g}" for count in counts]
            cells = [
                {"text": text, "shade": f"{shade:.3f}"} for text, shade in zip(texts, shades, strict=True)
            ]
            rows.append((str(name), cells))
        yield {"title": r.pred, "classes": [str(name) for name in detail["classes"]], "rows": rows}


def _health(rows: RowCounts) -> list[tuple[str, str]]:
    """How many rows there were, and what became of those that were not measured."""
    found = [("read from PREDS", rows.read_preds), ("read from LABELS", rows.read_labels)]
    found += [
        ("only in PREDS", rows.only_preds),
        *([("only in HEAD", rows.only_head)] if rows.only_head else []),
        ("only in LABELS", rows.only_labels),
        ("paired", rows.paired),
    ]
    found += [(f"dropped: {reason}", count) for reason, count in rows.dropped.items()]
    found += [("used", rows.used)]
    found += [("used, of weight 0", rows.zero_weight)] if rows.zero_weight else []
    return [(name, grouped(count)) for name, count in found]


def _touched(report: Report) -> list[tuple[str, str]]:
    """The rows that were not measured as they stood."""
    lines: list[tuple[str, str]] = []
    for r in report.results:
        if not r.slice:
            lines += [(f"{r.loss}: skipped, {why}", grouped(count)) for why, count in r.skipped.items()]
            lines += [(f"{r.loss}: {why}", grouped(count)) for why, count in r.touched.items()]
    return list(dict.fromkeys(lines))


# ------------------------------------------------------------------------------------------------
# Pictures
# ------------------------------------------------------------------------------------------------


def _svg(picture: Picture, name: str) -> str:
    """The picture as SVG whose words are numbers and our own: what comes from files is in the page around it."""
    _extra("matplotlib")
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False, "font.size": 9.0,
        "font.family": "sans-serif", "axes.unicode_minus": True, "path.simplify": True,
        "path.simplify_threshold": 0.2,
    }  # fmt: skip
    with rc_context(settings):
        figure = Figure(figsize=(4.4, 3.1), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        figure.patch.set_visible(False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(RULE)
        axes.tick_params(colors=INK, which="both")
        _draw(axes, picture)
        out = io.StringIO()
        figure.savefig(
            out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    text = out.getvalue()
    text = GROUPS.sub("", text[text.index("<svg") :])
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'^<svg ([^>]*?)width="[^"]*" ', r'<svg aria-hidden="true" focusable="false" \1', text)
    text = re.sub(r'^(<svg [^>]*?)height="[^"]*" ', r"\1", text)
    for colour, wanted in COLOURS.items():
        text = text.replace(colour, wanted)
    return text


def _draw(axes: Any, picture: Picture) -> None:
    if picture.kind == "bars" and picture.edges is not None and picture.counts is not None:
        axes.stairs(picture.counts, picture.edges, fill=True, color=DATA)
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="y", integer=True)
    elif picture.kind == "grid" and picture.grid is not None:
        _draw_grid(axes, picture)
    for xs, ys in picture.lines:
        axes.plot(xs, ys, color=DATA, linewidth=1.8, marker="o" if picture.marks else None, markersize=4)
    if picture.unit:
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
    if picture.diagonal:
        low = max(axes.get_xlim()[0], axes.get_ylim()[0])
        high = min(axes.get_xlim()[1], axes.get_ylim()[1])
        if low < high:
            axes.plot(
                [low, high], [low, high], color=INK, linewidth=0.9, linestyle="--", scalex=False, scaley=False
            )
    if picture.level is not None:
        axes.axhline(picture.level, color=INK, linewidth=0.9, linestyle="--")


def _draw_grid(axes: Any, picture: Picture) -> None:
    """One small image of the counts: its transparency is the density, so that it suits light and dark."""
    assert picture.grid is not None
    grid = picture.grid
    x, y = grid.x.edges, grid.y.edges
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    shade = np.sqrt(grid.counts.T / grid.counts.max())
    pixels = np.zeros((*shade.shape, 4))
    pixels[..., :3] = np.array([0x2B, 0x7C, 0xD3]) / 255
    pixels[..., 3] = np.where(shade > 0, 0.2 + 0.8 * shade, 0.0)
    axes.imshow(
        pixels, extent=(x[0], x[-1], y[0], y[-1]), origin="lower", aspect="auto", interpolation="nearest"
    )
