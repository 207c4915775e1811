"""The commands by name, as one table."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.models import OptionInfo

from losscli._version import __version__
from losscli.cli import settings
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


def app_for(words: Sequence[str]) -> typer.Typer:
    """The application for one call: with the command that it names and the options given to it, else with all.

    Making ready the options of every command would take as long as measuring a small file.
    """
    named: Sequence[str] = COMMANDS
    if words and words[0] in COMMANDS and words[0] != "help" and not _completes():
        named = (words[0],)
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
        command = getattr(importlib.import_module(f"losscli.cli.{name}"), f"{name}_command")
        epilog = getattr(command, "epilog", None)
        if len(named) == 1:
            command = _with_the_options_of(command, words[1:])
        app.command(name, cls=Command, epilog=epilog)(command)
    return app


def _with_the_options_of(command: Callable[..., None], words: Sequence[str]) -> Callable[..., None]:
    """The command with those options only that stand in a call, where nothing else can set or name one."""
    if settings.are_set():
        return command
    signature = inspect.signature(command, eval_str=True)
    options: dict[str, str] = {}
    kept = set()
    for param in signature.parameters.values():
        info = next(iter(getattr(param.annotation, "__metadata__", ())), None)
        if not isinstance(info, OptionInfo):
            kept.add(param.name)
            continue
        # In an annotation, the first name stands in the place of the default.
        for names in (info.default, *(info.param_decls or ())):
            options |= dict.fromkeys(str(names).split("/"), param.name)
    for word in words:
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            name = word.partition("=")[0]
            if name not in options:
                return command  # for help, and for whatever is to be refused
            kept.add(options[name])

    params = [param for param in signature.parameters.values() if param.name in kept]
    others = {param.name: param.default for param in signature.parameters.values() if param.name not in kept}

    def called(**given: Any) -> None:
        command(**others, **given)

    called.__doc__ = command.__doc__
    called.__signature__ = signature.replace(parameters=params)  # type: ignore[attr-defined]
    called.__annotations__ = {param.name: param.annotation for param in params}
    return called


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
        from losscli.writing import write_stdout

        write_stdout(f"losscli {__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
