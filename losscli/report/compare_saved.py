"""Compare two saved results, without their rows: the function behind `losscli compare BASE.json HEAD.json`.

Without rows it is not known whether both models err on the same ones.  The two values are taken to be independent;
where they come from the same rows, the interval is wider than it need be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from losscli.errors import DataError, UsageError
from losscli.loss.spec import split
from losscli.measure.loss_request import names_of
from losscli.numbers.exact import round_fraction
from losscli.report.baseline import difference, unlike
from losscli.report.comparison import Compared, ComparedInput, Comparison, Side
from losscli.report.records import Report, Result
from losscli.report.saved import read_result
from losscli.report.slice_pattern import slice_text
from losscli.report.verdicts import Draft, Rule, by_t, check_rule, corrected
from losscli.report.worse_by import change
from losscli.statistics.intervals import IntervalSpec, root

ResultKey = tuple[str, frozenset[tuple[str, str]], frozenset[tuple[str, str | None]]]
"""What was measured: the loss, the part and the slice."""

UNPAIRED = (
    "unpaired: two saved results without rows; compared row by row, the same models show smaller differences"
)


def compare_saved(
    base: str,
    head: str,
    *,
    loss: Sequence[str],
    ci: str | None,
    margin: float,
    fail_on: Sequence[str],
) -> Comparison:
    """Compare the results that two files have in common, all of them or those of some losses.

    The interval is Welch's (1947, doi:10.1093/biomet/34.1-2.28), from the standard errors that were saved.
    Raises UsageError; DataError where a file is no saved result, or where both measured something else.
    """
    check_rule(margin, fail_on)
    interval = IntervalSpec.parse(ci or "normal") or IntervalSpec("normal")
    if interval.method != "normal" or interval.horizon is not None:
        raise UsageError(
            f"`--ci {ci}` needs rows, and saved results hold none",
            hint="`--ci normal:level=0.9` sets the level",
        )
    loss = [spec for text in loss for spec in split(text)]
    reports = [read_result(path) for path in (base, head)]
    pairs, alone = _pairs(reports, (base, head), [name for text in loss for name in names_of(text)])
    for name in loss:
        if not any(pair[0].loss in names_of(name) for pair in pairs):
            raise DataError(f"there is no `{name}` that both hold", _held(reports[1]), file=head)
    rule = Rule(margin, interval)
    drafts = [_compared(one, other, rule, (base, head)) for one, other in pairs]
    drafts += [_alone(result, at, (base, head)[at]) for at, result in alone if result.slice or result.part]
    compared = _judged(drafts, rule)
    failed = [one for one in compared if one.verdict in fail_on]
    inputs = [ComparedInput("base", base, "json", []), ComparedInput("head", head, "json", [])]
    warnings = [UNPAIRED, *unlike(*reports)]
    warnings += [f"only {(base, head)[at]} has {_name(result)}" for at, result in alone]
    return Comparison(
        compared, margin, interval.level, failed, reports[1].rows, inputs, paired=False, warnings=warnings,
        base_rows=reports[0].rows,
    )  # fmt: skip


def _pairs(
    reports: Sequence[Report], paths: tuple[str, str], names: Sequence[str]
) -> tuple[list[tuple[Result, Result]], list[tuple[int, Result]]]:
    """Pairs of results of the same loss, part and slice; and those of only one file, with its place of the two."""
    held: list[dict[ResultKey, list[Result]]] = []
    for report in reports:
        places: dict[ResultKey, list[Result]] = {}
        for result in report.results:
            if not names or result.loss in names:
                place = (result.loss, frozenset(result.part.items()), frozenset(result.slice.items()))
                places.setdefault(place, []).append(result)
        held.append(places)
    found: list[tuple[Result, Result]] = []
    alone: list[tuple[int, Result]] = []
    for place in dict.fromkeys([*held[1], *held[0]]):
        ones, others = (places.get(place, []) for places in held)
        # The column's name may differ between the models, unless there are several columns.
        if len(ones) == len(others) == 1:
            couples = [(ones[0], others[0])]
        else:
            couples = [(one, other) for other in others for one in ones if one.pred == other.pred]
        for at, sides in enumerate((ones, others)):
            alone += [(at, side) for side in sides if not any(couple[at] is side for couple in couples)]
        found += couples
    for one, other in found:
        if one.signature != other.signature:
            raise DataError(
                f"{_name(other)} measures something else than in {paths[0]}",
                difference(one.signature, other.signature),
                "results are compared that were measured in the same way",
                file=paths[1],
            )
    if not found:
        raise DataError(f"has no result that {paths[0]} has as well", _held(reports[1]), file=paths[1])
    return found, alone


def _name(result: Result) -> str:
    slice = f" of {slice_text(result.slice)}" if result.slice else ""
    part = "".join(f" of {kind} {name}" for kind, name in result.part.items())
    return f"`{result.loss}` of `{result.pred}`{part}{slice}"


def _held(report: Report) -> str:
    return f"it holds {', '.join(dict.fromkeys(f'`{result.loss}`' for result in report.results)) or 'none'}"


def _compared(base: Result, head: Result, rule: Rule, paths: tuple[str, str]) -> Draft:
    one = Compared(
        head.loss, head.params, head.better, Side(base.pred, base.value), Side(head.pred, head.value),
        head.slice, head.rows, head.weight, signature=head.signature, part=head.part,
    )  # fmt: skip
    sides = (("base", base, paths[0]), ("head", head, paths[1]))
    if base.value is None or head.value is None:
        said = [f"{name}: {side.note or 'not defined'}" for name, side, _ in sides if side.value is None]
        return Draft(replace(one, note="; ".join(said)))
    worse_by = change(head.better, base.value, head.value)
    if not math.isfinite(round_fraction(worse_by)):
        return Draft(replace(one, note="the difference exceeds the largest double"))
    one = replace(one, worse_by=round_fraction(worse_by))
    variances, freedoms = [], []
    for _, side, path in sides:
        if side.stderr is None or side.observations < 2:
            why = f"{path} holds no standard error; `--ci normal` saves one"
            return Draft(replace(one, note=f"no interval: {why}"))
        variances.append(Fraction(side.stderr) ** 2)
        freedoms.append(side.observations - 1)
    total = sum(variances, Fraction(0))
    parts = sum((v**2 / f for v, f in zip(variances, freedoms, strict=True)), Fraction(0))
    freedom = round_fraction(total**2 / parts) if parts else float(sum(freedoms))
    return by_t(one, worse_by, root(total), freedom, rule, "welch t")


def _alone(result: Result, at: int, path: str) -> Draft:
    """A slice or a part that only one file has: it is listed, with nothing known of the other side."""
    values = [result.value, None] if at == 0 else [None, result.value]
    base, head = (Side(result.pred, value) for value in values)
    return Draft(Compared(
        result.loss, result.params, result.better, base, head, result.slice, result.rows, result.weight,
        note=f"only {path} has it", signature=result.signature, part=result.part,
    ))  # fmt: skip


def _judged(drafts: Sequence[Draft], rule: Rule) -> list[Compared]:
    """The whole, then the slices, corrected by Holm over those of one slicing, loss and model."""
    families: dict[object, list[Draft]] = {}
    for draft in drafts:
        one = draft.compared
        family: object = None
        if one.slice:
            family = (one.loss, one.head.pred, frozenset(one.part.items()), tuple(one.slice))
        families.setdefault(family, []).append(draft)
    whole = families.pop(None, [])
    found = [draft.settled(rule) for draft in whole]
    return found + [draft.settled(rule) for family in families.values() for draft in corrected(family)]
