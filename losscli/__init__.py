"""losscli measures how wrong predictions are, from files of any size, with exact sums.

>>> import losscli
>>> report = losscli.evaluate("preds.csv", "labels.csv", loss=["mse"])  # doctest: +SKIP
>>> report.metrics  # doctest: +SKIP
{'mse': 0.25}
>>> losscli.evaluate("preds.csv", "labels.csv", max={"mse": 0.3}).passed  # doctest: +SKIP
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from losscli._version import __version__

if TYPE_CHECKING:
    from losscli import losses as losses
    from losscli.errors import DataError as DataError
    from losscli.errors import LosscliError as LosscliError
    from losscli.errors import OutputError as OutputError
    from losscli.errors import UsageError as UsageError
    from losscli.report.check import check as check
    from losscli.report.compare import compare as compare
    from losscli.report.comparison import Comparison as Comparison
    from losscli.report.evaluate import evaluate as evaluate
    from losscli.report.merge import merge as merge
    from losscli.report.meter import Meter as Meter
    from losscli.report.records import Report as Report
    from losscli.report.suggestion import suggest as suggest

_WHERE = {
    "evaluate": "losscli.report.evaluate", "compare": "losscli.report.compare", "check": "losscli.report.check",
    "merge": "losscli.report.merge", "suggest": "losscli.report.suggestion",
    "Meter": "losscli.report.meter", "Report": "losscli.report.records", "Comparison": "losscli.report.comparison",
    "LosscliError": "losscli.errors", "UsageError": "losscli.errors", "DataError": "losscli.errors",
    "OutputError": "losscli.errors",
}  # fmt: skip

__all__ = [
    "Comparison", "DataError", "LosscliError", "Meter", "OutputError", "Report", "UsageError", "__version__", "check",
    "compare", "evaluate", "losses", "merge", "suggest",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Loaded on use: the help text and shell completion need neither NumPy nor Arrow.
    if name == "losses":
        import losscli.losses

        return losscli.losses
    if name in _WHERE:
        import importlib

        # Kept, since importing the module has put the module itself under the same name.
        globals()[name] = getattr(importlib.import_module(_WHERE[name]), name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
