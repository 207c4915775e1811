"""Loaded by a Dask worker of the tests (`--preload`): files in the folder TRIALS say what becomes of its parts.

``started`` gets a byte for each part.  With ``slow`` each takes half a second; with ``die`` the first worker that meets
it is killed within its part; of the worker whose name is in ``blind`` no file of that text can be seen.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from losscli.measure.engines import threads
from losscli.reading import fingerprint

TRIALS = Path(os.environ.get("TRIALS", "."))
NAME = os.environ.get("WORKER", "")


def measured(plan, sources, **more):
    """A part, with what is to befall it."""
    with open(TRIALS / "started", "ab") as started:
        started.write(b".")
    outcome = as_ever(plan, sources, **more)
    if (TRIALS / "slow").exists():
        time.sleep(0.5)
    try:
        os.unlink(TRIALS / "die")
    except FileNotFoundError:
        return outcome
    return os.kill(os.getpid(), signal.SIGKILL)


def is_file(path):
    """Whether there is a file, for a worker that does not see all of them."""
    blind = TRIALS / f"blind-{NAME}"
    return not (blind.exists() and blind.read_text() in str(path)) and is_file_to_all(path)


def dask_setup(worker):
    """Called by Dask, once, when the worker has started."""
    global as_ever, is_file_to_all
    as_ever, threads.measured = threads.measured, measured
    is_file_to_all, fingerprint.os.path.isfile = os.path.isfile, is_file
    (TRIALS / f"ready-{NAME}").touch()
