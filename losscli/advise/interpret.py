"""From what columns look like to what they mean: the first rule that fits, then what speaks against their values."""

from __future__ import annotations

from losscli.advise.interpretation import Described, Interpretation, Rules, name_of
from losscli.advise.one_column import OF_ONE_COLUMN
from losscli.advise.profile import ColumnProfile
from losscli.advise.several_columns import OF_LABEL_ROLES, OF_LABELS, OF_LISTS, OF_PREDICTIONS, OF_ROLES
from losscli.reading.suffixes import has_dialect
from losscli.table.cells import LIST_HINT, is_list_text
from losscli.text import plural, visible


def _rules(seen: Described) -> Rules:
    if seen.lists:
        return OF_LISTS
    if seen.label_roles != ("label",):
        return OF_LABEL_ROLES
    if seen.roles != ("pred",):
        return OF_ROLES
    if len(seen.labels) > 1:
        return OF_LABELS
    return OF_PREDICTIONS if len(seen.preds) > 1 else OF_ONE_COLUMN


def interpret(seen: Described, format: str) -> Interpretation:
    """What the columns mean.  ``format`` is that of their files."""
    found = next(found for rule in _rules(seen) if (found := rule(seen)) is not None)
    found.several = bool(seen.lists) or (seen.roles == ("pred",) and len(seen.preds) > 1)
    if seen.lists:
        return found
    if seen.from_logits and not found.scores:
        found.doubt("these are not raw scores of classes: leave out `--from-logits`")
    for column in (*seen.preds, *seen.labels):
        _doubt_values(found, column, format, bounds=found.task == "intervals" and column in seen.preds)
    if seen.paired and seen.whole and seen.pred.rows != seen.label.rows:
        said = f"{plural(seen.pred.rows, 'row')} of predictions and {seen.label.rows} of labels"
        found.doubt(f"{said}: if a column identifies the rows, pair them with `--on KEY`")
    return found


def _doubt_values(found: Interpretation, column: ColumnProfile, format: str, *, bounds: bool) -> None:
    """Say where a column has values that losses do not take.  ``bounds``: it is the end of intervals."""
    name = name_of(column)
    if like := [c for c in column.classes if isinstance(c, str) and is_list_text(c)]:
        hint = LIST_HINT if has_dialect(format) else "store such texts as lists"
        found.doubt(f"{name} has texts that are written as lists, `{visible(like[0])}`: {hint}")
    if column.missing == column.rows:
        found.doubt(f"{name} holds no value at all")
    elif column.missing:
        said = f"{name} has {plural(column.missing, 'missing value')}"
        found.doubts.append(f"{said}: `eval` refuses them without `--nan drop`")
    if column.infinite:
        said = f"{name} has {plural(column.infinite, 'infinite value')}"
        if bounds:
            found.doubts.append(f"{said}: `coverage` takes them, but the mean width is not defined")
        else:
            found.doubt(f"{said}, which no loss takes")
