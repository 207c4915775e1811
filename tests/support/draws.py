"""Rows for any loss, drawn from the domains that it declares, and files that hold them.

Two kinds of rows: ordinary ones, as models and people make them, and rows at the ends, where kernels
break: the ends of the domains and their neighbours, 1.8e308 and 5e-324, zeros, ties, predictions that
all but equal the label, and whatever lies at the parameters of the loss.  All come from fixed seeds.

A role, a shape or a domain that is not known here is an error: a new kind of loss is not left out of
the laws in silence.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import shutil
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator
from numpy.typing import NDArray

from losscli.loss.declare import Loss
from losscli.loss.domains import AnyClass, Binary, Interval, Simplex, Vector
from losscli.loss.params import LossName, Param
from losscli.losses.families import catalogue

Floats = NDArray[np.float64]
Params = dict[str, Any]
Roles = dict[str, Any]

SMALLEST, NORMAL, GREATEST = 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308
HALF = 2.0**-53  # half the distance from 1 to the next double

SIZES = [
    0.0, SMALLEST, 3 * SMALLEST, NORMAL - SMALLEST, NORMAL, 1e-300, 1e-200, 1.5e-162, 1e-154, 1e-100, 1e-20,
    HALF, 2 * HALF, 1e-9, 1e-8, 1e-4, 0.1, 0.25, 1 / 3, 0.5, 0.5 + HALF, 0.9, 1 - 1e-9, 1 - HALF, 1.0,
    1 + 2 * HALF, 1.5, 2.0, math.pi, 7.0, 36.04, 37.5, 100.0, 709.7, 710.5, 745.2, 746.0, 1e5, 1e9,
    2.0**53, 1e16, 1e100, 9.4e153, 1.3407807929942596e154, 1.4e154, 1e155, 1e200, 1e300, 8.98846567431158e307,
    GREATEST / 2, GREATEST * 0.75, GREATEST,
]  # fmt: skip
"""Sizes at which a step of a kernel may round, cancel, overflow or vanish."""


def forms() -> list[Loss]:
    """Every form of every loss."""
    return [form for group in catalogue().values() for form in group]


def of_each_kind(losses: Sequence[Loss]) -> list[Loss]:
    """The first loss of each kind: of its state, the shapes and domains of its roles, and how it is finished.

    What lies between a file and the arrays of a row function is the same for all losses of a kind, so what is
    promised of it is proved once for each, and for all with `--run-all`.
    """
    kinds: dict[Any, Loss] = {}
    for loss in losses:
        roles = tuple((role.name, role.shape, type(role.domain).__name__) for role in loss.roles)
        kind = (
            loss.state, loss.is_mean, roles, loss.logits, loss.per_class, loss.takes_levels, loss.takes_matrix,
            loss.keeps is not None, bool(loss.touches),
        )  # fmt: skip
        kinds.setdefault(kind, loss)
    return list(kinds.values())


def title(loss: Loss) -> str:
    """A name for one form, for the list of tests."""
    shapes = "-".join(role.shape.lower() for role in loss.roles)
    return f"{loss.name}-{shapes}" + ("-logits" if loss.logits else "")


def generator(loss: Loss, purpose: str) -> Generator:
    """Numbers that depend on the loss and the purpose only, not on the order of tests."""
    return np.random.default_rng(zlib.crc32(f"{title(loss)} {purpose}".encode()))


# ------------------------------------------------------------------------------------------------
# Parameters
# ------------------------------------------------------------------------------------------------


def values_of(param: Param) -> list[Any]:
    """Values of a parameter: all choices, or its default, the ends of its range and some between."""
    if param.choices:
        return list(param.choices)
    if param.name == "matrix" or param.type is LossName:
        return []
    if param.type not in (bool, int, float):
        raise NotImplementedError(f"values of the parameter `{param.name}` are not drawn yet")
    if param.type is bool:
        return [False, True]
    interval = param.interval or Interval()
    wanted = [SMALLEST, 1e-300, 1e-9, 0.1, 0.5, 0.9, 1 - HALF, 1.0, 1.5, 2.0, 3.0, 5.0, 1e9, 1e300, GREATEST]
    wanted += [-value for value in wanted if interval.low < 0.0] + [0.0, interval.low, interval.high]
    if param.type is int:
        wanted = [1, 2, 3, 5, 24, *(value for value in (interval.low, interval.high) if math.isfinite(value))]
    inside = [param.type(value) for value in wanted if math.isfinite(value) and float(value) in interval]
    return [*dict.fromkeys(inside), *([None] if param.optional else [])]


def usual_params(loss: Loss) -> Params:
    """The defaults; a value of every day where a parameter must be given."""
    usual: Params = {}
    for param in loss.params:
        if param.name == "matrix":
            usual[param.name] = cost_file(2 if isinstance(loss.role("label").domain, Binary) else 3)
            continue
        if param.required and param.choices:
            usual[param.name] = param.choices[0]
            continue
        inside = [value for value in (0.5, 1.5, 2.0, 1, 5) if value in (param.interval or Interval())]
        usual[param.name] = param.type(inside[0]) if param.required else param.default
    # A parameter that is a column holds its name: here each column is named for its role.
    return usual | {name: name for name in loss.columns}


def all_params(loss: Loss, rng: Generator, at_most: int = 20) -> list[Params]:
    """The usual ones first, then each parameter over its range, then some together."""
    usual = usual_params(loss)
    found = [usual]
    found += [usual | {param.name: value} for param in loss.params for value in values_of(param)]
    if len(loss.params) > 1:
        for _ in range(6):
            together = {p.name: vs[int(rng.integers(len(vs)))] for p in loss.params if (vs := values_of(p))}
            found.append(usual | together)
    found = [params for at, params in enumerate(found) if params not in found[:at]]
    drawn = rng.permutation(len(found) - 1)[: at_most - 1] + 1
    return [usual, *(found[at] for at in sorted(drawn))]


def row_params(loss: Loss, params: Params, roles: Roles) -> Params:
    """What the row function is given besides the roles."""
    given = {name: value for name, value in params.items() if name in loss.row_params}
    if loss.takes_levels:
        given["levels"] = levels(roles["pred"].shape[1])
    if loss.takes_matrix:
        given["matrix"] = costs(classes_of(loss, roles))
    return given


def classes_of(loss: Loss, roles: Roles) -> int:
    """How many classes the rows were drawn for."""
    if isinstance(loss.role("label").domain, Binary):
        return 2
    return int(roles["pred"].shape[1]) if roles["pred"].ndim > 1 else 3


def levels(columns: int) -> tuple[float, ...]:
    """Quantile levels for so many columns, in pairs around the median."""
    return {2: (0.1, 0.9), 3: (0.1, 0.5, 0.9), 5: (0.1, 0.25, 0.5, 0.75, 0.9)}[columns]


@cache
def costs(classes: int) -> tuple[tuple[float, ...], ...]:
    """A cost matrix: nothing on the diagonal, and elsewhere numbers that are all different."""
    return tuple(tuple(0.0 if a == b else 1.0 + a + b / 8.0 for b in range(classes)) for a in range(classes))


@cache
def cost_file(classes: int) -> str:
    """The cost matrix as the file that a parameter names."""
    folder = tempfile.mkdtemp(prefix="losscli-costs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = os.path.join(folder, f"costs{classes}.csv")
    lines = [",".join(["label", *map(str, range(classes))])]
    lines += [",".join([str(at), *map(repr, row)]) for at, row in enumerate(costs(classes))]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def spec(loss: Loss, params: Params) -> str:
    """What a user writes for the loss with these parameters."""
    return loss.canonical(params, defaults=True)


# ------------------------------------------------------------------------------------------------
# Rows
# ------------------------------------------------------------------------------------------------


def draw(
    loss: Loss, params: Params, rng: Generator, rows: int, *, ends: bool = False, classes: int = 3
) -> Roles:
    """Rows in the domains of the loss, as its row function takes them, and laid out as it is given them."""
    # Where a kernel turns from one branch to another, most often.
    turns = [value for value in params.values() if isinstance(value, float)]
    two = loss.per_class and classes > 1
    few = two or loss.takes_matrix or (ends and loss.state != "sums")
    drawn: Roles = {}
    for role in loss.roles:
        domain = loss.domain(role, params)
        if role.shape == "Codes" and loss.role("pred").shape == "Codes":
            wide = [0, 1] if two else list(range(classes)) if few or not ends else [-1, 0, 1, 2, 5, 2**53]
            codes = rng.choice(np.array(wide), rows)
            same = rng.random(rows) < 0.5
            drawn[role.name] = np.where(same, drawn["label"], codes) if "label" in drawn else codes
        elif role.shape == "Codes":
            drawn[role.name] = rng.integers(0, classes, rows)
        elif role.shape == "Columns":
            wide = 3 * classes if loss.members and role.name == "pred" else classes
            drawn[role.name] = _columns(domain, rng, rows, wide, ends, turns)
            if ends and "label" in drawn:
                _copy_some(loss, drawn, role.name, domain, params, rng)
        elif role.shape == "Column":
            column = _numbers(domain, rng, rows, ends, turns)
            if role in loss.pred_roles and "label" in drawn and drawn["label"].ndim == 1:
                column = _near(drawn["label"], column, domain, rng, ends, turns)
            drawn[role.name] = column
        elif role.shape == "Times":
            drawn[role.name] = rng.permutation(rows).astype(np.float64)
        elif role.shape == "Texts":
            drawn[role.name] = _texts(rng, rows, drawn.get("label"), ends)
        else:
            raise NotImplementedError(f"the shape {role.shape} of `{loss.name}` is not drawn yet")
    if ends and [role.shape for role in loss.roles[:2]] == ["Column", "Column"]:
        first, second = loss.roles[:2]
        _to_corners(
            loss.domain(first, params), loss.domain(second, params), drawn[first.name], drawn[second.name]
        )
    for low, high in loss.relations:
        both = drawn[low], drawn[high]
        drawn[low], drawn[high] = np.minimum(*both), np.maximum(*both)
        if {low, high} <= set(loss.label_roles):
            # Some bounds are equal, a time that is known, and some have no end.
            end = loss.domain(loss.role(high), params)
            drawn[high][1::4] = _inside(end, drawn[low], drawn[high])[1::4]
            drawn[high][2::4] = end.infinite
    return drawn


def _copy_some(loss: Loss, drawn: Roles, name: str, domain: Any, params: Params, rng: Generator) -> None:
    """Some predictions become what the label is."""
    label = drawn["label"]
    if name == "label" or label.dtype != np.float64 or loss.domain(loss.role("label"), params) != domain:
        return
    same = (rng.random(len(label)) < 0.1)[:, None]
    columns = label.T if label.ndim > 1 else label[None]
    drawn[name] = _laid(np.where(same, _copies(columns, drawn[name].shape[1]), drawn[name]))


def _copies(columns: Floats, wide: int) -> Floats:
    """The columns as often as the others are as many."""
    return np.tile(columns, (wide // len(columns), 1)).T


def perfect(loss: Loss, params: Params, rng: Generator, rows: int, classes: int = 3) -> Roles | None:
    """Rows whose prediction is perfect; None where no prediction in the domain is."""
    roles = draw(loss, params, rng, rows, classes=classes)
    if set(roles) == {"first", "second"}:
        return {"first": np.full(rows, 1e300), "second": np.full(rows, -1e300)}
    if {"nll", "logp"} & set(roles):
        return {name: np.full(rows, float(name == "tokens")) for name in roles}
    if loss.times:
        until = levels(roles["pred"].shape[1])
        return {**roles, "pred": _laid((roles["time"][:, None] > until).astype(np.float64))}
    if "horizon" in params:
        return {**roles, "pred": (roles["time"] > params["horizon"]).astype(np.float64)}
    if "time" in loss.label_roles:
        return {**roles, "pred": roles["time"].copy()}
    if "lower" in loss.label_roles:
        return {**roles, "pred": np.clip(roles["pred"], roles["lower"], roles["upper"])}
    if "label" not in roles:
        return None
    label = loss.domain(loss.role("label"), params)
    for role in loss.pred_roles:
        pred = loss.domain(role, params)
        if isinstance(label, Binary):
            roles["label"] = np.where(roles["label"] >= 0.5, 1.0, 0.0)
            roles[role.name] = np.where(roles["label"] == 1.0, *_far(pred))
        elif isinstance(label, AnyClass) and role.shape == "Codes":
            roles[role.name] = roles["label"].copy()
        elif isinstance(label, AnyClass):
            one_hot = np.eye(classes)[roles["label"]]
            roles[role.name] = _laid(np.where(one_hot == 1.0, *_far(pred)))
        elif label == Interval(0.0, 1.0, whole=True) and pred != label:
            roles[role.name] = _laid(np.where(roles["label"] == 1.0, *_far(pred)))
        elif isinstance(label, Simplex) and pred == Interval():
            return None  # a score for a share of the label is no score of certainty
        elif role.shape == "Columns" and (roles["label"].ndim == 1 or loss.members):
            columns = roles["label"].T if loss.members else roles["label"][None]
            roles[role.name] = _laid(_copies(columns, roles[role.name].shape[1]))
        else:
            roles[role.name] = roles["label"].copy()
    return roles


def _far(domain: Any) -> tuple[float, float]:
    """The surest yes and the surest no of a probability or a score."""
    if isinstance(domain, Simplex):
        return 1.0, 0.0
    return min(domain.high, 1e300), max(domain.low, -1e300)


def kept(loss: Loss, roles: Roles, params: Params) -> Roles:
    """The rows that count; a row function is given no others."""
    stays = loss.keeps(**roles, **row_params(loss, params, roles)) if loss.keeps is not None else None
    return roles if stays is None else {name: column[stays] for name, column in roles.items()}


def _numbers(domain: Any, rng: Generator, rows: int, ends: bool, turns: Sequence[float]) -> Floats:
    if isinstance(domain, Binary):
        hard = (rng.random(rows) < 0.5).astype(np.float64)
        if not domain.soft:
            return hard
        soft = _numbers(Interval(0.0, 1.0), rng, rows, ends, turns)
        return np.where(rng.random(rows) < 0.4, soft, hard)
    if not isinstance(domain, Interval):
        raise NotImplementedError(f"numbers of the domain {domain!r} are not drawn yet")
    usual = _usual(domain, rng, rows)
    if not ends:
        return usual
    odd = rng.choice(_pool(domain, turns), rows)
    # Sizes spread evenly over all powers of two, and over those of every day.
    wide = np.ldexp(rng.uniform(0.5, 1.0, rows), rng.integers(-1074, 1025, rows))
    mild = np.ldexp(rng.uniform(0.5, 1.0, rows), rng.integers(-30, 31, rows))
    drawn = np.select([(pick := rng.random(rows)) < 0.5, pick < 0.65, pick < 0.8], [odd, wide, mild], usual)
    drawn *= np.where((rng.random(rows) < 0.5) & (domain.low < 0.0) & (pick >= 0.5), -1.0, 1.0)
    return _inside(domain, drawn, odd)


def _pool(domain: Interval, turns: Sequence[float] = ()) -> Floats:
    """The values at the ends of a domain, and those of SIZES that lie in it."""
    ends = [end for end in (domain.low, domain.high) if math.isfinite(end)]
    ends += [math.nextafter(end, way) for end in ends for way in (-math.inf, math.inf)]
    ends += [end - offset for end in ends for offset in (1e-300, 1e-12, 1e-5)]
    sizes = SIZES + ends + [near for turn in turns for near in (turn, math.nextafter(turn, math.inf))]
    sizes += [-size for size in sizes]
    if domain.whole:
        sizes = [float(math.floor(size)) for size in sizes if math.isfinite(size)]
    return np.array([size for size in sizes if size in domain])


def _usual(domain: Interval, rng: Generator, rows: int) -> Floats:
    low, high = domain.low, domain.high
    if math.isfinite(low) and math.isfinite(high):
        drawn = rng.uniform(low, high, rows)
    elif math.isfinite(low):
        drawn = low + rng.exponential(4.0, rows) + 1e-3
    else:
        drawn = rng.normal(0.5, 3.0, rows)
    if domain.whole:
        drawn = np.round(drawn)
    return _inside(domain, drawn, np.full(rows, _pool(domain)[-1]))


def _inside(domain: Interval, drawn: Floats, instead: Floats) -> Floats:
    outside = domain.outside(drawn)
    return drawn if outside is None else np.where(outside, instead, drawn)


def _near(
    label: Floats, pred: Floats, domain: Interval, rng: Generator, ends: bool, turns: Sequence[float]
) -> Floats:
    """A third of the predictions next to their labels: equal, an ulp or a tiny share away, or mirrored."""
    if not isinstance(domain, Interval):
        raise NotImplementedError(f"predictions of the domain {domain!r} are not drawn yet")
    if not ends:
        return pred
    rows = len(label)
    with np.errstate(all="ignore"):
        share = 1.0 + rng.choice([-1.0, 1.0], rows) * 10.0 ** rng.uniform(-16.0, -1.0, rows)
        ways = [
            label, np.nextafter(label, np.inf), np.nextafter(label, -np.inf), label * share, -label,
            label + rng.choice([*turns, 1.0], rows), label - rng.choice([*turns, 1.0], rows),
        ]  # fmt: skip
        way = rng.integers(0, 3 * len(ways), rows)
        drawn = np.choose(np.minimum(way, len(ways)), [*ways, pred])
    return _inside(domain, drawn, pred)


WORDS = ("a", "the", "cat", "cats", "sat", "Zürich", "naïve", "e\u0301", "数据", "don't", "1", "1.0", "true")
ODD_WORDS = ("x" * 70, "abababab", "\U0001f600", "A", "\u00a0", " ", "NA")


def _texts(rng: Generator, rows: int, label: Any, ends: bool) -> Any:
    """Texts of a few words; predictions are their label with a word more, less or changed, or another text."""
    pool = np.array([*WORDS, *(ODD_WORDS if ends else ())], dtype=object)
    found = np.empty(rows, dtype=object)
    for at in range(rows):
        words = [
            str(word) for word in rng.choice(pool, rng.integers(1, 40 if ends and rng.random() < 0.1 else 7))
        ]
        if label is not None and rng.random() < 0.8:
            words = label[at].split(" ")
            for _ in range(int(rng.integers(0, 4))):
                place = int(rng.integers(0, len(words) + 1))
                words[place : place + int(rng.integers(0, 2))] = [str(rng.choice(pool))] * int(
                    rng.integers(0, 2)
                )
        # An empty cell is a missing value.
        found[at] = " ".join(words) or "the"
    return found


CORNERS = (
    (GREATEST, -GREATEST), (-GREATEST, GREATEST), (GREATEST, GREATEST), (0.0, 0.0), (-0.0, 0.0), (0.0, SMALLEST),
    (SMALLEST, -SMALLEST), (SMALLEST, SMALLEST), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 1.0), (0.0, GREATEST),
    (SMALLEST, GREATEST), (GREATEST, SMALLEST), (NORMAL, NORMAL - SMALLEST),
)  # fmt: skip
"""Pairs that no draw does without."""


def _to_corners(label: Any, pred: Any, first: Floats, second: Floats) -> None:
    """The first rows become the pairs of CORNERS that the domains hold."""

    def holds(domain: Any, value: float) -> bool:
        return value in (Interval(0.0, 1.0, whole=not domain.soft) if isinstance(domain, Binary) else domain)

    corners = [pair for pair in CORNERS if holds(label, pair[0]) and holds(pred, pair[1])][: len(first)]
    for at, pair in enumerate(corners):
        first[at], second[at] = pair


def _columns(
    domain: Any, rng: Generator, rows: int, classes: int, ends: bool, turns: Sequence[float]
) -> Floats:
    if isinstance(domain, Simplex):
        return _laid(_chances(rng, rows, classes, ends))
    cells = [_numbers(domain, rng, rows, ends, turns) for _ in range(classes)]
    drawn = np.stack(cells, axis=1)
    if isinstance(domain, Vector):
        drawn[~drawn.any(axis=1), 0] = 1.0
    if ends and domain == Interval():
        # Scores of one row are mostly of one size: ties, and small differences far from zero.
        far = rng.choice([0.0, 1e3, -1e9, 1e16, 1e300], (rows, 1))
        close = far + rng.choice([0.0, 1.0, -1.0, 1e-9, 30.0, -40.0, 700.0, -745.0, -800.0], (rows, classes))
        drawn = np.where(rng.random((rows, 1)) < 0.5, close, drawn)
    return _laid(drawn)


def _chances(rng: Generator, rows: int, classes: int, ends: bool) -> Floats:
    """Rows of probabilities; at the ends with exact zeros and ones, ties, and sums off by up to 1e-9."""
    drawn = rng.dirichlet(np.full(classes, 0.8), rows)
    if not ends:
        return drawn
    eye, rest = np.eye(classes)[rng.integers(0, classes, rows)], np.zeros((rows, classes))
    for tiny in (SMALLEST, NORMAL, 1e-300, 1e-17, HALF, 2.0**-52, 2.220446049250313e-16, 1e-15, 1e-9):
        rest[rng.random(rows) < 0.2] = tiny
    tiny = np.where(eye == 1.0, 1.0 - (classes - 1) * rest, rest)
    ties = np.where(eye == 1.0, 0.5, 0.0) + np.where(np.roll(eye, 1, axis=1) == 1.0, 0.5, 0.0)
    peaked = rng.dirichlet(np.full(classes, 0.05), rows)
    even = np.full((rows, classes), 1.0 / classes)
    way = rng.integers(0, 6, rows)[:, None]
    drawn = np.select(
        [way == 0, way == 1, way == 2, way == 3, way == 4], [eye, tiny, ties, peaked, even], drawn
    )
    off = rng.uniform(-1e-9, 1e-9, rows) * (rng.random(rows) < 0.2)
    at = np.arange(rows), drawn.argmax(axis=1)
    drawn[at] = np.minimum(drawn[at] + off, 1.0)
    return drawn


def _laid(columns: Floats) -> Floats:
    """(n, C), with each column in one piece."""
    return np.ascontiguousarray(columns.T).T


# ------------------------------------------------------------------------------------------------
# Files
# ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Files:
    """A file of predictions and one of labels, and how `evaluate` is told to read them."""

    preds: str
    labels: str
    options: Mapping[str, Any]


def sides(loss: Loss, roles: Roles, weight: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of the file of predictions, and of the file of labels.

    A role of several columns has names that end in the class, or in the level of a quantile.
    """
    found: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    for name, values in roles.items():
        side = found[0 if name in [role.name for role in loss.pred_roles] else 1]
        if values.ndim == 1:
            side[name] = values
            continue
        stem = {"label": "y", "pred": "q" if loss.takes_levels else "p"}.get(name, name)
        ends = levels(values.shape[1]) if stem == "q" else range(values.shape[1])
        side.update({f"{stem}_{end}": column for end, column in zip(ends, values.T, strict=True)})
    if weight is not None:
        found[1]["weight"] = weight
    if not found[1]:  # a loss without a label: the file of labels holds something all the same
        found[1]["row"] = np.arange(len(next(iter(roles.values()))))
    return found


