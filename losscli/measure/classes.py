"""Whether predicted classes, labels and the options speak of the same classes: judged once, on all rows.

Two sides that write their classes differently are always wrong and look like a bad model, as does a class
that `--pos-label` names and no row has.  What can only be a mistake is a DataError; what may be right is a note.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence, Set
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from losscli.errors import DataError
from losscli.measure.adapt import AS_CLASS, AS_PROBABILITY
from losscli.measure.class_views import BinaryView, ClassesView, CodedView, OneClassView
from losscli.measure.observers.states import UnitState
from losscli.numbers.confusion import Confusion
from losscli.table.labels import label_number
from losscli.text import visible

if TYPE_CHECKING:
    from losscli.measure.adapt import View
    from losscli.measure.plan import Measure, Plan
    from losscli.measure.tally import Tally

Class: TypeAlias = int | str

SHOWN = 6  # classes in a message
BINARY: tuple[frozenset[Class], ...] = (frozenset({0, 1}), frozenset({-1, 1}))
"""What two classes are written as where no other name is known."""


class Met(NamedTuple):
    """The classes of one part of a measure: of its rows' labels, of their predictions, and of its columns."""

    labels: Set[Class]
    preds: Set[Class] | None  # None: a probability or a score predicts
    columns: tuple[Class, ...]  # that prediction columns or a matrix name
    view: View  # of the label


def met(plan: Plan, tally: Tally, place: int) -> Met | None:
    """The classes that a unit met over all rows; None where it takes none."""
    unit = plan.units[place]
    views = dict(unit.views)
    label, pred = views.get("label"), views.get("pred")
    if isinstance(label, OneClassView):
        # The first column keeps the classes for all.
        first = OneClassView(label.classes, 0)
        return Met(tally.classes.get(first, set()), None, label.classes.names, label.classes)
    if isinstance(label, BinaryView):
        # Without a positive class that is named, the domain sees to it that there are two.
        known = tally.classes.get(label, set()) if label.positive is not None else BINARY[0]
        return Met(known, None, (), label)
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
        # A state without a table of classes says no more than that labels are among the columns.
        return Met(tally.classes.get(label, set(label.names)), None, label.names, label)
    if isinstance(label, CodedView) and pred is not None:
        labels, preds = (tally.classes.get(view, set()) for view in (label, pred))
        return Met(labels, None if by_chance(label, tally, labels, preds) else preds, (), label)
    return None


def by_chance(view: CodedView, tally: Tally, labels: Set[Class], preds: Set[Class]) -> bool:
    """Whether a prediction column holds probabilities of the positive class, or scores; 0 and 1 are such, too.

    Beside labels of text and a positive class that is named, nothing but 0 and 1 are probabilities.
    """
    if view.logits or (view.pred, "probability") in tally.seen:
        return True
    text = all(isinstance(name, str) for name in (*labels, view.positive))
    return text and preds <= BINARY[0]


def rest_of(labels: Iterable[Class], positive: Class) -> Class:
    """What the negative class is called."""
    others = [name for name in labels if name != positive]
    return others[0] if len(others) == 1 else f"not {positive}"


def judge(
    measure: Measure, plan: Plan, tally: Tally, positive: Class | None, named: Sequence[Class]
) -> list[str]:
    """What is to be said of the classes that a measure met; DataError where they cannot be meant.

    ``named`` are those of `--classes`.
    """
    if measure.loss.task == "clustering":
        return []
    found = [(part, held) for part in measure.parts if (held := met(plan, tally, part.unit)) is not None]
    notes = (
        [] if positive is None or not found else _positive([held for _, held in found], plan, positive, named)
    )
    by_row = measure.loss.state != "confusion"
    for part, held in found:
        if not isinstance(held.view, CodedView):
            continue
        if held.preds is None:
            _refuse_chances(measure, held, plan, tally)
        elif by_row and (row := tally.seen.get((held.view.pred, AS_PROBABILITY))) is not None:
            raise _doubt(measure, plan, held.view, row)
        elif len(found) == 1 or not held.labels | held.preds <= BINARY[0]:
            of = f"{part.kind} `{visible(part.name)}`: " if len(found) > 1 else ""
            notes += [of + said for said in _in_common(held.labels, held.preds, held.view, plan)]
    return list(dict.fromkeys(notes))


def unweighed(plan: Plan, tally: Tally) -> list[str]:
    """A note on classes that `--class-weight` names and no label is of."""
    named = {name for name, _ in plan.class_weights.weights} if plan.class_weights is not None else set()
    absent = named - tally.weighed
    return [f"no label is of a class that `--class-weight` names: {_listed(absent)}"] if absent else []


# ---------------------------------------------------------------------- the positive class


