"""Most calls are read without Typer, which takes longer than measuring a small file: to the same arguments."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT, environment
from losscli.cli import plain, typed
from losscli.cli.commands import COMMANDS

WORDS = st.sampled_from(
    [
        "preds.csv", "labels.csv", "-", "", "a b", "ü", "--", "-1", "7", "007", "-7", "1_0", "٣", "1e3", "0", "x=1",
        "--loss", "-l", "--loss=mse", "-lmse", "--loss=", "--pred", "-p", "--label=y", "-y", "--by", "--top", "--top=3",
        "--top=0", "--min-slice", "--min-slice=5", "--worst=10000", "--worst=10001", "-j", "--jobs=2", "--jobs", "2",
        "--from-logits", "--from-logits=1", "--no-from-logits", "-q", "-v", "-qv", "--quiet", "--json", "--format",
        "-f", "csv", "-o", "out.json", "--max", "mse=3", "--plot", "roc", "--plot=circle", "--errors", "json",
        "--errors=xml", "--config", "--margin", "0.5", "--los", "--help", "-h", "--version", "--chunk-rows", "99999999999999999999",
    ]
)  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def by_typer(name, words):
    """What Typer would call the command with."""
    found = []
    cli = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    cli.callback()(lambda: None)
    cli.command(name, cls=typed.Command)(typed.with_signature(name, found.append))
    cli(args=[name, *words], standalone_mode=False)
    return found[0] if found else None


@settings(max_examples=300)
@given(st.sampled_from(COMMANDS), st.lists(WORDS, max_size=6), st.booleans())
def test_what_is_read_without_typer_is_what_typer_reads(name, words, two_files):
    words = ["preds.csv", "labels.csv", *words] if two_files else words
    call = plain.read(name, words)
    if call is not None:
        assert vars(call) == vars(by_typer(name, words))


@pytest.mark.parametrize(
    "words",
    [
        ["p", "l", "--loss", "mse"],
        ["p", "-l", "mse", "-l", "mae", "--format=value"],
        ["-l", "mse", "p", "-", "--chunk-rows", "7", "--jobs=1", "-q", "--from-logits"],
        ["p", "l", "--by", "a", "--by=b", "-o", "r.json", "-o", "-", "--errors", "json", "--plot", "by"],
    ],
)
def test_usual_calls_are_plain(words):
    call = plain.read("eval", words)
    assert call is not None
    assert vars(call) == vars(by_typer("eval", words))


@pytest.mark.parametrize(
    "words",
    [
        [], ["p", "l", "x"], ["p", "--help"], ["p", "--los", "mse"], ["p", "-lmse"], ["p", "-qv"], ["p", "--loss"],
        ["p", "--loss", "-x"], ["p", "--nan", "drop", "--nan", "drop"], ["p", "-q", "-q"], ["p", "--jobs", "0"],
        ["p", "--jobs", "٣"], ["p", "--plot", "circle"], ["p", "--config", "x.toml"], ["--", "p"], ["p", "-q=1"],
    ],
)  # fmt: skip
def test_what_is_not_plain_or_is_to_be_refused_is_left_to_typer(words):
    assert plain.read("eval", words) is None


def test_settings_in_a_file_or_in_the_environment_are_left_to_typer(tmp_path, monkeypatch):
    assert plain.read("eval", ["p"]) is not None
    (tmp_path / "losscli.toml").write_text("")
    assert plain.read("eval", ["p"]) is None
    (tmp_path / "losscli.toml").unlink()
    monkeypatch.setenv("LOSSCLI_NAN", "drop")
    assert plain.read("eval", ["p"]) is None


def test_a_plain_call_imports_no_typer_and_no_pydantic(tmp_path):
    data = ROOT / "sample_data"
    words = [
        "eval",
        str(data / "diabetes_preds.csv"),
        str(data / "diabetes_labels.csv"),
        "-l",
        "mse",
        "-f",
        "value",
    ]
    script = f"import sys; from losscli.cli import main; code = main({words!r}); print(code, 'typer' in sys.modules, 'pydantic' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment({}), cwd=tmp_path
    )
    assert (ran.stdout.split()[1:], ran.stderr) == (["0", "False", "False"], "")
