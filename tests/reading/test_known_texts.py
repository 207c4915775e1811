"""Texts that a column has had before mean what they meant, and labels keep their codes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from losscli.reading import known_texts
from losscli.reading.json_values import STORED_TEXTS
from losscli.reading.known_texts import ColumnTexts
from losscli.table.block import ColumnRequest


def labels(column):
    return [None if code < 0 else column.values[code] for code in column.codes.tolist()]


@pytest.fixture
def known():
    return ColumnTexts(ColumnRequest(0, "text"), STORED_TEXTS)


def test_labels_of_a_block_are_the_first_of_a_later_one(known):
    blocks = [["b", "a", "b"], ["c", "a"], ["d", "c", "b"], ["a"]]
    read = [known.read(pa.array(block)) for block in blocks]
    assert [labels(column) for column in read] == blocks
    assert ["".join(column.values) for column in read] == ["ba", "bac", "bacd", "bacd"]


def test_empty_texts_and_nulls_are_missing(known):
    for block in (["", "x", None], [None, None], ["x", "", "y"]):
        column = known.read(pa.array(block, pa.string()))
        assert labels(column) == [text or None for text in block]
        gone = [not text for text in block]
        assert (column.missing is None and not any(gone)) or column.missing.tolist() == gone


def test_spellings_of_one_class_have_one_code():
    known = ColumnTexts(ColumnRequest(0, "class"), STORED_TEXTS)
    assert labels(known.read(pa.array(["1", "1.0", "true", "01"]))) == [1, 1, 1, "01"]
    assert labels(known.read(pa.array(["01", "1.00"]))) == ["01", 1]


def test_a_text_that_cannot_be_read_leaves_its_block_alone_and_teaches_nothing(known):
    assert known.read(pa.array([b"a", b"\xff"])) is None
    assert known.read(pa.array([b"b", b"a"])).values == ("b", "a")


def test_too_many_texts_are_read_block_by_block(known, monkeypatch):
    monkeypatch.setattr(known_texts, "MOST", 3)
    assert labels(known.read(pa.array(["a", "b"]))) == ["a", "b"]
    assert known.read(pa.array(["c", "d"])) is None
    assert known.read(pa.array(["a"])) is None


def test_threads_learn_one_after_the_other(known):
    rng = np.random.default_rng(1)
    blocks = [[f"t{number}" for number in rng.integers(0, 3000, 2000)] for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda block: known.read(pa.array(block)), blocks))
    assert [labels(column) for column in read] == blocks
    longest = max((column.values for column in read), key=len)
    assert all(column.values == longest[: len(column.values)] for column in read)
