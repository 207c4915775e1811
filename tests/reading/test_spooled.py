"""A private copy of what can be read only once."""

from __future__ import annotations

import io
import os
import sys
import tempfile

import pytest

from losscli.reading.spooled import SpoolFile


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_a_copy_can_be_opened_by_its_path_and_leaves_nothing_behind(system, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    copy = SpoolFile()
    copy.take(io.BytesIO(b"pred,label\n"))
    copy.take(io.BytesIO(b"1,2\n"))
    assert copy.size == 15
    with open(copy.path, "rb") as again:
        assert again.read() == b"pred,label\n1,2\n"
    del copy
    assert os.listdir(tmp_path) == []
