"""The values of options: completion, and checks."""

from __future__ import annotations

from losscli.errors import UsageError

EXPLANATIONS = (
    "losses", "columns", "keys", "groups", "missing", "intervals", "formats", "config", "exact", "exit-codes"
)  # fmt: skip
RECIPES = (
    "competition", "ci", "nightly", "forecasts", "quantiles", "multilabel", "ranking", "two-models", "scale", "notebook"
)  # fmt: skip
TOPICS = (*EXPLANATIONS, *RECIPES)
"""The topics of `losscli help`, in the order in which to read them."""

PLOTS = ("loss", "residuals", "calibration", "confusion", "roc", "pr", "by")


def complete_losses(incomplete: str) -> list[str]:
    """Completions for the last of several losses separated by commas."""
    from losscli.losses.families import names_from_source

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in names_from_source() if name.startswith(begun)]


def complete_formats(incomplete: str) -> list[str]:
    """The output formats that begin with this text."""
    from losscli.show import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def complete_topics(incomplete: str) -> list[str]:
    """The topics of `losscli help` that begin with this text."""
    return [topic for topic in TOPICS if topic.startswith(incomplete)]


def known_plot(name: str) -> None:
    """UsageError if there is no such picture."""
    if name not in PLOTS:
        raise UsageError(f"no picture is called `{name}`", hint=f"they are {', '.join(PLOTS)}")
