"""`losscli help` shows texts in which every command was run and its output compared."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys

import pytest
from console import commands, is_plain, sessions

from conftest import ROOT
from losscli.cli.commands import COMMANDS
from losscli.cli.commands.help import GUIDE, plainly
from losscli.cli.option import Panel
from losscli.cli.option_values import TOPICS
from losscli.cli.options import of_command
from losscli.reading.select import DEFAULT_NAMES
from losscli.reading.suffixes import COMPRESSIONS, SOURCES
from losscli.show import FORMATS

NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d{6,}(?:e[+-]?\d+)?")


def to_13_digits(text: str) -> str:
    """Rows made with exp and log may differ in their last bit between processors."""
    return NUMBER.sub(lambda found: f"{float(found[0]):.13g}", text)


@pytest.mark.parametrize("topic", TOPICS)
def test_the_console_blocks_of_a_text_print_what_they_show(here, reader, tmp_path, topic):
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    shown = commands((GUIDE / f"{topic}.md").read_text(encoding="utf-8"))
    assert shown
    for command, output in shown:
        if is_plain(command):
            ran = here(*shlex.split(command)[1:])
            # A text that shows both streams has what is said of the results after them, or before.
            printed = ran.err + ran.out if output.startswith(ran.err) else ran.out + ran.err
        else:
            printed = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, env=reader, text=True, encoding="utf-8",
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
            ).stdout  # fmt: skip
        assert to_13_digits(printed) == to_13_digits(output), f"$ {command}"


@pytest.mark.parametrize(
    "topic", [topic for topic in TOPICS if "```pycon" in (GUIDE / f"{topic}.md").read_text()]
)
def test_the_sessions_in_python_print_what_they_show(monkeypatch, topic):
    monkeypatch.chdir(ROOT)
    text = (GUIDE / f"{topic}.md").read_text(encoding="utf-8")
    examples = doctest.DocTestParser().get_doctest("\n".join(sessions(text)), {}, topic, None, None)
    assert examples.examples
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_every_text_is_a_topic():
    assert sorted(path.stem for path in GUIDE.glob("*.md")) == sorted(TOPICS)


def test_help_lists_every_text_with_its_title(here):
    ran = here("help")
    assert (ran.code, ran.err) == (0, "")
    for topic in TOPICS:
        title = (GUIDE / f"{topic}.md").read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert re.search(rf"^  {topic} +{re.escape(title)}$", ran.out, re.MULTILINE)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_text_is_shown_without_the_marks_of_markdown(here, topic):
    ran = here("help", topic)
    assert (ran.code, ran.err) == (0, "")
    assert "```" not in ran.out
    assert not re.search(r"^#", ran.out, re.MULTILINE)
    assert "    $ losscli " in ran.out
    assert re.match(r"(.+)\n(=+)\n\n", ran.out)


def test_a_topic_is_found_in_any_case_and_with_any_dash(here):
    assert here("help", "EXIT_CODES") == here("help", "exit-codes")


def test_help_on_a_command_is_its_own_help(here):
    assert here("help", "eval").out == here("eval", "--help").out


def test_an_unknown_topic_is_exit_2_with_a_near_name(here):
    ran = here("help", "colums").block()
    assert ran.code == 2
    assert "`columns`" in ran.err


def test_the_lists_in_a_text_are_those_that_the_code_declares():
    formats = (GUIDE / "formats.md").read_text(encoding="utf-8")
    assert re.search(r"`--format` is one of `(.*?)`", formats, re.DOTALL)[1].split() == list(FORMATS)
    read = formats.split("By suffix: ")[1].split(" after the suffix")[0]
    assert set(re.findall(r"`(\.\w+)`", read)) == {
        suffix for source in SOURCES.values() for suffix in source.suffixes
    } | set(COMPRESSIONS)
    columns = (
        (GUIDE / "columns.md")
        .read_text(encoding="utf-8")
        .split("the first of\n")[1]
        .split("that the file has")
    )
    labels = columns[1].split("first of ")[1].split(". ")[0]
    assert re.findall(r"`(\w+)`", columns[0]) == list(DEFAULT_NAMES["pred"])
    assert re.findall(r"`(\w+)`", labels) == list(DEFAULT_NAMES["label"])


def test_a_title_is_underlined_and_code_is_set_in():
    assert plainly("# A b\n\ntext\n\n## C\n\n```console\n$ true\n\nout\n```\n") == (
        "A b\n===\n\ntext\n\nC\n-\n\n    $ true\n\n    out\n"
    )


def test_the_beginners_text_has_the_four_losses_by_both_names(here):
    out = here("help", "losses").out
    for words in (
        "mse` (均方误差)",
        "rmse` (均方根误差)",
        "cross_entropy` (交叉熵损失)",
        "hamming` (汉明损失)",
    ):
        assert words in out


def test_help_imports_no_numbers(losscli):
    """The texts need neither NumPy nor Arrow."""
    code = (
        "import sys; from losscli.cli import main; main(['help', 'keys']); "
        "assert not {'numpy', 'pyarrow', 'pandas', 'rich'} & set(sys.modules), sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_lines_of_a_text_keep_to_a_usual_terminal():
    for path in GUIDE.glob("*.md"):
        text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        assert max(map(len, text.splitlines())) <= 120, path.name


@pytest.mark.parametrize("command", COMMANDS)
def test_help_groups_options_by_panel_within_80_columns(here, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    page = re.split("^  Examples?:$", here(command, "--help").out, flags=re.MULTILINE)[0]
    assert max(map(len, page.splitlines())) <= 80
    headings = re.findall(r"^([A-Z].*):$", page, re.MULTILINE)
    used = {entry.panel for entry in of_command(command).values() if entry.flags}
    assert [heading for heading in headings if heading != "Arguments"] == [p for p in Panel if p in used]
    for name, entry in of_command(command).items():
        if entry.flags:
            section = page.split(f"\n{entry.panel}:\n")[1].split("\n\n")[0]
            assert entry.flags[0] in section, name
