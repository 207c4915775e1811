"""What an engine is given, and the table of engines.

An engine is a function of `Work` and of the parameters of `--engine NAME:key=value`; it gives the `Outcome` of all rows.
It never changes a result: `parts` cuts the work into parts that any process on any machine can fold.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from losscli.errors import UsageError
from losscli.loss.spec import parse

if TYPE_CHECKING:
    from losscli.measure.engines.pool import Advance, Journal, Outcome, Sink
    from losscli.measure.plan import Plan
    from losscli.reading.inputs import Inputs
    from losscli.reading.source import Source

ENGINES = {
    "threads": "losscli.measure.engines.threads:on_threads",
    "dask": "losscli.measure.engines.dask:on_dask",
}
"""Where the engines are, by name, as an entry point of the group ``losscli.engines`` says it."""


class Work(NamedTuple):
    """A plan, the rows that it measures, and who is told of them."""

    plan: Plan
    inputs: Inputs
    sources: Sequence[Source]
    """The inputs, opened in this process."""
    jobs: int
    memory: int | None
    """Bytes that may be held in this process; None: half of what is free."""
    advance: Advance
    sink: Sink | None
    journal: Journal | None
    """What was measured before, and what it is told to in the meantime; None: nobody."""


Engine: TypeAlias = "Callable[[Work, Mapping[str, str]], Outcome]"


def measured_by(engine: str | None, work: Work) -> Outcome:
    """The outcome of the work, by the engine of a spec; None: on threads of this process."""
    spec = parse(engine or "threads")
    return _engine(spec.name)(work, dict(spec.params))


def _engine(name: str) -> Engine:
    if name in ENGINES:
        module, _, function = ENGINES[name].partition(":")
        engine: Engine = getattr(importlib.import_module(module), function)
        return engine
    # Imported here: few calls name another engine.
    from losscli.loss import plugins

    plugin = plugins.find("engines", name)
    if plugin is None:
        names = ", ".join(
            f"`{known}`" for known in (*ENGINES, *(p.name for p in plugins.installed("engines")))
        )
        raise UsageError(f"no engine is called `{name}`", hint=f"the engines are {names}")
    engine = plugin.load()
    if not callable(engine):
        raise plugin.refused("a function")
    return engine


def refuse_params(engine: str, params: Mapping[str, str], known: Sequence[str]) -> None:
    """UsageError for a parameter that an engine does not take."""
    for name in params:
        if name not in known:
            takes = (
                f"its parameters are {', '.join(f'`{one}`' for one in known)}" if known else "it takes none"
            )
            raise UsageError(f"the engine `{engine}` has no parameter `{name}`", hint=takes)


def read_count(engine: str, params: Mapping[str, str], name: str) -> int | None:
    """A parameter that is a number from 1 on; None where it is not given."""
    text = params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 31):
        raise UsageError(
            f"`{name}={text}` of the engine `{engine}` is no number", hint="write a whole number from 1 on"
        )
    return int(text)
