"""Terminals, environments and folders of every kind: the command works, and leaves no trace."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pexpect
import pytest

from conftest import ROOT, command, environment

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def terminal(tmp_path):
    """Start the command on a terminal of its own."""
    started = []

    def start(*args, env=None, width=80, stdin=None):
        env = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})}
        line = [*command(), *args]
        if stdin is not None:
            line = ["sh", "-c", 'exec "$0" "$@" < ' + stdin, *line]
        child = pexpect.spawn(
            line[0], line[1:], env=environment(env), cwd=tmp_path, dimensions=(24, width), timeout=30,
            encoding="utf-8",
        )  # fmt: skip
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)


def shown(child):
    out = child.read()
    child.close()
    return out.replace("\r\n", "\n"), child.exitstatus


# ── on a terminal ──


def test_on_a_terminal_a_result_is_a_table_in_colour(terminal, pair):
    out, code = shown(terminal("eval", *pair, "-l", "mse"))
    assert code == 0
    assert "\x1b[" in out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert re.search(r"^mse +3\.33333 +3 +↓ lower +0 ██ {7}█ 9 *$", plain, re.MULTILINE)
    assert "preds.csv (pred) against labels.csv (label): 3 rows" in plain


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_colour_where_it_is_not_wanted(terminal, pair, env):
    out, code = shown(terminal("eval", *pair, "-l", "mse", env=env))
    assert code == 0
    assert "\x1b" not in out
    assert "3.33333" in out


def test_an_empty_no_color_says_nothing(terminal, pair):
    assert "\x1b[" in shown(terminal("eval", *pair, "-l", "mse", env={"NO_COLOR": ""}))[0]


@pytest.mark.parametrize("width", [1, 20, 40, 80, 200])
def test_the_table_fits_any_width_without_losing_a_digit(terminal, pair, width):
    out, code = shown(terminal("eval", *pair, "-l", "mse", "-l", "huber:delta=2", width=width))
    assert code == 0
    assert "3.33333" in out
    assert "1.5" in out
    if width >= 40:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
        assert max(map(len, plain.splitlines())) <= width


@pytest.mark.parametrize(
    "args", [["losses"], ["losses", "cross_entropy"], ["--help"], ["eval", "--help"]], ids=" ".join
)
@pytest.mark.parametrize("columns", ["1", "200", "0", "many"])
def test_help_and_catalogue_take_any_width(here, monkeypatch, args, columns):
    monkeypatch.setenv("COLUMNS", columns)
    ran = here(*args)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out) > 200


def test_csv_on_a_terminal_shows_names_escaped(terminal, text):
    both = text("both.csv", ['"\x1b]0;title\x07",label', "1,3"])
    for format in ("csv", "table"):
        out, code = shown(terminal("eval", both, "-p", "\x1b]0;title\x07", "-l", "mse", "-f", format))
        assert code == 0
        assert "\x1b]" not in out
        assert "\x07" not in out


def test_an_error_on_a_terminal_is_plain(terminal):
    out, code = shown(terminal("eval", "absent.csv", "-l", "mse"))
    assert (out, code) == ("error: absent.csv: there is no such file\n", 3)


# ── progress ──


@pytest.fixture
def slow(tmp_path):
    """A pipe into which rows are written for two seconds and a half."""
    path = tmp_path / "slow.csv"
    os.mkfifo(path)
    children = []

    def write(seconds):
        child = os.fork()
        if child:
            children.append(child)
            return
        try:
            with open(path, "wb") as out:
                out.write(b"pred,label\n")
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    out.write(b"1,3\n" * 300_000)
                    out.flush()
                    time.sleep(0.1)
        finally:
            os._exit(0)

    yield write
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_progress_shows_on_a_terminal_after_a_second_and_goes_away(terminal, slow):
    slow(2.5)
    out, code = shown(terminal("eval", "slow.csv", "-l", "mse", "-f", "value"))
    assert code == 0
    assert "rows" in out
    assert out.count(HIDE) == out.count(SHOW) == 1
    assert out.endswith("4.0\n")


@pytest.mark.parametrize("option", ["-q", "--no-progress"])
def test_progress_can_be_left_out(terminal, slow, option):
    slow(2.0)
    assert shown(terminal("eval", "slow.csv", "-l", "mse", "-f", "value", option)) == ("4.0\n", 0)


def test_no_progress_on_a_dumb_terminal(terminal, slow):
    slow(2.0)
    out = shown(terminal("eval", "slow.csv", "-l", "mse", "-f", "value", env={"TERM": "dumb"}))
    assert out == ("4.0\n", 0)


def test_no_progress_before_a_second_has_gone(terminal, pair):
    assert shown(terminal("eval", *pair, "-l", "mse", "-f", "csv"))[0].startswith("loss,")


def test_no_progress_in_a_pipe(losscli, slow):
    slow(2.0)
    ran = losscli("eval", "slow.csv", "-l", "mse", "-f", "value")
    assert (ran.code, ran.out, ran.err) == (0, "4.0\n", "")


def test_an_interrupt_takes_the_bar_away_and_gives_the_cursor_back(terminal, slow):
    slow(20.0)
    child = terminal("eval", "slow.csv", "-l", "mse")
    child.expect_exact(HIDE)
    time.sleep(0.3)
    child.sendintr()
    out, code = shown(child)
    assert code == 130
    assert "Traceback" not in out
    assert out.rstrip().endswith(SHOW) or SHOW in out[out.rfind("rows") :]


# ── odd surroundings ──

VALUE = f"{10 / 3!r}\n"


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "no_SUCH.locale"},
        {"HOME": None, "TMPDIR": None, "USER": None, "LOGNAME": None, "XDG_CACHE_HOME": None},
        {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"},
        {"PATH": "/nonexistent"},
        {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error"},
        {"PYTHONHASHSEED": "12345"},
        {"OMP_NUM_THREADS": "x", "COLUMNS": "x", "LINES": "x"},
    ],
    ids=lambda env: " ".join(env),
)
def test_no_environment_changes_a_result(losscli, text, env, tmp_path):
    preds, labels = (
        text("prédictions.csv", ["pred", "1", "2", "4"]),
        text("labels.csv", ["étiquette", "1", "3", "1"]),
    )
    ran = losscli(
        "eval", preds, labels, "-l", "mse", "-f", "table", "-o", "value=value", "-o", "a.json", env=env
    )
    assert (ran.code, ran.err) == (0, "")
    assert "3.33333" in ran.out
    assert (tmp_path / "value").read_text() == VALUE
    assert sorted(os.listdir(tmp_path)) == sorted([preds, labels, "value", "a.json"])


def test_an_ascii_terminal_gets_a_table_without_other_signs(losscli, pair):
    env = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = losscli("eval", *pair, "-l", "mse", "-l", "r2", "-f", "table", env=env)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()


def test_a_folder_that_was_deleted_does_not_matter(losscli, pair, tmp_path):
    preds, labels = (str(tmp_path / name) for name in pair)
    script = 'mkdir gone && cd gone && rmdir ../gone && "$@"'
    ran = losscli.shell(script, "eval", preds, labels, "-l", "mse", "-f", "value")
    assert (ran.code, ran.out, ran.err) == (0, VALUE, "")
    ran = losscli.shell(
        script, "eval", preds, labels, "-l", "mse", "-f", "value", "-o", f"{tmp_path}/out.csv"
    )
    assert (ran.code, ran.err) == (0, "")
    ran = losscli.shell(script, "eval", preds, labels, "-l", "mse", "-o", "out.json").block()
    assert ran.code == 74
    ran = losscli.shell(script, "eval", "preds.csv", "-l", "mse").block()
    assert ran.code == 3


def test_a_read_only_folder_is_enough_to_run_in(losscli, pair, tmp_path):
    preds, labels = (str(tmp_path / name) for name in pair)
    ran = losscli("eval", preds, labels, "-l", "mse", "-f", "value", cwd="/proc")
    assert (ran.code, ran.out, ran.err) == (0, VALUE, "")


def test_few_descriptors_are_enough(losscli, pair):
    ran = losscli.shell('ulimit -n 48; "$@"', "eval", *pair, "-l", "mse", "-f", "value", "-j", "4")
    assert (ran.code, ran.out, ran.err) == (0, VALUE, "")


def test_no_trace_is_left_in_home_or_in_the_folder_for_temporaries(losscli, pair, tmp_path):
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    env = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    assert losscli("eval", *pair, "-l", "mse", "-l", "r2", env=env).code == 0
    assert losscli("losses", "mse", env=env).code == 0
    assert os.listdir(tmp_path / "home") == []
    assert os.listdir(tmp_path / "tmp") == []


def test_nothing_is_imported_from_the_folder_one_stands_in(losscli, pair, tmp_path):
    for name in ("numpy", "typer", "losscli", "rich", "csv", "json", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)")
    ran = losscli("eval", *pair, "-l", "mse", "-f", "value")
    assert (ran.code, ran.out, ran.err) == (0, VALUE, "")


def test_a_relative_path_from_the_repository_is_named_as_it_was_written(losscli):
    ran = losscli("eval", "sample_data/iris.csv", "--pred", "p_*", "-l", "zero_one", "-f", "table", cwd=ROOT)
    assert "sample_data/iris.csv" in ran.out


def test_under_a_limited_address_space_none_of_it_is_reserved_beforehand():
    code = (
        "import losscli.cli, losscli.__main__ as start\n"
        "def told(argv):\n"
        "    import pyarrow\n"
        "    print(pyarrow.default_memory_pool().backend_name, flush=True)\n"
        "    return 0\n"
        "losscli.cli.main = told\n"
        "start.run()\n"
    )
    script = f"ulimit -v 4000000 && exec {shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    inherited = {n: v for n, v in os.environ.items() if n != "ARROW_DEFAULT_MEMORY_POOL"}
    done = subprocess.run(["sh", "-c", script], env=inherited, capture_output=True, text=True, check=True)
    assert done.stdout == "system\n"
