"""Pictures as SVG for the page, drawn by Matplotlib in colours that the page sets."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np

from losscli.show.pictures import Picture

INK, RULE = "#010203", "#070809"
"""Placeholders for the colours of the page, which differ in light, in dark and in print."""
CURVES = tuple(f"#0a0b0{at}" for at in range(5))
"""The same for curves in one picture; with the strokes, each of `MOST_CURVES` looks its own."""
DATA, STROKES = CURVES[0], ("-", "--", ":")

COLOURS = {INK: "var(--ink)", RULE: "var(--rule)"} | {
    one: f"var(--curve-{at})" for at, one in enumerate(CURVES)
}
GROUPS = re.compile(r' id="(?:figure|axes|patch|line2d|text|xtick|ytick|matplotlib\.axis|image)[\w.]*_\d+"')


def svg(picture: Picture, name: str) -> str:
    """The picture as SVG.  No text in it comes from files: titles and names are in the page around it."""
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
    for at, line in enumerate(picture.lines):
        axes.plot(
            line.x, line.y, color=CURVES[at % len(CURVES)], linestyle=STROKES[at % len(STROKES)],
            linewidth=1.8, marker="o" if picture.marks else None, markersize=4,
        )  # fmt: skip
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
    """One small image of the counts, whose opacity is the density, so that it suits light and dark."""
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
