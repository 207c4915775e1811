"""The golden calls: what is run, what is kept of it, and how two runs are held against each other.

`calls.txt` holds a call a line: a name, a colon, and the words behind `losscli`; `&&` parts the steps of a call
that needs several, `< FILE` gives one standard input, and `*` before the name marks those of every run of the suite.

Two layers are kept of each.  The facts (`facts.jsonl`): exit codes, numbers, files, and what an error is about.  The
wording (`wording.jsonl`): tables, messages, notes, help.  `python corpus.py facts|wording` writes them anew.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TOLERANCE = 1e-13  # of values that come through exp, log or pow, whose last bit differs between processors
MACHINE = ("json", "jsonl", "csv", "value")
UNSET = ("NO_COLOR", "TERM", "LOSSCLI_JOBS", "GITHUB_ACTIONS", "CI")
COMMANDS = ("eval", "compare", "check", "report", "suggest", "losses", "init", "schema", "help")
WORDS_IN_RESULTS = ("note", "reason")


@dataclass(frozen=True)
class Call:
    """One golden call; ``often`` ones are part of every run of the suite."""

    name: str
    steps: tuple[str, ...]
    often: bool


def calls() -> list[Call]:
    """All calls, in the order of the file."""
    found = []
    for line in (HERE / "calls.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, words = line.partition(": ")
            found.append(Call(name.lstrip("* "), tuple(words.split(" && ")), name.startswith("*")))
    assert len({call.name for call in found}) == len(found)
    return found


def kept(layer: str) -> dict[str, list[Any]]:
    """What is on record of each call."""
    lines = (HERE / f"{layer}.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["call"]: record["steps"] for record in map(json.loads, lines)}


def run(call: Call, folder: Path) -> tuple[list[Any], list[Any]]:
    """The facts and the wording of each step of a call, run in a folder of inputs."""
    facts, wording = [], []
    inputs = set(_files(folder))
    for step in call.steps:
        words = shlex.split(step)
        source = None
        if "<" in words:
            at = words.index("<")
            source = (folder / words[at + 1]).read_bytes()
            del words[at : at + 2]
        before = set(_files(folder))
        done = subprocess.run(
            [sys.executable, "-m", "losscli", *words, *(["--errors", "json"] if words[0] in COMMANDS else [])],
            cwd=folder, input=source if source is not None else b"", capture_output=True, check=False, timeout=100,
            env={k: v for k, v in os.environ.items() if k not in UNSET} | {"COLUMNS": "100"},
        )  # fmt: skip
        made = sorted(set(_files(folder)) - before)
        fact, word = _split(words, done.returncode, _plain(done.stdout, folder), _plain(done.stderr, folder))
        for path in made:
            held, said = _file(folder, path)
            fact.setdefault("files", {})[path] = held
            if said is not None:
                word.setdefault("files", {})[path] = said
        facts.append(fact)
        wording.append(word)
    for path in set(_files(folder)) - inputs:
        (folder / path).unlink()  # a configuration that one call wrote would be found by the next
    return facts, wording


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def _plain(raw: bytes, folder: Path) -> str:
    """A stream as text, without what differs between machines and versions."""
    text = raw.decode("utf-8", "backslashreplace").replace(str(folder), "FOLDER")
    text = re.sub(r"numpy [0-9.]+ [A-Z0-9_]+", "ARITHMETIC", text)
    return re.sub(r'("losscli": "|losscli )[0-9]+\.[0-9]+\.[0-9]+[^ "]*', r"\1VERSION", text)


def _split(words: list[str], code: int, out: str, err: str) -> tuple[dict[str, Any], dict[str, Any]]:
    fact: dict[str, Any] = {"code": code}
    word: dict[str, Any] = {}
    lines = []
    for line in err.splitlines():
        if line.startswith('{"schema": "losscli.error'):
            error = json.loads(line)
            fact["error"] = {key: error[key] for key in ("kind", "exit_code", "file", "column", "row")}
            word["error"] = {key: error[key] for key in ("message", "detail", "hint")}
        else:
            lines.append(line)
    if lines:
        word["err"] = lines
    if out:
        layout = _layout(words, out)
        if layout is None:
            word["out"] = out.splitlines()
        else:
            fact["out"], said = _without_words(_read(layout, out))
            if said:
                word["notes"] = said
    return fact, word


def _layout(words: list[str], out: str) -> str | None:
    """The format of the output, where it is one for programs."""
    if (
        words[0] not in ("eval", "compare", "check", "report", "suggest", "losses", "schema")
        or "--help" in words
    ):
        return None
    if out.startswith("{") and (words[0] == "schema" or "--json" in words):
        return "json" if out.count("\n{") == 0 else "jsonl"
    asked = next((words[at + 1] for at, word in enumerate(words) if word in ("-f", "--format")), "csv")
    return asked if asked in MACHINE and words[0] in ("eval", "compare", "check") else None


def _read(layout: str, text: str) -> Any:
    if layout == "json":
        return json.loads(text)
    if layout == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    rows = list(csv.reader(io.StringIO(text)))
    if layout == "csv" and rows and "note" in rows[0]:
        at = rows[0].index("note")
        rows = [row[:at] + row[at + 1 :] for row in rows]
    return [[_number(cell) for cell in row] for row in rows]


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def _without_words(document: Any) -> tuple[Any, list[str]]:
    """A document without its notes, and the notes."""
    said: list[str] = []

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            said.extend(str(node[key]) for key in WORDS_IN_RESULTS if isinstance(node.get(key), str))
            return {
                key: key in node and node[key] is not None if key in WORDS_IN_RESULTS else walk(value)
                for key, value in node.items()
            }
        if isinstance(node, list):
            return [walk(value) for value in node]
        return node

    return walk(document), said


def _file(folder: Path, path: str) -> tuple[Any, Any]:
    """What a written file holds: facts, and wording where it is for eyes."""
    raw = (folder / path).read_bytes()
    suffix = path.rpartition(".")[2]
    if suffix == "parquet":
        import pyarrow.parquet as pq

        return pq.read_table(folder / path).to_pylist(), None
    text = _plain(raw, folder)
    if suffix in ("csv", "json", "jsonl"):
        return _without_words(_read(suffix, text))
    if suffix == "html":
        text = re.sub(r"<(svg|style)\b.*?</\1>", "", text, flags=re.DOTALL)
        text = re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", "\n", text))
    return "for eyes", text.splitlines()


def differences(expected: Any, actual: Any, place: str = "") -> list[str]:
    """Where two records differ, numbers by more than the tolerance."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = sorted({*expected, *actual})
        missing = [
            f"{place}.{k}: only {'before' if k in expected else 'now'}"
            for k in keys
            if k not in expected or k not in actual
        ]
        both = [k for k in keys if k in expected and k in actual]
        return missing + [d for k in both for d in differences(expected[k], actual[k], f"{place}.{k}")]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [
            d
            for at, pair in enumerate(zip(expected, actual, strict=True))
            for d in differences(*pair, f"{place}[{at}]")
        ]
    numbers = (
        isinstance(expected, float) and isinstance(actual, (int, float)) and not isinstance(actual, bool)
    )
    if numbers and math.isclose(expected, actual, rel_tol=TOLERANCE, abs_tol=1e-300):
        return []
    return [] if expected == actual else [f"{place}: {expected!r} before, {actual!r} now"]


def main() -> None:
    """Write a layer anew: ``corpus.py wording``; of facts only the calls that are named, which list what has grown."""
    layer, *names = sys.argv[1:]
    if layer not in ("facts", "wording") or (layer == "facts" and not names):
        raise SystemExit("corpus.py wording [CALL ...], or corpus.py facts CALL ...")
    from concurrent.futures import ThreadPoolExecutor

    from inputs import write_inputs

    def one(call: Call) -> list[Any]:
        with tempfile.TemporaryDirectory() as place:
            write_inputs(Path(place))
            return run(call, Path(place))[0 if layer == "facts" else 1]

    held = kept(layer)
    chosen = [call for call in calls() if not names or call.name in names]
    with ThreadPoolExecutor(2) as pool:
        held |= zip((call.name for call in chosen), pool.map(one, chosen), strict=True)
    lines = [json.dumps({"call": c.name, "steps": held[c.name]}, ensure_ascii=False) for c in calls()]
    (HERE / f"{layer}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
