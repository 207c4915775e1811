"""An engine: any `concurrent.futures.Executor` does the work, here processes of this machine."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from losscli.measure.engines.parts import far_inputs, fold_part, gathered, parts_of
from losscli.measure.engines.work import read_count, refuse_params


def on_pool(work, params):
    refuse_params("pool", params, ("workers", "parts"))
    workers = read_count("pool", params, "workers") or work.jobs
    parts = parts_of(work, far_inputs(work), workers, read_count("pool", params, "parts"))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        return gathered(work, parts, executor.map(fold_part, parts))
