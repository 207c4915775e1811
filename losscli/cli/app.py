"""The commands by name, as one table."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from losscli._version import __version__
from losscli.cli import plain
from losscli.errors import UsageError

EPILOG = (
    "\b\nExamples:\n"
    "  losscli eval sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --loss mse\n"
    "  losscli eval sample_data/breast_cancer.parquet --pred prob --label label -l log_loss -l brier --json\n"
    "  losscli losses huber"
)

COMMANDS = ("eval", "compare", "check", "report", "suggest", "losses", "init", "schema", "help")
"""Each is the function ``NAME_command`` of its module, in the order in which help lists them."""


class Command(TyperCommand):
    """A command that refuses an option of one value which stands there twice, in place of taking the last."""

    def make_parser(self, ctx: Any) -> Any:
        parser: Any = super().make_parser(ctx)
        parse = parser.parse_args

        def parsed(args: list[str]) -> Any:
            values, rest, order = parse(args)
            for at, param in enumerate(order):
                if param.param_type_name == "option" and not (
                    param.is_flag or param.multiple or param not in order[:at]
                ):
                    name = max(param.opts, key=len)
                    raise UsageError(f"`{name}` stands twice", hint=f"`{name}` takes one value")
            return values, rest, order

        parser.parse_args = parsed
        return parser


def run(words: Sequence[str]) -> object:
    """Carry out one call; what a command returns or raises is passed on."""
    named: Sequence[str] = COMMANDS
    if words and words[0] in COMMANDS and words[0] != "help" and not _completes():
        # Making ready the options of every command would take as long as measuring a small file.
        named = (words[0],)
        command = _command(words[0])
        values = plain.read(command, words[1:])
        if values is not None:
            return command(**values)
    return _app(named)(args=list(words), prog_name="losscli", standalone_mode=False)


def _app(named: Sequence[str]) -> typer.Typer:
    # Plain help: rich's panels cost more time than the whole measuring of a small file.
    app = typer.Typer(
        name="losscli",
        help="Measure how wrong predictions are, from files of any size, with exact sums.",
        epilog=EPILOG,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(losscli)
    for name in named:
        command = _command(name)
        app.command(name, cls=Command, epilog=getattr(command, "epilog", None))(command)
    return app


def _command(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(
        importlib.import_module(f"losscli.cli.commands.{name}"), f"{name}_command"
    )
    return found


def _completes() -> bool:
    """Whether a shell asks how a line could go on."""
    return "_LOSSCLI_COMPLETE" in os.environ


def losscli(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version and exit", is_eager=True)
    ] = False,
) -> None:
    if version:
        from losscli.report.writing import write_stdout

        write_stdout(f"losscli {__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
