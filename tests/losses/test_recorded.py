"""Recorded values are those of the library, where it is there, and stand for it where it is not."""

from __future__ import annotations

import json
import math
import sys
import types
from typing import Any

import pytest
import recorded as module
from recorded import RECORD, recorded


@pytest.fixture(autouse=True)
def library(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A library which doubles, and a folder of records of its own."""
    found = types.SimpleNamespace(__version__="1.2+cpu", double=lambda x: 2 * x)
    monkeypatch.setitem(sys.modules, "doubling", found)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "_anew", {})
    for name in (RECORD, "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    return found


def record(monkeypatch: pytest.MonkeyPatch, key: str, x: Any) -> Any:
    with monkeypatch.context() as patch:
        patch.setenv(RECORD, "1")
        return recorded("doubling", key, lambda doubling: doubling.double(x))


def test_a_value_is_recorded_checked_and_then_stands_for_the_library(
    library: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert record(monkeypatch, "two", 1.0) == 2.0
    assert record(monkeypatch, "a third", 1 / 3) == 2 / 3
    text = (tmp_path / "doubling.json").read_text()
    values = {"a third": 0.6666666666666666, "two": 2.0}
    assert json.loads(text) == {"library": "doubling", "version": "1.2", "values": values}
    assert list(json.loads(text)["values"]) == sorted(values)
    assert recorded("doubling", "two", lambda doubling: doubling.double(1.0 + 2.0**-52)) == 2.0 + 2.0**-51
    with pytest.raises(AssertionError, match=r"'two', of doubling 1.2"):
        recorded("doubling", "two", lambda doubling: doubling.double(1.0 + 1e-11))
    monkeypatch.setitem(sys.modules, "doubling", None)
    assert recorded("doubling", "two", lambda doubling: doubling.double(3.0)) == 2.0


def test_a_value_that_is_not_recorded_says_how_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "doubling", None)
    with pytest.raises(KeyError, match=r"LOSSCLI_RECORD=1 python -m pytest -n0 .*::test_a_value_that_is_not"):
        recorded("doubling", "two", lambda doubling: doubling.double(1.0))
    with pytest.raises(ImportError):
        record(monkeypatch, "two", 1.0)


def test_a_library_that_has_lost_a_name_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(doubling: Any) -> Any:
        from doubling import gone

        return gone(1.0)

    record(monkeypatch, "two", 1.0)
    assert recorded("doubling", "two", theirs) == 2.0


def test_what_would_spoil_a_file_is_refused(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    record(monkeypatch, "two", 1.0)
    with pytest.raises(AssertionError, match="two values have the key 'two'"):
        record(monkeypatch, "two", 2.0)
    with pytest.raises(ValueError, match="JSON"):
        record(monkeypatch, "nothing", math.nan)
    library.__version__ = "1.3"
    with pytest.raises(RuntimeError, match=r"of doubling 1\.2, not of 1\.3: remove it"):
        record(monkeypatch, "four", 2.0)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    with pytest.raises(RuntimeError, match="-n0"):
        record(monkeypatch, "four", 2.0)
