"""What other systems lack: nothing fails on import, and the work is done without it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from conftest import ROOT

WITHOUT = """
import os, select, signal, sys
import numpy, pyarrow, pyarrow.csv, pyarrow.parquet
for module, names in (
    (os, ("fork", "sched_getaffinity", "sysconf", "getuid", "waitpid", "posix_fadvise", "pread")),
    (select, ("poll", "epoll")),
    (signal, ("SIGHUP", "SIGPIPE", "SIGKILL", "SIGQUIT")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
sys.modules |= dict.fromkeys(("fcntl", "resource", "termios", "pwd", "grp"))
sys.platform = "win32"
from losscli.__main__ import run
sys.argv = ["losscli", *sys.argv[1:]]
run()
"""


@pytest.mark.parametrize("keys", [(), ("--on", "id")])
def test_a_system_without_forks_signals_and_limits_measures_the_same(tmp_path, keys):
    sample = [str(ROOT / f"sample_data/diabetes_{name}.parquet") for name in ("preds", "labels")]
    call = ["eval", *sample, "-p", "pred", "-l", "rmse", "-f", "value", "-j", "2", *keys]
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT, *call], capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert float(ran.stdout) == 58.45187022488359
