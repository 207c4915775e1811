"""One table declares every option; what is made from it agrees with what is measured."""

from __future__ import annotations

import inspect

import pytest

from losscli.advise.suggest import suggest
from losscli.cli.commands import COMMANDS
from losscli.cli.options import TABLE, Options, of_command
from losscli.report.compare import compare
from losscli.report.evaluate import evaluate


def test_every_attribute_of_the_record_is_an_entry_of_the_table():
    assert list(Options.__annotations__) == list(TABLE)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_two_options_of_a_command_share_a_flag(command):
    flags = [flag for entry in of_command(command).values() for flag in entry.flags]
    assert len(flags) == len(set(flags))


def test_an_option_is_of_commands_that_there_are():
    assert {command for entry in TABLE.values() for command in entry.commands} == set(COMMANDS)
    assert all(set(entry.variants) <= set(entry.commands) for entry in TABLE.values())


@pytest.mark.parametrize(
    "command, function",
    [("eval", evaluate), ("report", evaluate), ("compare", compare), ("suggest", suggest)],
)
def test_what_is_measured_is_an_argument_of_the_function_that_measures(command, function):
    taken = set(inspect.signature(function).parameters)
    assert {name for name, entry in of_command(command).items() if entry.measured} <= taken


@pytest.mark.parametrize("command", ["eval", "report", "compare"])
def test_what_is_not_given_has_the_default_of_the_function(command):
    function = compare if command == "compare" else evaluate
    parameters = inspect.signature(function).parameters
    call = Options({name: entry.default for name, entry in of_command(command).items()})
    for name, value in call.measured(command).items():
        default = parameters[name].default
        shown = name == "worst" and command == "report"
        assert (value or None) == (default or None) or shown, name
