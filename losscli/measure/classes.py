"""Whether labels, predicted classes and options name the same classes, judged once for all rows.

If two columns spell their classes differently, every prediction is wrong and the model looks bad; so it does if
no row has the class that `--pos-label` names.  What can only be a mistake is a DataError; what may be
right is a note.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence, Set
from typing import TYPE_CHECKING, NamedTuple

from losscli.errors import DataError
from losscli.measure.adapt import AS_CLASS, AS_PROBABILITY
from losscli.measure.class_views import BinaryView, ClassesView, CodedView, OneClassView, PositiveView
from losscli.measure.observers.states import UnitState
from losscli.numbers.confusion import Confusion
from losscli.table.cells import in_order
from losscli.table.labels import label_number
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.loss.matrix import Class
    from losscli.measure.adapt import View
    from losscli.measure.plan import Measure, Plan
    from losscli.measure.tally import Tally

SHOWN = 6  # classes in a message
BINARY_CODINGS: tuple[frozenset[Class], ...] = (frozenset({0, 1}), frozenset({-1, 1}))
"""The usual codings of two classes."""


class Met(NamedTuple):
    """The classes of one part of a measure."""

    labels: Set[Class]
    preds: Set[Class] | None  # None: predictions are probabilities or scores
    columns: tuple[Class, ...]  # those that prediction columns or a matrix name
    view: View  # of the label


def met(plan: Plan, tally: Tally, place: int) -> Met | None:
    """The classes that a unit has over all rows; None where it takes no classes."""
    unit = plan.units[place]
    views = dict(unit.views)
    label, pred = views.get("label"), views.get("pred")
    if isinstance(label, OneClassView):
        # The view of the first column records the classes for all.
        first = OneClassView(label.classes, 0)
        return Met(tally.classes.get(first, set()), None, label.classes.names, label.classes)
    if isinstance(label, BinaryView):  # its domain has no other classes
        return Met(BINARY_CODINGS[0], None, (), label)
    if isinstance(label, PositiveView):
        return Met(tally.classes.get(label, set()), None, (), label)
    if (
        unit.loss.state == "confusion"
        and label is not None
        and pred is not None
        and label not in tally.classes
    ):
        table = tally.of(UnitState(place)) or Confusion.empty(weighted=False)
        for view, weights in ((label, table.label_weights), (pred, table.pred_weights)):
            tally.classes[view] = {name for name, weight in weights.items() if weight}
    if isinstance(label, ClassesView):
        # Without a table of classes it is only known that labels are among the columns.
        return Met(tally.classes.get(label, set(label.names)), None, label.names, label)
    if isinstance(label, CodedView) and pred is not None:
        labels, preds = (tally.classes.get(view, set()) for view in (label, pred))
        return Met(labels, None if _are_scores(label, tally, labels, preds) else preds, (), label)
    return None


def _are_scores(view: CodedView, tally: Tally, labels: Set[Class], preds: Set[Class]) -> bool:
    """Whether predictions are probabilities of the positive class, or scores.

    Beside labels and a positive class of text, predictions of 0 and 1 alone are probabilities as well.
    """
    if view.logits or (view.pred, "probability") in tally.seen:
        return True
    text = all(isinstance(name, str) for name in (*labels, view.positive))
    return text and preds <= BINARY_CODINGS[0]


def rest_of(labels: Iterable[Class], positive: Class) -> Class:
    """The name of the negative class."""
    others = [name for name in labels if name != positive]
    return others[0] if len(others) == 1 else f"not {positive}"


def judge(
    measure: Measure, plan: Plan, tally: Tally, positive: Class | None, named: Sequence[Class]
) -> list[str]:
    """Notes on the classes of a measure; DataError where they can only be a mistake.

    ``positive`` is the class of `--pos-label`, and ``named`` are those of `--classes`.
    """
    if measure.loss.task == "clustering":
        return []
    parts = [(part, own) for part in measure.parts if (own := met(plan, tally, part.unit)) is not None]
    notes: list[str] = []
    if positive is not None and parts:
        notes += _positive([own for _, own in parts], plan, positive, named)
    by_row = measure.loss.state != "confusion"
    for part, own in parts:
        if not isinstance(own.view, CodedView):
            continue
        if own.preds is None:
            _check_scores(measure, own, plan, tally)
        elif by_row and (row := tally.seen.get((own.view.pred, AS_PROBABILITY))) is not None:
            raise _ambiguous(measure, plan, own.view, row)
        elif len(parts) == 1 or not own.labels | own.preds <= BINARY_CODINGS[0]:
            of = f"{part.kind} `{visible(part.name)}`: " if len(parts) > 1 else ""
            notes += [of + note for note in _in_common(own.labels, own.preds, own.view, plan)]
    return list(dict.fromkeys(notes))


def unweighed(plan: Plan, tally: Tally) -> list[str]:
    """A note on classes that `--class-weight` names and no label has."""
    named = {name for name, _ in plan.class_weights.weights} if plan.class_weights is not None else set()
    absent = named - tally.weighed
    return [f"no label is of a class that `--class-weight` names: {_listed(absent)}"] if absent else []


# ---------------------------------------------------------------------- the positive class


def _positive(found: Sequence[Met], plan: Plan, positive: Class, named: Sequence[Class]) -> list[str]:
    """A note where no label is the positive class; DataError where no option or column knows that class either."""
    labels: set[Class] = set().union(*(part.labels for part in found))
    meant = {_column_name(part, positive) for part in found}
    if meant & labels:
        return []
    known = {*named, *(name for part in found for name in (*(part.preds or ()), *part.columns))}
    if not meant & known and len(labels) > 1:
        slot = plan.slot(found[0].view.places[0])
        same = [name for name in in_order(labels) if plain(name) == plain(positive)]
        raise DataError(
            f"no label is the class {spelled(positive)}, which `--pos-label` names",
            f"the labels are {_listed(labels)}"
            + (f"; predicted are {_listed(known - labels)} as well" if known - labels else ""),
            f"did you mean {spelled(same[0])}?" if same else "name one of them as the positive class",
            slot.file,
            slot.name,
        )
    return [f"no row is positive: no label is {spelled(positive)}"]


def _column_name(part: Met, positive: Class) -> Class:
    """The positive class as its prediction column spells it, if there is one for it in any spelling."""
    if not isinstance(part.view, ClassesView):
        return positive
    place = dict(part.view.classes).get(positive)
    return positive if place is None else part.view.names[place]


def _check_scores(measure: Measure, part: Met, plan: Plan, tally: Tally) -> None:
    """DataError where predictions are probabilities or scores, and other predictions or labels do not fit them."""
    view = part.view
    assert isinstance(view, CodedView)
    (pred,) = (v for each in measure.parts for _, v in plan.units[each.unit].views
               if isinstance(v, CodedView) and v.role == 1 and v.pred == view.pred)  # fmt: skip
    strange: Set[Class] = tally.classes.get(pred, set()) - BINARY_CODINGS[0]
    if strange:
        slot = plan.slot(view.pred)
        raise DataError(
            f"not all predictions beside probabilities are such: {_listed(strange)}",
            f"`{measure.loss.name}` needs predicted classes, or probabilities of one class",
            "if the column holds raw scores, add `--from-logits`",
            slot.file,
            slot.name,
        )
    strange = part.labels - {-1, 0, 1}
    if view.positive is None and strange:
        slot = plan.slot(view.label)
        raise DataError(
            f"labels other than 0 and 1 stand beside probabilities or scores: {_listed(strange)}",
            f"`{measure.loss.name}` then needs labels of 0 and 1, or -1 and 1",
            "name the class whose probability it is: `--pos-label CLASS`",
            slot.file,
            slot.name,
        )
    if measure.loss.state != "confusion" and (row := tally.seen.get((view.pred, AS_CLASS))) is not None:
        raise _ambiguous(measure, plan, view, row)


def _ambiguous(measure: Measure, plan: Plan, view: CodedView, row: int) -> DataError:
    """The error where a loss of single rows read 0 or 1 in one way, and all rows together mean the other."""
    slot = plan.slot(view.pred)
    hint = "`accuracy` reads the column as a whole"
    if view.positive is not None:
        hint += "; without `--pos-label` whole numbers are classes"
    return DataError(
        "0 and 1 may be classes or probabilities here",
        f"`{measure.loss.name}` must know from the row alone",
        hint,
        slot.file,
        slot.name,
        row,
    )


# ---------------------------------------------------------------------- labels and predictions


def _in_common(labels: Set[Class], preds: Set[Class], view: CodedView, plan: Plan) -> list[str]:
    """A note on classes that only one side has; DataError where the spelling leaves none in common."""
    if labels & preds:
        if any(labels | preds <= two for two in BINARY_CODINGS):
            return []
        sides = ((labels - preds, "labels"), (preds - labels, "predictions"))
        notes = [f"only {side} have {_listed(only, 3)}" for only, side in sides if only]
        why = difference(labels - preds, preds - labels)
        return [", ".join(notes) + (f" ({why})" if why else "")] if notes else []
    slot = plan.slot(view.pred)
    refuse_strangers(labels, preds, slot.file, slot.name)
    if not labels or not preds:
        return []
    return [f"no class in common: predictions have {_listed(preds, 3)}, labels {_listed(labels, 3)}"]


def refuse_strangers(labels: Set[Class], preds: Set[Class], file: str, column: str) -> None:
    """DataError where labels and predictions share no class, and only their spelling can be the reason."""
    if not labels or not preds or labels & preds:
        return
    why, hint = difference(labels, preds), "write the classes alike in both columns"
    numbers = [[_is_number(name) for name in side] for side in (labels, preds)]
    if why is None and any(all(one) and not any(other) for one, other in (numbers, numbers[::-1])):
        roles = ("labels", "predictions") if all(numbers[0]) else ("predictions", "labels")
        why = "the {} are numbers and the {} names".format(*roles)
        if all(numbers[1]):
            hint += "; for probabilities, or 1 and 0, name the positive class: `--pos-label CLASS`"
    if why is not None:
        raise DataError(
            f"predicted classes and labels have none in common: {why}",
            f"predictions: {_listed(preds)}; labels: {_listed(labels)}",
            hint,
            file,
            column,
        )


def _is_number(name: Class) -> bool:
    return label_number(name) == label_number(name)  # not NaN


def _without_spaces(text: str) -> str:
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))


def _without_end(text: str) -> str:
    end = len(text)
    while end and unicodedata.category(text[end - 1])[0] == "P":
        end -= 1
    return text[:end] or text


STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("Unicode normal form", lambda text: unicodedata.normalize("NFKC", text)),
    ("spaces or invisible characters", _without_spaces),
    ("case", str.casefold),
    ("leading zeros", lambda text: re.sub(r"^0+(?=\w)", "", text)),
    ("trailing punctuation", _without_end),
)
"""The ways in which two spellings of a class may differ, and the function that removes each difference."""


def plain(name: Class, without: str = "") -> str:
    """The plain spelling of a class, by all of the `STEPS` except one."""
    text = str(name)
    for what, step in STEPS:
        if what != without:
            text = step(text)
    return text


def difference(labels: Iterable[Class], preds: Iterable[Class]) -> str | None:
    """How a label and a prediction differ that have the same plain spelling; None where there are none."""
    known = {plain(name): name for name in reversed(in_order(labels))}
    pairs = [(known[plain(name)], name) for name in in_order(preds) if plain(name) in known]
    if not pairs:
        return None
    label, pred = pairs[0]
    kinds = [what for what, _ in STEPS if plain(label, what) != plain(pred, what)]
    return f"{spelled(label)} and {spelled(pred)} differ in {' and '.join(kinds) or 'spelling'}"


# ---------------------------------------------------------------------- words


def _listed(names: Iterable[Class], most: int = SHOWN) -> str:
    found = in_order(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(spelled(name) for name in found[:most]) + more


def spelled(name: Class) -> str:
    """A class as a message shows it, with escapes for what cannot be seen.

    >>> spelled("a b"), spelled(" cat"), spelled("cat\\u00a0")
    ('`a b`', '`\\\\x20cat`', '`cat\\\\xa0`')
    """
    text = str(name)
    inner = text.strip(" ")
    before = len(text) - len(text.lstrip(" ")) if inner else len(text)
    # Outside NFC a letter and its mark could be one character, so the mark is escaped.
    hidden = ("Zs", "Cf") if unicodedata.is_normalized("NFC", inner) else ("Zs", "Cf", "Mn")
    shown = "".join(
        letter.encode("unicode_escape").decode("ascii")
        if letter != " " and unicodedata.category(letter) in hidden
        else letter
        for letter in visible(inner)
    )
    space = "\\x20"
    return f"`{space * before}{shown}{space * (len(text) - before - len(inner))}`"
