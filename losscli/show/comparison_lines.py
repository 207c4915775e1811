"""What a comparison says, whatever draws it: heads and cells of its table, a caption, and notes."""

from __future__ import annotations

from losscli.report.comparison import Compared, Comparison
from losscli.show.lines import place_text, value_text
from losscli.text import plural

NUMBERS = ("base", "head", "worse by", "interval", "p", "wins")


def cells_of(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    several = len({(c.base.pred, c.head.pred) for c in comparison.compared}) > 1
    sliced = any(c.slice or c.part for c in comparison.compared)
    heads = [
        "loss", *(["models"] if several else []), *(["of"] if sliced else []), "base", "head", "worse by",
        "interval", "p", "wins", "verdict",
    ]  # fmt: skip
    rows = []
    for c in comparison.compared:
        chance = c.p_value if c.p_adjusted is None else c.p_adjusted
        rows.append([
            c.loss, *([f"{c.base.pred} to {c.head.pred}"] if several else []),
            *([place_text(c.part, c.slice)] if sliced else []), value_text(c.base.value), value_text(c.head.value),
            value_text(c.worse_by), "–" if c.ci is None else f"[{c.ci['low']:.3g}, {c.ci['high']:.3g}]",
            "–" if chance is None else f"{chance:.3g}",
            "–" if c.wins is None else f"{100 * c.wins / max(c.rows, 1):.3g}%", c.verdict,
        ])  # fmt: skip
    return heads, rows


def caption_of(comparison: Comparison) -> str:
    """What is compared with what, over how many rows, and by what rule."""
    names = list(dict.fromkeys(f"{c.head.pred} against {c.base.pred}" for c in comparison.compared))
    paths = " and ".join(found.path for found in comparison.inputs)
    margin = f", margin {comparison.margin:g}" if comparison.margin else ""
    said = (
        f"{', '.join(names)} ({paths}): {plural(comparison.rows.used, 'row')}, "
        f"{100 * comparison.level:.4g}% intervals{margin}{'' if comparison.paired else '; unpaired'}"
    )
    return ", ".join(words for words in (said, comparison.left_out) if words)


def notes_of(comparison: Comparison) -> list[str]:
    """What is to be said of single comparisons, a line each."""
    return [f"{place_name(c)}: {c.note}" for c in comparison.compared if c.note]


def place_name(one: Compared) -> str:
    place = place_text(one.part, one.slice)
    return f"{one.loss} of {one.head.pred}{f', {place}' if place else ''}"


def failure(one: Compared) -> str:
    return f"comparison failed: {place_name(one)}: {one.verdict}"
