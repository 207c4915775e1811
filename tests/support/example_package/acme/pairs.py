"""An input format: lines of two numbers, which are the prediction and the label."""

from __future__ import annotations

import os

import numpy as np

from losscli.reading.read import batch_of
from losscli.reading.source import Part, Source
from losscli.reading.stored import read_array
from losscli.reading.suffixes import InputFormat

PAIRS = InputFormat((".pairs",), "acme.pairs", "open_pairs")


def open_pairs(path):
    return PairsSource(path)


class PairsSource(Source):
    """An opened file."""

    format = "pairs"
    columns = ("pred", "label")

    def __init__(self, path):
        self.path = path
        self.size = os.stat(path).st_size

    def parts(self, wants):
        def batches(chunk_rows):
            rows = np.loadtxt(self.path, ndmin=2)
            reads = [read_array(rows[:, want.index].copy(), None, want.kind) for want in wants]
            yield from batch_of(len(rows), wants, reads, self.columns, self.path, 0).pieces(chunk_rows)

        yield Part(self.size, batches)
