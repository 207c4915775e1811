"""The functionals of the label that losses elicit: what the best constant prediction is, as far as it is worked out.

A loss declares one of them (``elicits=MEAN``) and `measure.recipes` tells how it is computed from the labels.  A loss
whose best constant is not worked out declares words alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Functional:
    """A functional of the label's distribution, with the words for it that people are shown."""

    words: str

    def __str__(self) -> str:
        return self.words


MEAN = Functional("mean")
MEAN_AND_VARIANCE = Functional("mean and variance")
SHIFTED_GEOMETRIC_MEAN = Functional("the geometric mean of 1 + label, less 1")
MEDIAN = Functional("median")
COLUMN_MEANS = Functional("the mean of each column")
COLUMN_MEDIANS = Functional("the median of each column")
MIDRANGE = Functional("the middle between the least and the greatest label")
QUANTILE = Functional("the quantile `quantile`")
QUANTILES = Functional("the quantiles that the columns are named for")
CENTRAL_INTERVAL = Functional("the two quantiles that leave out (1 - level) / 2 on each side")

PROBABILITY = Functional("the probability of label 1")
LOG_ODDS = Functional("the log odds of label 1")
HALF_LOG_ODDS = Functional("half the log odds of label 1")
LIKELIER_SIGN = Functional("the sign of the more probable label")

LABEL_PROBABILITIES = Functional("the probability of each label")
LABEL_LOG_ODDS = Functional("the log odds of each label")
LIKELY_LABELS = Functional("for each label, whether it is more probable than not")

CLASS_PROBABILITIES = Functional("the probability of each class")
CLASS_LOG_PROBABILITIES = Functional("the log of each class's probability")
CLASS_LOGITS = Functional("the log of each class's probability, up to a constant")
CLASS_LOG_ODDS = Functional("the log odds of each class")
MODE = Functional("the most probable class")
