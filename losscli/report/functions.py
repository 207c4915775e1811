"""The losses as plain functions of arrays: `losscli.losses.mse(label, pred)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.losses.families import find
from losscli.report.meter import of_each_row, value_of

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.table.block import Floats

OPTIONS = ("from_logits", "classes", "pos_label", "average")
"""Keywords that are options of `evaluate`; the others are parameters of the loss."""


class LossFunction:
    """A loss as a function of labels and predictions, in the order of scikit-learn.

    label, pred: arrays (n,) or (n, C), or whatever `evaluate` takes; a prediction of several roles is a dict:
    ``{"mean": …, "sd": …}``.  Keywords are parameters of the loss (``huber(label, pred, delta=2)``), or
    ``from_logits``, ``classes``, ``pos_label`` and ``average``.

    Values are those of `evaluate`, to the bit: they are checked, and summed exactly.
    """

    def __init__(self, form: Loss) -> None:
        self.__name__, self.__doc__ = form.name, form.function.__doc__
        self._summary = form.doc.summary

    def __repr__(self) -> str:
        return f"<loss {self.__name__}: {self._summary}>"

    def __call__(self, label: Any, pred: Any, weight: Any = None, **keywords: Any) -> float | None:
        """The loss of all rows together, `weight` (n,); None where it is not defined.

        Raises UsageError for a parameter that the loss does not have, and DataError for values outside its domain.
        """
        spec, options = self._asked(keywords)
        value: float | None = value_of(spec, label, pred, weight, options)
        return value

    def rows(self, label: Any, pred: Any, **keywords: Any) -> Floats:
        """The loss of each row, (n,), of a loss that is a mean of rows; UsageError for another."""
        spec, options = self._asked(keywords)
        ((_, found),) = of_each_row(spec, label, pred, options, slopes=False)
        values: Floats = found
        return values

    def gradient(self, label: Any, pred: Any, **keywords: Any) -> Any:
        """The slope of each row's loss by its prediction, of the shape of the prediction, (n,) or (n, C).

        A dict of them where the prediction has several roles.  The slope of the mean is that of a row, over n.
        UsageError where the loss has none.
        """
        spec, options = self._asked(keywords)
        found = dict(of_each_row(spec, label, pred, options, slopes=True))
        return found if len(found) > 1 else next(iter(found.values()))

    def _asked(self, keywords: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The loss with its parameters as a spec, and the options."""
        params = [f"{name}={value}" for name, value in keywords.items() if name not in OPTIONS]
        spec = f"{self.__name__}:{','.join(params)}" if params else self.__name__
        return spec, {name: value for name, value in keywords.items() if name in OPTIONS}


def function_of(name: str) -> LossFunction:
    """The function of a loss, by its name or an alias; AttributeError where there is none."""
    try:
        return LossFunction(find(name)[0])
    except UsageError as error:
        raise AttributeError(str(error)) from None
