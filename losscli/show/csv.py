"""One row a result, every digit, an empty cell where there is no value.

It is what a log of a build shows, so names from files are written as on a terminal; JSON keeps them whole.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from losscli.show.lines import notes, place_text
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.report.records import Report
    from losscli.show import Canvas


def render(report: Report, look: Canvas) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    several = any(r.part or r.slice for r in report.results)
    places = ["part", "slice"] if several else []
    ends = ["stderr", "low", "high"] if any(r.ci is not None for r in report.results) else []
    beaten = ["constant", "skill"] if any(r.constant for r in report.results) else []
    table.writerow(["loss", "pred", *places, "value", *ends, *beaten, "rows", "weight", "better", "note"])
    for r in report.results:
        value = "" if r.value is None else repr(r.value)
        words = [visible(word) for word in (r.loss, r.pred, r.better, "; ".join(notes(r)))]
        place = [visible(place_text(r.part, {})), visible(place_text({}, r.slice))] if several else []
        held = [] if not ends else [r.stderr, *((r.ci["low"], r.ci["high"]) if r.ci else (None, None))]
        if beaten:
            held += [r.constant[name] for name in ("value", "skill")] if r.constant else [None, None]
        *error, weight = ["" if number is None else repr(number) for number in (*held, r.weight)]
        table.writerow([*words[:2], *place, value, *error, r.rows, weight, *words[2:]])
    return text.getvalue()


def render_all(reports: Sequence[Report], look: Canvas) -> str:
    """One table, which says first from which file a row is."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    for at, report in enumerate(reports):
        heads, *rows = csv.reader(io.StringIO(render(report, look)))
        table.writerows([["result", *heads]] if at == 0 else [])
        table.writerows([visible(report.saved or ""), *row] for row in rows)
    return text.getvalue()
