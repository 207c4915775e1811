"""The reader of all other calls: Typer, with the signature of each command made from the table of options.

It serves help, completion, refusals, and options from a file or the environment; `plain` reads usual calls.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from losscli._version import __version__
from losscli.cli import settings
from losscli.cli.call_options import Options
from losscli.cli.commands import EPILOG, module_of
from losscli.cli.option import Option, Panel
from losscli.cli.options import of_command
from losscli.errors import UsageError

_ClickException: type[Exception] = typer.BadParameter.__mro__[2]
"""The class of every refusal of a call."""


class Command(TyperCommand):
    """A command whose help groups the options, and which refuses an option that is given twice."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options of each panel in the order of the table."""
        declared = of_command(self.name or "")
        rows: dict[str, list[Any]] = {"Arguments": [], **{panel: [] for panel in Panel}}
        for param in self.get_params(ctx):
            if param.param_type_name == "argument":
                heading = "Arguments"
            else:
                heading = declared[param.name].panel if param.name in declared else Panel.WORK
            if (record := param.get_help_record(ctx)) is not None:
                rows[heading].append(record)
        for heading, records in rows.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

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


def run(named: Sequence[str], words: Sequence[str]) -> object:
    """Run one call and return its exit code, or None for 0; ``named`` are the commands to prepare."""
    try:
        return _app(named)(args=list(words), prog_name="losscli", standalone_mode=False)
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return 130
    except _ClickException as refused:
        raise _usage(refused) from None


def _usage(error: Any) -> UsageError:
    """A refusal of the parser, in the form of our messages."""
    message = str(error.format_message()).strip().rstrip(".")
    first, _, rest = message.partition("\n")
    first = first.replace(": Input should be", ": it must be").partition(", unable to parse")[0]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "losscli"
    return UsageError(
        first[:1].lower() + first[1:], " ".join(rest.split()) or None, f"`{command} --help` lists the options"
    )


def _app(named: Sequence[str]) -> typer.Typer:
    # Plain help, since rich's panels take longer than measuring a small file.
    app = typer.Typer(
        name="losscli",
        help="Measure how wrong predictions are, from files of any size, with exact sums.",
        epilog=EPILOG,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_losscli)
    for name in named:
        module = module_of(name)
        app.command(name, cls=Command, epilog=module.EXAMPLES)(with_signature(name, module.run))
    return app


def with_signature(name: str, command: Callable[[Options], int | None]) -> Callable[..., int | None]:
    """The command as a function with a parameter for each option, which Typer reads."""

    def called(context: typer.Context, **values: Any) -> int | None:
        given = frozenset(option for option in values if _from_command_line(context, option))
        return command(Options(values, given, context.obj or ()))

    parameters = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        *(_parameter(entry) for entry in of_command(name).values()),
    ]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    called.__doc__ = command.__doc__
    return called


def _parameter(entry: Option) -> inspect.Parameter:
    """One option as a parameter of that function."""
    kind: Any = list[entry.type] if entry.repeatable else entry.type  # type: ignore[name-defined]
    info: Any
    declared: dict[str, Any] = {
        "metavar": entry.metavar or "|".join(entry.choices) or None,
        "help": entry.help,
        "show_default": entry.default is not None,
        "autocompletion": _completion(entry),
        "callback": _callback(entry),
        "is_eager": entry.eager,
    }
    if entry.flags:
        info = typer.Option(*entry.flags, min=entry.least, max=entry.most, **declared)
    else:
        info = typer.Argument(**declared)
    optional = entry.default is None and not entry.required
    return inspect.Parameter(
        entry.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if entry.required else entry.default,
        annotation=Annotated[kind | None if optional else kind, info],
    )


def _completion(entry: Option) -> Callable[[str], list[str]] | None:
    """The function that completes the value of an option: its own, or of its choices."""
    if not entry.choices:
        return entry.complete
    return lambda incomplete: [choice for choice in entry.choices if choice.startswith(incomplete)]


def _callback(entry: Option) -> Callable[..., Any] | None:
    """The function that Typer calls with the value of an option."""
    if entry.eager:
        return _configure
    if not entry.choices and entry.check is None:
        return None

    def checked(value: str | None) -> str | None:
        if value is not None:
            entry.refuse_unknown(value)
        return value

    return checked


def _configure(context: typer.Context, path: str | None) -> str | None:
    """The callback of ``--config``: sets the defaults of the other options from the environment and the file."""
    if not context.resilient_parsing:
        declared = of_command(context.info_name or "")
        context.default_map, context.obj = settings.read(path, declared)
    return path


def _from_command_line(context: typer.Context, name: str) -> bool:
    """Whether an option was given on the command line, not by the environment or a file."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _losscli(
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
