"""Values of other libraries, recorded with their version: of what is too large to install, or not public.

``recorded("torch", key, compute)`` is the value in ``reference/torch.json`` under the key.  Where the library
is installed, ``compute(library)`` is held against it first: a record that is out of date fails there.

New values, and those of rows that changed, are recorded by

    pip install '.[test,record]'
    LOSSCLI_RECORD=1 python -m pytest -n0 $(grep -l 'recorded(' tests/*/test_*.py)

A file holds values of one version.  For those of another, or to be rid of old keys, remove it first.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent.parent / "reference"
RECORD = "LOSSCLI_RECORD"

_anew: dict[tuple[Path, str], str] = {}


def recorded(library: str, key: str, compute: Callable[[Any], Any]) -> Any:
    """A number, or a nested list of numbers; the key says what it is, and no other value has it."""
    path, recording = FOLDER / f"{library}.json", bool(os.environ.get(RECORD))
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"values": {}}
    fresh = version = None
    try:
        module = importlib.import_module(library)
        version = module.__version__.partition("+")[0]
        # What else it needs `compute` imports itself: a version that lacks it is not there to compare with.
        fresh = np.asarray(compute(module), dtype=np.float64).tolist()
    except ImportError:
        if recording:
            raise
    if recording:
        text = json.dumps(fresh, allow_nan=False)
        assert _anew.setdefault((path, key), text) == text, f"two values have the key {key!r}"
        write(path, library, version, kept, {key: fresh})
    elif key not in kept["values"]:
        test = os.environ.get("PYTEST_CURRENT_TEST", "tests").rsplit(" (", 1)[0]
        raise KeyError(
            f'{path.name} has no "{key}"; where {library} is installed: {RECORD}=1 python -m pytest -n0 "{test}"'
        )
    elif fresh is None:
        return kept["values"][key]
    else:
        said = f"{key!r}, of {library} {version} and as recorded of {kept['version']}"
        np.testing.assert_allclose(fresh, kept["values"][key], rtol=1e-12, atol=1e-15, err_msg=said)
    return fresh


def write(path: Path, library: str, version: str | None, kept: dict[str, Any], new: dict[str, Any]) -> None:
    """Add values to what a file keeps; a value is a line."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        raise RuntimeError("several processes would overwrite each other's values: record with -n0")
    if kept.get("version", version) != version:
        raise RuntimeError(
            f"{path.name} is of {library} {kept['version']}, not of {version}: remove it first"
        )
    head = {"library": library, "version": version}
    values = sorted((kept["values"] | new).items())
    lines = ",\n".join(
        f"    {json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in values
    )
    text = "".join(f"  {json.dumps(name)}: {json.dumps(word)},\n" for name, word in head.items())
    path.write_text(f'{{\n{text}  "values": {{\n{lines}\n  }}\n}}\n', encoding="utf-8")
