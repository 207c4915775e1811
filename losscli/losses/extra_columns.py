"""Columns other than label and prediction, named by a parameter: the scale of a series, and a baseline forecast."""

from __future__ import annotations

from functools import partial

from losscli.loss.declare import loss
from losscli.loss.domains import POSITIVE

SCALE = {"scale": ("scale",)}
BASELINE = {"baseline": ("baseline", "naive", "reference")}

scaled_loss = partial(loss, columns=SCALE, domains={"scale": POSITIVE}, trained="absolute")
loss_against_baseline = partial(loss, columns=BASELINE)