def _positive(found: Sequence[Met], plan: Plan, positive: Class, named: Sequence[Class]) -> list[str]:
    labels: set[Class] = set().union(*(held.labels for held in found))
    meant = {_column_name(held, positive) for held in found}
    if meant & labels:
        return []
    known = {*named, *(name for held in found for name in (*(held.preds or ()), *held.columns))}
    if not meant & known and len(labels) > 1:
        slot = plan.slot(found[0].view.places[0])
        same = [name for name in _ordered(labels) if plain(name) == plain(positive)]
        raise DataError(
            f"no label is the class {spelled(positive)}, which `--pos-label` names",
            f"the labels are {_listed(labels)}"
            + (f"; predicted are {_listed(known - labels)} as well" if known - labels else ""),
            f"did you mean {spelled(same[0])}?" if same else "name one of them as the positive class",
            slot.file,
            slot.name,
        )
    return [f"no row is positive: no label is {spelled(positive)}"]


def _column_name(held: Met, positive: Class) -> Class:
    """The positive class as its prediction column is named, where there is one for it in any spelling."""
    if not isinstance(held.view, ClassesView):
        return positive
    place = dict(held.view.classes).get(positive)
    return positive if place is None else held.view.names[place]


def _refuse_chances(measure: Measure, held: Met, plan: Plan, tally: Tally) -> None:
    """DataError where a column of probabilities, or the label beside it, holds what cannot be beside them."""
    view = held.view
    assert isinstance(view, CodedView)
    (pred,) = (v for part in measure.parts for _, v in plan.units[part.unit].views
               if isinstance(v, CodedView) and v.role == 1 and v.pred == view.pred)  # fmt: skip
    strange: Set[Class] = tally.classes.get(pred, set()) - BINARY[0]
    if strange:
        slot = plan.slot(view.pred)
        raise DataError(
            f"not all predictions beside probabilities are such: {_listed(strange)}",
            f"`{measure.loss.name}` needs predicted classes, or probabilities of one class",
            "if the column holds raw scores, add `--from-logits`",
            slot.file,
            slot.name,
        )
    strange = held.labels - {-1, 0, 1}
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
        raise _doubt(measure, plan, view, row)


def _doubt(measure: Measure, plan: Plan, view: CodedView, row: int) -> DataError:
    """A loss of rows had to read 0 or 1 in one way, and all rows say that it was the other."""
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
    """A note on classes that one side lacks; DataError where nothing is shared by a mistake of spelling."""
    if labels & preds:
        if any(labels | preds <= two for two in BINARY):
            return []
        sides = ((labels - preds, "labels"), (preds - labels, "predictions"))
        said = [f"only {side} have {_listed(only, 3)}" for only, side in sides if only]
        apart = difference(labels - preds, preds - labels)
        return [", ".join(said) + (f" ({apart})" if apart else "")] if said else []
    slot = plan.slot(view.pred)
    refuse_strangers(labels, preds, slot.file, slot.name)
    if not labels or not preds:
        return []
    return [f"no class in common: predictions have {_listed(preds, 3)}, labels {_listed(labels, 3)}"]


def refuse_strangers(labels: Set[Class], preds: Set[Class], file: str, column: str) -> None:
    """DataError where labels and predictions share no class, and it can only be their spelling."""
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
"""What two spellings of one class may differ in, and how it is set aside."""


def plain(name: Class, without: str = "") -> str:
    """A class without all that its spelling may vary in, but for one of the `STEPS`."""
    text = str(name)
    for what, step in STEPS:
        if what != without:
            text = step(text)
    return text


def difference(labels: Iterable[Class], preds: Iterable[Class]) -> str | None:
    """In what a label and a prediction differ that are one class but for the spelling; None where none are."""
    known = {plain(name): name for name in reversed(_ordered(labels))}
    pairs = [(known[plain(name)], name) for name in _ordered(preds) if plain(name) in known]
    if not pairs:
        return None
    label, pred = pairs[0]
    kinds = [what for what, _ in STEPS if plain(label, what) != plain(pred, what)]
    return f"{spelled(label)} and {spelled(pred)} differ in {' and '.join(kinds) or 'spelling'}"


# ---------------------------------------------------------------------- words


def _ordered(names: Iterable[Class]) -> list[Class]:
    return sorted(names, key=lambda name: (isinstance(name, str), name))


def _listed(names: Iterable[Class], most: int = SHOWN) -> str:
    found = _ordered(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(spelled(name) for name in found[:most]) + more


def spelled(name: Class) -> str:
    """A class as a message shows it: what cannot be seen in it is written as an escape.

    >>> spelled("a b"), spelled(" cat"), spelled("cat\\u00a0")
    ('`a b`', '`\\\\x20cat`', '`cat\\\\xa0`')
    """
    text = str(name)
    inner = text.strip(" ")
    before = len(text) - len(text.lstrip(" ")) if inner else len(text)
    # Marks that could be one with the letter before them are told apart from those that cannot.
    hidden = ("Zs", "Cf") if unicodedata.is_normalized("NFC", inner) else ("Zs", "Cf", "Mn")
    shown = "".join(
        letter.encode("unicode_escape").decode("ascii")
        if letter != " " and unicodedata.category(letter) in hidden
        else letter
        for letter in visible(inner)
    )
    space = "\\x20"
    return f"`{space * before}{shown}{space * (len(text) - before - len(inner))}`"
