"""The arguments of the public functions: a value that an option does not take is refused by its name."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

from losscli import UsageError, compare, evaluate
from losscli.cli.options import of_command
from losscli.report.models import CompareOptions
from losscli.report.options import LIMITS, EvalOptions
from losscli.statistics.intervals import PARAMS

FUNCTIONS = {"eval": (evaluate, EvalOptions), "compare": (compare, CompareOptions)}
LIMITED = [
    (command, field.name)
    for command, (_, record) in FUNCTIONS.items()
    for field in fields(record)
    if field.init and field.name in LIMITS
]


def refused(command, **argument):
    with pytest.raises(UsageError) as caught:
        FUNCTIONS[command][0]("no such file", **argument)
    return str(caught.value)


def wrong(name):
    """Values that an option does not take, each with the text by which the message calls it."""
    if name == "fail_on":
        return {"wors": ["better", "wors"]}
    if name == "class_weight":
        return {text: {"a": 1.0, "b": float(text)} for text in ("-1.0", "nan", "inf")}
    limits = LIMITS[name]
    if limits.choices:
        none = {} if name in ("average", "ci") else {"None": None}
        return {text: text for text in ("dropp", "", "5")} | none
    beyond = [limits.least - 1, *([] if limits.most is None else [limits.most + 1])]
    return {str(value): value for value in (*beyond, "4", float("nan"), *([0.5] if limits.whole else []))}


@pytest.mark.parametrize("command, name", LIMITED)
def test_a_value_that_an_option_does_not_take_is_refused_before_a_file_is_opened(command, name):
    for text, value in wrong(name).items():
        said = refused(command, **{name: value})
        assert said.startswith(f"`{name}` is ")
        assert f"not `{text}`" in said
        assert all(choice in said for choice in LIMITS[name].choices)


@pytest.mark.parametrize("name", LIMITS)
def test_every_value_that_an_option_takes_is_taken(name):
    limits = LIMITS[name]
    for choice in limits.choices:
        limits.check(name, [choice] if name == "fail_on" else choice)
    if not limits.choices:
        numbers = [
            limits.least,
            limits.most or 7,
            np.int64(3),
            *([] if limits.whole else [Fraction(1, 3), 0.5]),
        ]
        for number in numbers:
            limits.check(name, {"a": number} if name == "class_weight" else number)


def test_a_spec_of_an_interval_is_taken_by_its_name():
    assert LIMITS["ci"].choices == tuple(PARAMS)
    LIMITS["ci"].check("ci", "Bootstrap:seed=1")


@pytest.mark.parametrize("command", FUNCTIONS)
def test_what_the_command_line_restricts_the_function_restricts_alike(command):
    taken = {field.name for field in fields(FUNCTIONS[command][1]) if field.init}
    for name, entry in of_command(command).items():
        if name in taken and (entry.choices or entry.least is not None):
            limits = LIMITS[name]
            assert set(entry.choices) <= set(limits.choices)
            assert entry.choices or (entry.least, entry.most) == (limits.least, limits.most)
