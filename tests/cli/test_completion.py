"""Shells complete commands, losses, topics, formats and choices, without importing numbers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from conftest import command, environment

HEAVY = {"numpy", "pyarrow", "pandas", "dask", "rich"}


def protocol(shell, words):
    """What the script of a shell hands over: the words so far, of which the last is completed."""
    line = " ".join(["losscli", *words])
    if shell == "bash":
        return {"COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    return {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}


def completed(shell, words):
    """The completions for a shell, and the packages that were imported for them."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *(command() if len(command()) == 1 else command()[1:])],
        env=environment({"_LOSSCLI_COMPLETE": f"complete_{shell}", **protocol(shell, words)}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    packages = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "losscli" in packages
    out = re.findall(r'"([^"]+)"', done.stdout) if shell == "zsh" else done.stdout.split()
    return out, packages


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_loss_is_completed_in_every_shell_and_nothing_heavy_is_imported(shell):
    found, packages = completed(shell, ["eval", "--loss", "hu"])
    assert found == ["huber"]
    assert not packages & HEAVY


@pytest.mark.parametrize(
    "words, expected",
    [
        (["comp"], ["compare"]),
        (["compare", "-l", "mse,hub"], ["mse,huber"]),
        (["losses", "hub"], ["huber"]),
        (["check", "--max", "hub"], ["huber"]),
        (["help", "nigh"], ["nightly"]),
        (["eval", "--format", "js"], ["json", "jsonl"]),
        (["eval", "--nan", "pro"], ["propagate"]),
        (["schema", "hub"], []),
    ],
    ids=lambda value: "-".join(value) or "nothing",
)
def test_what_else_is_completed(words, expected):
    found, packages = completed("bash", words)
    assert found == expected
    assert not packages & HEAVY


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_the_script_for_bash_completes_in_bash(reader):
    script = (
        "source <(_LOSSCLI_COMPLETE=source_bash losscli); COMP_WORDS=(losscli eval --loss hub); COMP_CWORD=3; "
        '_losscli_completion losscli; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script], env=reader, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("huber\n", "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_script_of_another_shell_is_understood_by_it(reader, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    script = subprocess.run(
        ["losscli"], env={**reader, "_LOSSCLI_COMPLETE": f"source_{shell}"}, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert "losscli" in script.stdout
    done = subprocess.run(
        [shell, "-n"], input=script.stdout, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
