"""One table declares every option; what is made from it agrees with what is measured."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest

from losscli.cli.call_options import Options
from losscli.cli.commands import COMMANDS
from losscli.cli.options import TABLE, Declared, of_command
from losscli.report.check import check
from losscli.report.compare import compare
from losscli.report.evaluate import evaluate
from losscli.report.models import CompareOptions
from losscli.report.options import EvalOptions


def test_every_attribute_of_the_record_is_an_entry_of_the_table():
    assert list(Declared.__annotations__) == list(TABLE)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_two_options_of_a_command_share_a_flag(command):
    flags = [flag for entry in of_command(command).values() for flag in entry.flags]
    assert len(flags) == len(set(flags))


def test_an_option_is_of_commands_that_there_are():
    assert {command for entry in TABLE.values() for command in entry.commands} == set(COMMANDS)
    assert all(set(entry.variants) <= set(entry.commands) for entry in TABLE.values())


@pytest.mark.parametrize(
    "command, function",
    [("eval", evaluate), ("report", evaluate), ("compare", compare), ("check", check)],
)
def test_an_argument_of_a_function_is_an_option_of_its_command(command, function):
    taken = set(inspect.signature(function).parameters)
    assert taken - set(of_command(command)) <= {"gates", "pictures"}


@pytest.mark.parametrize("command, kind", [("eval", EvalOptions), ("compare", CompareOptions)])
def test_what_is_not_given_has_the_default_of_the_record(command, kind):
    given = {name: "x" for name, entry in of_command(command).items() if entry.required}
    values = {name: entry.default for name, entry in of_command(command).items()} | given
    found, plain = Options(values, frozenset(given)).record(command, kind), kind("x")
    for field in fields(kind):
        value, default = getattr(found, field.name), getattr(plain, field.name)
        assert (value or None) == (default or None) or [*value] == [*default], field.name


def test_the_help_of_a_function_describes_each_of_its_arguments():
    for function in (evaluate, compare, check):
        for name in inspect.signature(function).parameters:
            assert f"\n{name}: " in function.__doc__, name
