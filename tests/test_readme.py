"""The README shows what was run: every console block is run, and its output compared."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with the output that is shown below it."""
    found: list[tuple[str, str]] = []
    for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = piece.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command = command[:-1] + more.removeprefix(">")
        found.append((command, output))
    return found


def anywhere(output: str) -> str:
    """The output without what names the machine that ran it."""
    return re.sub(r'"arithmetic": "[^"]*"', '"arithmetic": "…"', output)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The surroundings of a reader: the command on the path, a terminal of 80 columns, no colour."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "losscli"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m losscli "$@"\n')
    script.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOSSCLI_")}
    return {**inherited, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}


def test_the_console_blocks_print_what_they_show(environment: dict[str, str], tmp_path: Path) -> None:
    # In order and in one folder, as a reader runs them: a file that one command writes, a later one reads.
    for name in ("sample_data", "losscli"):
        (tmp_path / name).symlink_to(ROOT / name)
    assert len(BLOCKS) > 5
    for command, shown in (pair for block in BLOCKS for pair in commands(block)):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
        )  # fmt: skip
        assert anywhere(done.stdout) == anywhere(shown), f"$ {command}"


def test_the_sessions_in_python_print_what_they_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    sessions = re.findall(r"^```pycon\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert sessions
    for session in sessions:
        examples = doctest.DocTestParser().get_doctest(session, {}, "README", None, None)
        assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_set_up_is_two_commands_in_one_block() -> None:
    block = re.search(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert block is not None
    lines = block[1].splitlines()
    assert len(lines) == 2
    assert "losscli eval sample_data/" in lines[0]
    assert "pytest" in lines[1]