def options_of(loss: Loss, roles: Roles, weight: Any = None) -> dict[str, Any]:
    """What `evaluate` must be told of the columns."""
    others = {*loss.columns, *(role.name for role in loss.roles if role.shape == "Times")}
    preds, labels = sides(loss, {name: column for name, column in roles.items() if name not in others})
    options: dict[str, Any] = {"pred": ",".join(preds)}
    if "label" in roles:
        options["label"] = ",".join(labels)
    elif loss.label_roles != ("label",):
        options["label"] = ",".join(f"{name}={name}" for name in loss.label_roles)
    if [role.name for role in loss.pred_roles] != ["pred"]:
        named = {role.name: "_*" if role.shape == "Columns" else "" for role in loss.pred_roles}
        options["pred"] = ",".join(f"{name}={name}{end}" for name, end in named.items())
    if loss.logits:
        options["from_logits"] = True
    if any(role.shape == "Times" for role in loss.roles):
        options["time"] = "time"
    return options | ({"weight": "weight"} if weight is not None else {})


def files(
    folder: Any, loss: Loss, roles: Roles, weight: Any = None, *, suffix: str = "parquet",
    row_groups: tuple[int, int] = (1 << 20, 1 << 20), name: str = "",
) -> Files:  # fmt: skip
    """Both files, written; in Parquet with row groups of these sizes."""
    paths = [str(folder / f"{side}{name}.{suffix}") for side in ("preds", "labels")]
    for path, columns, group in zip(paths, sides(loss, roles, weight), row_groups, strict=True):
        write(path, columns, group)
    return Files(*paths, options_of(loss, roles, weight))


def write(path: str, columns: Mapping[str, Any], row_group: int = 1 << 20) -> None:
    """A table by its suffix; in text each double is the shortest that reads back."""
    if path.endswith(".parquet"):
        pq.write_table(pa.table(dict(columns)), path, row_group_size=row_group)
        return
    if path.endswith(".arrow"):
        table = pa.table(dict(columns))
        with pa.ipc.new_file(path, table.schema) as sink:
            sink.write_table(table)
        return
    if path.endswith(".npz"):
        np.savez(path, **{name: np.array(column.tolist()) for name, column in columns.items()})
        return
    if path.endswith(".jsonl"):
        held = zip(*(column.tolist() for column in columns.values()), strict=True)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in held)
        return
    cells = [[_cell(value) for value in column] for column in columns.values()]
    lines = [",".join(columns), *(",".join(row) for row in zip(*cells, strict=True))]
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write("\n".join(lines) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, float) else str(value)


def own_params(loss, params, roles):
    return {**params, **({"levels": row_params(loss, params, roles)["levels"]} if loss.takes_levels else {})}
