"""Pieces are measured in forked processes as they are in one, and what ends a process is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import pytest

from losscli.errors import DataError
from losscli.measure.engines import forked
from losscli.measure.engines.pool import Outcome
from losscli.measure.tally import Tally
from losscli.table.violations import Violation, ViolationKind

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")


def rows(piece):
    return Outcome(Tally(read=piece))


def measured(work, pieces, jobs=3):
    outcome, done = Outcome(Tally()), []
    forked.measure_pieces(work, pieces, jobs, outcome, lambda piece, read: done.append((piece, read)))
    return outcome.tally, done, outcome.stop


@pytest.mark.parametrize("count", [1, 2, 50, 3 * forked.QUEUED + 1])
def test_each_piece_is_measured_once(count):
    pieces = list(range(1, count + 1))
    tally, done, stop = measured(rows, pieces)
    assert (tally.read, stop) == (sum(pieces), None)
    assert sorted(done) == [(piece, piece) for piece in pieces]


@pytest.mark.parametrize("stops", [*combinations(range(1, 8, 2), 2), (1,), (9,)])
def test_of_several_stops_the_one_of_the_first_piece_is_told(stops):
    def work(piece):
        time.sleep(0.001 * (10 - piece))
        return Outcome(Tally(read=piece), DataError(f"stop {piece}", row=piece) if piece in stops else None)

    _, _, stop = measured(work, range(10))
    assert (stop.message, stop.row) == (f"stop {min(stops)}", min(stops))


def test_faults_of_all_pieces_are_counted_and_the_lowest_row_is_told():
    kind = ViolationKind("domain", (0, 0), "value")

    def work(piece):
        tally = Tally(read=1)
        tally.faults.add(kind, Violation(piece, "found", "wanted", "are", None, 2))
        return Outcome(tally)

    tally, _, stop = measured(work, range(5, 25))
    assert stop is None
    assert (tally.faults.found[kind].row, tally.faults.found[kind].count) == (5, 40)


def test_what_is_raised_in_a_child_is_raised_by_its_parent():
    def work(piece):
        raise DataError("cannot be read", "wanted a file", "try another", file="a.csv", column="x", row=piece)

    with pytest.raises(DataError) as found:
        measured(work, [4], jobs=1)
    assert str(found.value) == "a.csv, column `x`, row 4: cannot be read\nwanted a file\nhint: try another"


def test_a_child_that_the_system_ends_is_told_as_lack_of_memory():
    def work(piece):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(MemoryError):
        measured(work, [1, 2, 3])


def test_a_child_that_is_ended_while_it_sends_is_told_as_lack_of_memory(monkeypatch):
    write = os.write

    def cut(into, text):
        if len(text) < 100:
            return write(into, text)
        write(into, text[: len(text) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    monkeypatch.setattr(os, "write", cut)
    with pytest.raises(MemoryError):
        measured(rows, [1, 2, 3])


@pytest.mark.parametrize("count", [0, 1, 2, 50, 3 * forked.QUEUED + 1])
@pytest.mark.parametrize("jobs", [1, 3])
def test_what_is_spread_comes_in_the_order_of_its_pieces(count, jobs):
    assert list(forked.spread(jobs, lambda piece: piece * piece, range(count))) == [
        n * n for n in range(count)
    ]


def test_what_is_raised_in_one_of_many_processes_is_raised_where_the_results_are_taken():
    def work(piece):
        if piece == 7:
            raise DataError("cannot be read", file="a.csv", row=piece)

    results = forked.spread(3, work, range(20))
    with pytest.raises(DataError, match=r"a\.csv, row 7: cannot be read"):
        list(results)


def test_children_have_ended_where_nobody_takes_their_results():
    results = forked.spread(3, time.sleep, [60] * 3)
    del results
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_children_have_ended_when_the_pieces_are_measured():
    measured(rows, range(20))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


# ── the command ──


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Rows of several segments, and the same with a fault in two of them."""
    folder = tmp_path_factory.mktemp("forked")
    lines = [f"{at},{at % 7}.25,{at % 5}" for at in range(600_000)]
    for name, changes in {
        "good": {}, "bad": {550_000: "550000,abc,1", 300_000: "300000,1,xyz"}, "short": {590_000: "590000,1"},
        "quoted": {500_000: '500000,"1.5",3'},
    }.items():  # fmt: skip
        changed = [changes.get(at, line) for at, line in enumerate(lines)]
        (folder / f"{name}.csv").write_text("\n".join(["id,pred,label", *changed]))
    return folder


def ran(folder: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "losscli", "eval", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["good", "bad", "short", "quoted"])
def test_answers_do_not_depend_on_the_number_of_processes(files, name):
    words = (f"{name}.csv", "--loss", "mse,rmse,mae", "--by", "label", "--json")
    one = ran(files, *words, "-j", "1")
    assert one == ran(files, *words, "-j", "2")
    assert one[0] == (3 if name in ("bad", "short") else 0)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """Rows with keys of text, in another order on each side; and the same with keys or values that are refused."""
    folder = tmp_path_factory.mktemp("keyed")
    rows = range(150_000)
    lines = [f"name {at * 7919 % 150_000},{at % 7}.25,{at % 5}" for at in rows]
    (folder / "labels.csv").write_text("\n".join(["id,pred,label", *reversed(lines)]))
    for name, changes in {
        "good": {},
        "alone": {at: f"nobody {at},1.5,1" for at in range(20_000, 140_000, 20_000)},
        "twice": {at: f"{lines[at - 1].split(',')[0]},1.5,1" for at in range(20_000, 140_000, 20_000)},
        "bad": {at: f"name {at * 7919 % 150_000},-1,1" for at in (90_000, 30_000)},
    }.items():
        changed = [changes.get(at, line) for at, line in enumerate(lines)]
        (folder / f"{name}.csv").write_text("\n".join(["id,pred,label", *changed]))
    return folder


@pytest.mark.parametrize("name", ["good", "alone", "twice", "bad"])
def test_answers_by_key_do_not_depend_on_the_number_of_processes(keyed, name):
    words = (f"{name}.csv", "labels.csv", "--loss", "msle,mse", "--on", "id", "--by", "label", "--json")
    one = ran(keyed, *words, "-j", "1")
    assert one == ran(keyed, *words, "-j", "3")
    assert one[0] == (0 if name == "good" else 3)


def test_rows_paired_by_key_are_matched_and_measured_in_forked_processes(keyed):
    code = (
        "import os, losscli; forks = []; os.register_at_fork(after_in_parent=lambda: forks.append(1));"
        "losscli.evaluate('good.csv', 'labels.csv', loss=['mse'], on=['id'], jobs=2, pred='pred'); print(len(forks))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=keyed, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_no_child_outlives_a_process_that_is_ended(files):
    command = [sys.executable, "-m", "losscli", "eval", *["good.csv"] * 2, "--loss", "mse", "-j", "2"]
    with subprocess.Popen(command, cwd=files, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        time.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        # The end of the pipe: no process that has it is left.
        process.stdout.read()
    assert process.returncode in (143, 0)
