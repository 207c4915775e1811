"""An engine for tests: parts are pickled and folded in this process, one by one, and merged by threes."""

from __future__ import annotations

import pickle

from losscli.measure.engines.parts import far_inputs, fold_part, gathered, merged, parts_of
from losscli.measure.engines.work import ENGINES, read_count


def on_parts(work, params):
    parts = parts_of(work, far_inputs(work), 1, read_count("parts", params, "parts"))
    found = [pickle.loads(pickle.dumps(fold_part(pickle.loads(pickle.dumps(part))))) for part in parts]
    return gathered(work, parts, (merged(found[at : at + 3]) for at in range(0, len(found), 3)))


def use(monkeypatch):
    """Let `--engine parts:parts=N` be this one."""
    monkeypatch.setitem(ENGINES, "parts", f"{__name__}:on_parts")
