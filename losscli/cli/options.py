"""The table of options, which declares every option of every command once.

An option is one attribute of `Declared`, whose name and type it has; an `Option` declares the rest.  The signatures that
Typer parses (`typed`), the reader of usual calls (`plain`), the environment and configuration files (`settings`,
`config`), the help and the options of one call (`call_options`) are made from these entries.
"""

from __future__ import annotations

from dataclasses import fields

from losscli.cli.commands import (
    COLUMNS,
    COMMANDS,
    COMPARED,
    EVAL,
    GATES,
    INPUTS,
    MEASURING,
    ROWS,
    SHOWN,
    TALKING,
    WRITTEN,
)  # fmt: skip
from losscli.cli.option import TYPES, Option, Panel, Section, Setting, option
from losscli.cli.option_values import (
    PLOTS,
    complete_formats,
    complete_losses,
    complete_topics,
    known_plot,
)  # fmt: skip
from losscli.measure.options import MeasureOptions
from losscli.report.options import LIMITS
from losscli.show import COMPARING, EXPLAINING, FORMATS
from losscli.text import either


class Declared:
    """Every option, by its name and type."""

    preds: str = option(
        help="Predictions: a file, a folder, a quoted glob, `-` or a URI",
        metavar="PREDS", commands=("eval", "report", "suggest", "why"), required=True,
    )  # fmt: skip
    base: str = option(
        help="Predictions of the base; PREDS with several `--pred`",
        metavar="BASE", commands=("compare",), required=True,
    )  # fmt: skip
    head: str | None = option(
        help="Predictions of the other model; LABELS with several `--pred`", metavar="HEAD", commands=("compare",)
    )  # fmt: skip
    labels: str | None = option(
        help="Labels, likewise (default: PREDS holds both)",
        metavar="LABELS", commands=COLUMNS, variants={"compare": {"help": "Labels (default: BASE holds them)"}},
    )  # fmt: skip
    results: list[str] = option(help="Saved results (`eval … -o FILE.json`)", metavar="RESULT...", commands=("check",), required=True)  # fmt: skip
    states: list[str] = option(help="Saved states (`eval … --state-out FILE`)", metavar="STATE...", commands=("merge",), required=True)  # fmt: skip
    file: str | None = option(help="A file, whose columns are filled in", metavar="FILE", commands=("init",))
    name: str | None = option(
        help="One loss, or an alias of it", metavar="NAME", commands=("losses", "schema"), complete=complete_losses,
        variants={
            "schema": {"help": "A document, such as result, config, losses or error", "required": True, "complete": None}
        },
    )  # fmt: skip
    topic: str | None = option(help="A topic, or a command", metavar="TOPIC", commands=("help",), complete=complete_topics)  # fmt: skip
    loss: list[str] = option(
        "--loss", "-l", metavar="SPEC", panel=Panel.LOSSES, commands=MEASURING, complete=complete_losses,
        help="Loss to measure, e.g. `rmse` or `huber:delta=2`, or several: `mse,mae` (repeatable; default: what "
        "`suggest` names first)",
        variants={"why": {"help": "Loss to explain, e.g. `mape` or `huber:delta=2`, or several: `mape,r2` (repeatable)", "required": True}},
        setting=Setting("losses to measure", losses=True, section=Section.LOSSES, sample='["rmse", "mae"]'),
    )  # fmt: skip
    pred: list[str] = option(
        "--pred", "-p", metavar="COLUMNS", commands=COLUMNS,
        help="Prediction column; several with commas or a quoted glob, e.g. `'p_*'` "
        "(default: the only column, else `pred`, `prediction`, `prob`, `score` …); repeated: several models",
        variants={
            "suggest": {"help": "Prediction columns (default: looked for)", "repeatable": False},
            "why": {"help": "Prediction columns (default: the only column, else `pred`, `prediction`, `prob` …)", "repeatable": False},
        },
        setting=Setting("prediction columns; several models in a list", section=Section.COLUMNS, sample='"pred"'),
    )  # fmt: skip
    label: str | None = option(
        "--label", "-y", metavar="COLUMNS", commands=COLUMNS,
        help="Label column, or columns (default: the only column, else `label`, `target`, `y` …)",
        setting=Setting("label column, or columns", section=Section.COLUMNS, sample='"label"'),
    )  # fmt: skip
    weight: str | None = option(
        "--weight", "-w", metavar="COLUMN", commands=MEASURING,
        help="Row weights, from either file",
        setting=Setting("row weights", section=Section.COLUMNS, sample='"weight"'),
    )  # fmt: skip
    by: list[str] = option(
        "--by", metavar="SLICING", panel=Panel.ROWS, commands=ROWS,
        help="Also measure every loss by slice: `country`, `age:bins=10`, `age:quantiles=4`, `age:edges=0/18/65`, "
        "`country+device` (repeatable)",
        setting=Setting("slices, e.g. `country` or `age:bins=10`"),
    )  # fmt: skip
    group: str | None = option(
        "--group", metavar="COLUMN", panel=Panel.ROWS, commands=MEASURING,
        help="The query, series or image of each row: every loss is measured within each group, and the result is "
        "the mean over the groups; `LOSS:undefined=skip` leaves out groups without a value",
        setting=Setting("the query, series or image of each row: results are means over these groups"),
    )  # fmt: skip
    group_weight: str | None = option(
        "--group-weight", metavar="COLUMN", panel=Panel.ROWS, commands=MEASURING,
        help="Weights of the groups, one value a group", setting=Setting("weights of the groups"),
    )  # fmt: skip
    min_slice: int = option(
        "--min-slice", metavar="N", panel=Panel.ROWS, commands=ROWS, least=LIMITS["min_slice"].least,
        help="Fold slices of fewer rows into `other`", setting=Setting("fold smaller slices into `other`"),
    )  # fmt: skip
    top: int | None = option(
        "--top", metavar="N", panel=Panel.ROWS, commands=(*EVAL, "merge"), least=1,
        help="For each `--by`, show the N slices with the greatest share of the first loss, in that order; JSON and "
        "the page show all",
        setting=Setting("how many slices of each `by` are shown"),
    )  # fmt: skip
    margin: float = option(
        "--margin", metavar="M", panel=Panel.GATES, commands=COMPARED, default=0.0,
        help="Differences up to M do not matter; in the unit of the loss",
    )  # fmt: skip
    fail_on: str = option(
        "--fail-on", metavar="VERDICT,…", panel=Panel.GATES, commands=COMPARED, default="worse",
        help="Verdicts that give exit code 1: better, same, worse, inconclusive; empty: none",
    )  # fmt: skip
    classes: str | None = option(
        "--classes", metavar="A,B,C", commands=MEASURING,
        help="The classes in their order; they also name the prediction columns if their own names do not",
        setting=Setting("the class of each prediction column, `a,b,c`", values=True),
    )  # fmt: skip
    pos_label: str | None = option(
        "--pos-label", metavar="CLASS", commands=COLUMNS,
        help="The positive class in losses for two classes, to which a probability refers (default: 1)",
        setting=Setting("the positive class", values=True),
    )  # fmt: skip
    class_weight: str | None = option(
        "--class-weight", metavar="CLASS=W,…", panel=Panel.LOSSES, commands=MEASURING,
        help="Weights of classes, e.g. `a=1,b=3`; others weigh 1", setting=Setting("weights of classes, `a=1,b=3`", values=True),
    )  # fmt: skip
    average: str | None = option(
        "--average", metavar="NAME", panel=Panel.LOSSES, commands=ROWS,
        help="macro, micro, weighted or none, for losses per class or output (`losses NAME` shows the default, "
        "and the signature of a result what was used); none gives a result for each part",
        setting=Setting("over classes and outputs", choices=LIMITS["average"].choices),
    )  # fmt: skip
    compat: str | None = option(
        "--compat", metavar="LIBRARY", panel=Panel.LOSSES, commands=ROWS,
        help="The conventions of sklearn, torch, keras, lightgbm … for the parameters that losses and limits do not "
        "name, such as `mape:zero` (`losscli why` shows them)",
        setting=Setting("the library whose conventions hold, `keras`"),
    )  # fmt: skip
    from_logits: bool = option(
        "--from-logits", commands=COLUMNS,
        help="Predictions are raw scores, not probabilities", setting=Setting("predictions are raw scores"),
    )  # fmt: skip
    where: str | None = option(
        "--where", metavar="EXPRESSION", panel=Panel.ROWS, commands=MEASURING,
        help="Rows to keep, e.g. `\"country == 'de' and age >= 30\"`",
        setting=Setting("rows to keep, e.g. `country == 'de'`", values=True),
    )  # fmt: skip
    on: str | None = option(
        "--on", metavar="KEY[,KEY]", commands=MEASURING,
        help="Pair rows by these columns, whatever the order of rows; `position`: by position, without comparing ids",
        setting=Setting("key columns by which rows are paired, `id` or `id,day`"),
    )  # fmt: skip
    key_type: str | None = option(
        "--key-type", metavar="int|text", commands=MEASURING,
        help="The type as which keys are compared, one for all or one for each; int reads `007` and `7.0` as 7 "
        "(default: the type in the files; text of CSV takes the type of the other side)",
        setting=Setting("type of the keys"),
    )  # fmt: skip
    unmatched: str = option(
        "--unmatched", choices=LIMITS["unmatched"].choices, commands=MEASURING,
        help="Keys that only one side has, and missing keys: refuse them, or drop and count their rows",
        setting=Setting("keys on one side only"),
    )  # fmt: skip
    nan: str = option(
        "--nan", choices=LIMITS["nan"].choices, panel=Panel.ROWS, commands=MEASURING,
        help="Missing values: refuse them, drop the pair and count it, or give no value to a result that one enters",
        variants={
            "compare": {"choices": ("error", "drop"), "help": "Missing values: refuse them, or drop the row for all"}
        },
        setting=Setting("missing values", section=Section.MISSING, sample='"drop"'),
    )  # fmt: skip
    ci: str | None = option(
        "--ci", metavar="SPEC", panel=Panel.LOSSES, commands=ROWS,
        help="Standard error and interval, from the same pass: `none`, `normal:level=0.9` (Student's t), or "
        "`bootstrap:seed=1,cluster=COLUMN` (default: none; normal if a gate looks at intervals)",
        variants={
            "compare": {"help": "The interval, e.g. `normal:level=0.9` or `bootstrap` (default: `normal:level=0.95`)"}
        },
        setting=Setting("interval: `none`, `normal`, `normal:level=0.9` or `bootstrap`"),
    )  # fmt: skip
    time: str | None = option(
        "--time", metavar="COLUMN", panel=Panel.ROWS, commands=MEASURING,
        help="The time of each row, for losses that need the order of rows, and of a training file",
        variants={
            "compare": {"help": "The time of each row, to compare by Diebold and Mariano's test; for predictions made "
                        "several steps ahead add `--ci normal:horizon=H`"}
        },
        setting=Setting("the time of each row"),
    )  # fmt: skip
    input_format: str | None = option(
        "--input-format", metavar="NAME", commands=INPUTS,
        help="Format of the inputs (default: by suffix)", setting=Setting("format of the inputs"),
    )  # fmt: skip
    dialect: str | None = option(
        "--dialect", metavar="KEY=VALUE,…", commands=INPUTS,
        help="How CSV is read: `delimiter`, `decimal`, `header`, `encoding`, `null`, `list` (what separates the "
        "members of a list in one cell, or `json`), e.g. `delimiter=semicolon,decimal=comma`",
        setting=Setting("how CSV is read, e.g. `delimiter=semicolon`", section=Section.CSV),
    )  # fmt: skip
    max: list[str] = option(
        "--max", metavar="LOSS=X", panel=Panel.GATES, commands=GATES, complete=complete_losses,
        help="Fail with exit code 1 if the loss is greater than X (repeatable)",
    )  # fmt: skip
    min: list[str] = option(
        "--min", metavar="LOSS=X", panel=Panel.GATES, commands=GATES, complete=complete_losses,
        help="Fail with exit code 1 if the loss is less than X (repeatable)",
    )  # fmt: skip
    baseline: str | None = option(
        "--baseline", metavar="FILE", panel=Panel.GATES, commands=GATES,
        help="Saved result (`-o FILE.json`) to compare with: the same measurement, of any columns or files",
        setting=Setting("saved result to compare with, beside this file"),
    )  # fmt: skip
    max_regression: list[str] = option(
        "--max-regression", metavar="LOSS=X|X%", panel=Panel.GATES, commands=GATES, complete=complete_losses,
        help="Fail with exit code 1 if the loss is worse than in the baseline by more than X, "
        "or by more than X% of it (repeatable)",
    )  # fmt: skip
    format: str | None = option(
        "--format", "-f", metavar="NAME", panel=Panel.OUTPUT, commands=SHOWN, complete=complete_formats,
        help=f"{either(FORMATS)} (default: table on a terminal, csv in a pipe)",
        variants={
            "compare": {"help": f"{either(COMPARING)} (default: table on a terminal, csv in a pipe)"},
            "why": {"help": f"{either(EXPLAINING)} (default: table on a terminal, csv in a pipe)"},
        },
        setting=Setting("format of standard output", found=False),
    )  # fmt: skip
    json: bool = option(
        "--json", panel=Panel.OUTPUT, commands=(*SHOWN, "suggest", "losses"), outside=False, help="The same as `--format json`",
        variants={"suggest": {"help": "As JSON"}, "losses": {"help": "As JSON"}},
    )  # fmt: skip
    output: list[str] = option(
        "--output", "-o", metavar="[FORMAT=]FILE", panel=Panel.OUTPUT, commands=WRITTEN,
        help="Also write to a file, in the format of its suffix (repeatable)",
        setting=Setting("files to write as well, `[FORMAT=]FILE`", found=False),
    )  # fmt: skip
    rows_out: str | None = option(
        "--rows-out", metavar="FILE", panel=Panel.OUTPUT, commands=EVAL,
        help="Write every measured row with its losses, in the order of PREDS: `.csv`, `.parquet` or `.jsonl`",
    )  # fmt: skip
    partial: bool = option(
        "--partial", panel=Panel.ROWS, commands=("merge",), outside=False,
        help="Parts of an input may be absent: the results say so",
    )  # fmt: skip
    gradient: bool = option(
        "--gradient", panel=Panel.OUTPUT, commands=EVAL,
        help="In `--rows-out`, also write the slope of each loss by the prediction",
    )  # fmt: skip
    for_spreadsheets: bool = option(
        "--for-spreadsheets", panel=Panel.OUTPUT, commands=EVAL,
        help="In a CSV of `--rows-out`, put `'` before text that a spreadsheet would run as a formula; "
        "without it text stays as it is",
    )  # fmt: skip
    state_out: str | None = option(
        "--state-out", metavar="FILE", panel=Panel.OUTPUT, commands=ROWS,
        help="Keep what was measured in a file, before it is finished: `losscli merge` adds up such states exactly",
    )  # fmt: skip
    shard: str | None = option(
        "--shard", metavar="I/N", panel=Panel.ROWS, commands=ROWS, outside=False,
        help="Only the I-th of N parts of the rows, by position, or by a hash of their key (`--on`) or `--group`; its "
        "state (`--state-out`) is for `losscli merge`",
    )  # fmt: skip
    resume: bool = option(
        "--resume", panel=Panel.ROWS, commands=EVAL, outside=False,
        help="Keep the file of `--state-out` up to date, and go on from it where a run was cut short; with `--on` both "
        "files are read four times",
    )  # fmt: skip
    worst: int = option(
        "--worst", metavar="N", panel=Panel.OUTPUT, commands=EVAL, least=LIMITS["worst"].least,
        most=LIMITS["worst"].most,
        help="Show the N rows with the worst loss, and their share of the total",
        variants={"report": {"default": 10}},
    )  # fmt: skip
    columns: list[str] = option(
        "--columns", metavar="COL[,COL]", panel=Panel.OUTPUT, commands=EVAL,
        help="Columns of either file to show beside the rows of `--worst` and `--rows-out`; a quoted glob, "
        "e.g. `'f_*'`; `preds.COL` and `labels.COL` choose the file (repeatable)",
    )  # fmt: skip
    constant: bool = option(
        "--constant", panel=Panel.LOSSES, commands=EVAL,
        help="Also show the best constant prediction for each loss, and the skill against it; reads the inputs twice",
        setting=Setting("the best constant prediction, and the skill against it"),
    )  # fmt: skip
    plot: str | None = option(
        "--plot", metavar="NAME", panel=Panel.OUTPUT, commands=("eval",), check=known_plot,
        help=f"A picture below the table, on a terminal only: {either(PLOTS)}",
    )  # fmt: skip
    jobs: int | None = option(
        "--jobs", "-j", metavar="N", panel=Panel.WORK, commands=MEASURING, least=LIMITS["jobs"].least,
        help="Threads; does not change results (default: number of cores)", setting=Setting("threads", found=False),
    )  # fmt: skip
    chunk_rows: int = option(
        "--chunk-rows", metavar="N", panel=Panel.WORK, commands=MEASURING, least=LIMITS["chunk_rows"].least,
        help="Rows measured at a time; does not change results", setting=Setting("rows measured at a time", found=False),
    )  # fmt: skip
    memory: str | None = option(
        "--memory", metavar="SIZE", panel=Panel.WORK, commands=MEASURING,
        help="Memory to use beyond start-up, e.g. `512MB` or `2GiB`; rows to be paired by key that need more "
        "are put into a temporary folder (default: half of what is free)",
        setting=Setting("what may be held, e.g. `2GiB`", found=False),
    )  # fmt: skip
    engine: str | None = option(
        "--engine", metavar="SPEC", panel=Panel.WORK, commands=ROWS,
        help="Who does the work, e.g. `dask:scheduler=tcp://host:8786`; does not change results (default: threads)",
        setting=Setting("who does the work, e.g. `dask`", found=False),
    )  # fmt: skip
    quiet: bool = option(
        "--quiet", "-q", panel=Panel.OUTPUT, commands=TALKING, help="No progress and no messages but errors",
        setting=Setting("no messages but errors", found=False),
    )  # fmt: skip
    verbose: bool = option(
        "--verbose", "-v", panel=Panel.OUTPUT, commands=EVAL, help="Show timings too", setting=Setting("timings too", found=False)
    )  # fmt: skip
    no_progress: bool = option(
        "--no-progress", panel=Panel.OUTPUT, commands=MEASURING, help="No progress bar",
        setting=Setting("no progress bar", found=False),
    )  # fmt: skip
    config: str | None = option(
        "--config", metavar="FILE", panel=Panel.WORK, commands=WRITTEN, eager=True, outside=False,
        help="Options and gates from a file (default: the nearest `losscli.toml`, or `[tool.losscli]` in "
        "`pyproject.toml`, which may set losses, columns, policies and gates)",
    )  # fmt: skip
    errors: str = option(
        "--errors", choices=("text", "json"), panel=Panel.WORK, commands=COMMANDS, default="text", outside=False,
        help="How errors are written to standard error",
    )  # fmt: skip


DEFAULTS = {field.name: field.default for field in fields(MeasureOptions) if field.default not in (None, ())}
"""The defaults that the record of options declares, so that the table does not repeat them."""


def _named(name: str, entry: Option) -> Option:
    kind, repeatable = TYPES[Declared.__annotations__[name].removesuffix(" | None")]
    default = DEFAULTS.get(name, False if kind is bool else entry.default)
    return entry._replace(name=name, type=kind, repeatable=repeatable, default=default)


TABLE: dict[str, Option] = {
    name: _named(name, entry) for name, entry in vars(Declared).items() if isinstance(entry, Option)
}
"""Every option by its name, which is its parameter, its key in a file and, in capitals, in the environment."""


def of_command(command: str) -> dict[str, Option]:
    """The options of one command, with the fields that differ there."""
    return {
        name: entry._replace(**entry.variants[command]) if command in entry.variants else entry
        for name, entry in TABLE.items()
        if command in entry.commands
    }
