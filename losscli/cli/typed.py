"""Calls as Typer reads them: each command's signature is made from the table of options.

Help, completion, refusals, and calls whose options come from a file or the environment are read here; usual
calls are read by `plain`, without Typer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from losscli._version import __version__
from losscli.cli import settings
from losscli.cli.commands import EPILOG, module_of
from losscli.cli.option import Option, Panel
from losscli.cli.options import Options, of_command
from losscli.errors import UsageError

_ClickException: type[Exception] = typer.BadParameter.__mro__[
    2
]  # what every refusal of the call derives from


class Command(TyperCommand):
    """A command whose help groups its options, and which refuses a second value for an option that takes one."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then each panel's options in the order of the table."""
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
    """Carry out one call, with the commands that are named made ready: its exit code, or nothing."""
    try:
        return _app(named)(args=list(words), prog_name="losscli", standalone_mode=False)
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return 130
    except _ClickException as refused:
        raise _usage(refused) from None


def _usage(error: Any) -> UsageError:
    """A refusal of the parser, in our words' form."""
    message = str(error.format_message()).strip().rstrip(".")
    first, _, rest = message.partition("\n")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "losscli"
    return UsageError(
        first[:1].lower() + first[1:], " ".join(rest.split()) or None, f"`{command} --help` lists the options"
    )


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
    app.callback(invoke_without_command=True)(_losscli)
    for name in named:
        module = module_of(name)
        app.command(name, cls=Command, epilog=module.EXAMPLES)(with_signature(name, module.run))
    return app


def with_signature(name: str, command: Callable[[Options], int | None]) -> Callable[..., int | None]:
    """A command as Typer takes it: a function with a parameter for each of its options."""

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
    """One option as a parameter of a function that Typer reads."""
    kind: Any = list[entry.type] if entry.repeatable else entry.type  # type: ignore[name-defined]
    info: Any
    declared: dict[str, Any] = {
        "metavar": entry.metavar or "|".join(entry.choices) or None,
        "help": entry.help,
        "show_default": entry.default is not None,
        "autocompletion": entry.complete,
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


def _callback(entry: Option) -> Callable[..., Any] | None:
    """What Typer calls with the value of an option."""
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
    """The callback of ``--config``: give the other options what the environment and a file say."""
    if not context.resilient_parsing:
        declared = of_command(context.info_name or "")
        context.default_map, context.obj = settings.read(path, declared)
    return path


def _from_command_line(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line, and not in the environment or a file."""
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
