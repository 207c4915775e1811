"""The commands by name, as one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from losscli._version import __version__
from losscli.cli.check import check_command
from losscli.cli.compare import compare_command
from losscli.cli.eval import eval_command
from losscli.cli.help import help_command
from losscli.cli.init import init_command
from losscli.cli.losses import losses_command
from losscli.cli.report import report_command
from losscli.cli.schema import schema_command
from losscli.cli.suggest import suggest_command
from losscli.errors import UsageError

EPILOG = (
    "\b\nExamples:\n"
    "  losscli eval sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --loss mse\n"
    "  losscli eval sample_data/breast_cancer.parquet --pred prob --label label -l log_loss -l brier --json\n"
    "  losscli losses huber"
)

# Plain help: rich's panels cost more time than the whole measuring of a small file.
app = typer.Typer(
    name="losscli",
    help="Measure how wrong predictions are, from files of any size, with exact sums.",
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: dict[str, Callable[..., None]] = {
    "eval": eval_command,
    "compare": compare_command,
    "check": check_command,
    "report": report_command,
    "suggest": suggest_command,
    "losses": losses_command,
    "init": init_command,
    "schema": schema_command,
    "help": help_command,
}


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


for name, command in COMMANDS.items():
    app.command(name, cls=Command, epilog=getattr(command, "epilog", None))(command)


@app.callback(invoke_without_command=True)
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
