"""Dask: parts run on the workers of a cluster, which read the files themselves; outcomes are merged in a tree.

`--engine dask:scheduler=tcp://host:8786` names a scheduler, `dask:file=scheduler.json` the file that it wrote, and so
does the variable DASK_SCHEDULER_ADDRESS; without any, workers are started on this machine, bound to 127.0.0.1.  When
this process ends, however it ends, the scheduler drops what it still has to do for it.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from losscli._version import __version__
from losscli.errors import DataError, UsageError
from losscli.measure.engines.parts import (
    far_inputs,
    fold_part,
    gathered,
    machine,
    merged,
    parts_of,
    refuse_other,
    ships_rows,
)
from losscli.measure.engines.work import read_count, refuse_params
from losscli.reading.fingerprint import first_line

if TYPE_CHECKING:
    from losscli.measure.engines.parts import PlanPart
    from losscli.measure.engines.pool import Outcome
    from losscli.measure.engines.work import Work
    from losscli.reading.inputs import Inputs

PARAMS = ("scheduler", "file", "parts")
CONNECT_SECONDS = 5
WORKERS_SECONDS = 10
"""How long a cluster may take to have its first worker."""
FAN = 16
"""How many outcomes are merged at a time."""


def on_dask(work: Work, params: Mapping[str, str]) -> Outcome:
    """The work on a cluster.  UsageError where there is none, or where its workers are not like this machine."""
    refuse_params("dask", params, PARAMS)
    count, address = read_count("dask", params, "parts"), _address(params)
    inputs = far_inputs(work)
    with _client(address, work.jobs) as client:
        threads = _threads(client, address)
        warnings = _checked(client, inputs)
        parts = parts_of(work, inputs, threads, count)
        outcome = gathered(work, parts, _outcomes(client, work, parts))
    outcome.warnings += warnings
    return outcome


def _outcomes(client: Any, work: Work, parts: list[PlanPart]) -> Iterator[Outcome]:
    """The outcomes of all parts in their order, merged on the workers where they do not grow with the rows."""
    found = client.map(fold_part, parts, pure=False)
    if work.sink is None and not ships_rows(work.plan):
        _watch(work, parts, found)
        while len(found) > FAN:
            found = [
                client.submit(merged, found[at : at + FAN], pure=False) for at in range(0, len(found), FAN)
            ]
        yield from map(_result, found)
        return
    found.reverse()
    for part in parts:
        outcome = _result(found.pop())  # which frees the memory of the worker that held it
        _tell(work, part, len(parts))
        yield outcome


def _watch(work: Work, parts: list[PlanPart], found: list[Any]) -> None:
    """Wait for all parts, and tell of each; raise what stopped one."""
    by_key = {future.key: part for future, part in zip(found, parts, strict=True)}
    for future in _distributed().as_completed(found, loop=found[0].client.loop):
        if future.status != "finished":
            _result(future)
        _tell(work, by_key[future.key], len(parts))


def _tell(work: Work, part: PlanPart, parts: int) -> None:
    """Tell that a part is done: its rows, and its share of the bytes."""
    rows = 0 if part.plan.rows is None else len(part.plan.rows)
    work.advance(rows, sum(source.size or 0 for source in work.sources) // parts)


def _result(future: Any) -> Outcome:
    """What a part gave; UsageError where the cluster could not give it."""
    try:
        outcome: Outcome = future.result()
    except _distributed().KilledWorker as error:
        raise UsageError(
            f"a part ended each worker that it ran on, the last one {error.last_worker.address}",
            "the scheduler gave it up: most likely a worker has too little memory",
            "more parts are smaller: `dask:parts=N`; the workers' logs say more",
        ) from None
    except (OSError, TimeoutError, CancelledError) as error:
        raise UsageError(
            "the Dask scheduler went away",
            first_line(error),
            "nothing was measured: run again",
        ) from None
    return outcome


# ---------------------------------------------------------------------- the cluster


def _address(params: Mapping[str, str]) -> str | None:
    """Where the scheduler is; None: workers are started here."""
    if "scheduler" in params and "file" in params:
        raise UsageError("`scheduler` and `file` of `dask` both name a scheduler", hint="give one of them")
    if "scheduler" in params:
        return params["scheduler"]
    if "file" not in params:
        return os.environ.get("DASK_SCHEDULER_ADDRESS") or None
    path = params["file"]
    try:
        with open(path, encoding="utf-8") as file:
            return str(json.load(file)["address"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(
            f"{path} is no file of a Dask scheduler: {reason.lower()}",
            hint="`dask scheduler --scheduler-file FILE` writes it",
        ) from None


def _distributed() -> Any:
    """The package, which is large, and which not every installation has; UsageError where it is missing."""
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise UsageError(
            "`dask` needs the package `distributed`", hint="install it: `pip install 'losscli[dask]'`"
        ) from None


@contextmanager
def _client(address: str | None, jobs: int) -> Iterator[Any]:
    """A connection to the scheduler, or to one that is started here for ``jobs`` workers."""
    distributed = _distributed()
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what it says is said below
    with ExitStack() as stack:
        cluster = address
        if address is None:
            cluster = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=jobs, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                )
            )  # fmt: skip
        try:
            client = stack.enter_context(
                distributed.Client(cluster, timeout=CONNECT_SECONDS, set_as_default=False)
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(
                f"no Dask scheduler answers at `{address}`", first_line(error),
                "`dask scheduler` starts one; `--engine dask` alone starts workers on this machine",
            ) from None  # fmt: skip
        yield client


def _threads(client: Any, address: str | None) -> int:
    """How many parts can run at a time."""
    try:
        client.wait_for_workers(1, timeout=WORKERS_SECONDS)
    except TimeoutError:
        raise UsageError(
            f"the Dask scheduler at `{address}` has no workers", hint=f"start some: `dask worker {address}`"
        ) from None
    return sum(client.nthreads().values())


def _checked(client: Any, inputs: Inputs) -> list[str]:
    """Refuse machines that have other versions or see other files; what is to be said of the others.

    The scheduler reads the work as well, before it gives it away; no file concerns it.
    """
    here, said = machine(inputs), dict[str, None]()
    try:
        scheduler = client.run_on_scheduler(machine, inputs.at(()))
    except Exception as error:  # whatever is raised there comes back, its import errors too
        raise _unable("the scheduler", error) from None
    refuse_other(here._replace(files=()), scheduler, "the scheduler")
    for name, there in sorted(client.run(machine, inputs, on_error="return").items()):
        who = f"the worker {name}"
        if isinstance(there, DataError):
            raise DataError(f"{who} cannot read it: {there.message}", there.detail, there.hint, there.file)
        if isinstance(there, BaseException):
            raise _unable(who, there)
        refuse_other(here, there, who)
        if there.arithmetic != here.arithmetic:
            said[
                f"workers have {there.arithmetic}, and this machine {here.arithmetic}: the last bits of exp, log "
                "and pow may differ"
            ] = None
    return list(said)


def _unable(who: str, error: BaseException) -> UsageError:
    return UsageError(
        f"{who} cannot run losscli",
        f"{type(error).__name__}: {first_line(error)}",
        f"install losscli {__version__} on every machine",
    )
