"""States with the right digest and wrong numbers: a data error, or a result, and nothing else."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from losscli.errors import DataError
from losscli.report.evaluate import evaluate
from losscli.report.merge import merge
from losscli.report.state_document import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALLS: dict[str, dict[str, Any]] = {
    "sums and slices": {
        "loss": "mse,r2,max_error",
        "weight": "w",
        "by": ["kind", "p:bins=3"],
        "ci": "normal",
    },
    "the bootstrap": {"loss": "mse,rmse", "by": ["kind"], "ci": "bootstrap"},
    "groups": {"loss": "mae,r2", "by": ["kind"], "group": "g"},
    "classes": {"loss": "f1,accuracy", "label": "kind", "pred": "told", "by": ["g"]},
    "rounded errors": {"loss": "medae:approx=8,mape:zero=skip", "by": ["kind"]},
}
VALUES = [None, -1, 0, 2, 1 << 62, 10**30, 0.5, "", "0", "-0x1p+9", True, [], [1, 2, 3], [None], {}, {"a": 1}]
FEW = 60


def rows(path: Path) -> str:
    some = random.Random(5)
    lines = ["y,p,w,g,kind,told"]
    for at in range(40):
        y, p, w = (f"{some.gauss(0.0, 1.0):.3f}" for _ in "ypw")
        lines.append(f"{y},{p},{w.strip('-')},g{at % 6},{'abc'[at % 3]},{some.choice('abc')}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def places(held: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all values within a value, of lists to the first two."""
    inner = held.items() if isinstance(held, dict) else enumerate(held[:2]) if isinstance(held, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def forged(state: dict[str, Any], way: tuple[Any, ...], some: random.Random) -> None:
    """Change one value."""
    holder: Any = state
    for key in way[:-1]:
        holder = holder[key]
    value = holder[way[-1]]
    values = VALUES + ([value[:-1], value * 2, value[::-1]] if isinstance(value, (list, str)) else [])
    holder[way[-1]] = some.choice(values)
    del state["digest"]
    state["digest"] = digest_of(state)


@pytest.mark.parametrize("reached", [None, 20])
@pytest.mark.parametrize("name", CALLS)
def test_a_forged_number_is_a_data_error_or_a_result(
    name: str, reached: int | None, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path, file = rows(tmp_path / "rows.csv"), tmp_path / "state"
    options: dict[str, Any] = {"label": "y", "pred": "p", "state_out": str(file)} | CALLS[name]
    evaluate(path, **options)
    saved = json.loads(file.read_text())
    saved["reached"] = reached and {"row": reached, "part": None, "dialect": None}
    some, ways = (
        random.Random(f"{name} {reached}"),
        list(places({key: saved[key] for key in ("tally", "rows")})),
    )
    for _ in range(FEW * 10 if request.config.getoption("--run-all") else FEW):
        state = deepcopy(saved)
        forged(state, some.choice(ways), some)
        for call in (lambda: merge([str(file)]), lambda: evaluate(path, resume=True, **options)):
            file.write_text(json.dumps(state))
            with suppress(DataError):
                call()


@pytest.mark.parametrize(
    ("name", "way", "to", "why"),
    [
        ("groups", ("labels", 0, 0), ["other"], "groups of no slice"),
        ("groups", ("labels", 0, 1), ["a"], "a slice twice"),
        ("the bootstrap", ("dealt", "pairs", 0, 0), 4095, "of no slice and group"),
        ("sums and slices", ("states", 0, "held", "used"), 39, "states of other rows"),
        ("rounded errors", ("states", 2, "held", "rows"), [1] * 9, "not numbers of groups"),
        ("sums and slices", ("states", 3, "held", "totals"), [], "shorter"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(
    name: str, way: tuple[Any, ...], to: Any, why: str, tmp_path: Path
) -> None:
    path, file = rows(tmp_path / "rows.csv"), tmp_path / "state"
    evaluate(path, **{"label": "y", "pred": "p", "state_out": str(file)} | CALLS[name])
    state = json.loads(file.read_text())
    holder = state["tally"]
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = to
    file.write_text(json.dumps(state | {"digest": digest_of(state)}))
    with pytest.raises(DataError, match="numbers are not what losscli writes") as refused:
        merge([str(file)])
    assert why in (refused.value.detail or "")
