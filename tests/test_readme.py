"""The README shows what was run: every console block is run, and its output compared."""

from __future__ import annotations

import doctest
import re
import subprocess
from pathlib import Path

import pytest
from console import commands, sessions

from losscli.cli.option_values import TOPICS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def anywhere(output: str) -> str:
    """The output without what names the machine that ran it."""
    return re.sub(r'"arithmetic": "[^"]*"', '"arithmetic": "…"', output)


def test_the_console_blocks_print_what_they_show(reader: dict[str, str], tmp_path: Path) -> None:
    # In order and in one folder, as a reader runs them: a file that one command writes, a later one reads.
    for name in ("sample_data", "losscli"):
        (tmp_path / name).symlink_to(ROOT / name)
    pairs = commands(README)
    assert len(pairs) > 5
    for command, shown in pairs:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=reader, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
        )  # fmt: skip
        assert anywhere(done.stdout) == anywhere(shown), f"$ {command}"


def test_the_sessions_in_python_print_what_they_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert sessions(README)
    for session in sessions(README):
        examples = doctest.DocTestParser().get_doctest(session, {}, "README", None, None)
        assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_set_up_is_two_commands_in_one_block() -> None:
    block = re.search(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert block is not None
    lines = block[1].splitlines()
    assert len(lines) == 2
    assert "losscli eval sample_data/" in lines[0]
    assert "pytest" in lines[1]


def test_the_first_screen_shows_the_picture_and_the_set_up_and_the_whole_is_eight_screens():
    screen = 50
    lines = README.splitlines()
    assert len(lines) <= 8 * screen
    first = "\n".join(lines[:screen])
    assert "```sh" in first
    (picture,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", first)
    assert 0 < (ROOT / picture).stat().st_size < 60_000


def test_the_recipes_named_are_topics_of_help():
    told = re.search(r"`losscli help TOPIC` explains(.*?)\n\n", README, re.DOTALL)
    assert told is not None
    assert set(re.findall(r"`([a-z-]+)`", told[1])) == set(TOPICS) - {"losses", "config"}
    assert "`losscli help config`" in README
