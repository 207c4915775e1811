"""What a call on arrays costs beside the kernel in NumPy: CPU time, the least of some rounds.

python tests/bench/arrays.py [--rounds 20]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import losscli

ROWS = (1_000, 1_000_000)


def least(work: Callable[[], object], rounds: int) -> float:
    """Microseconds of CPU."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return 1e6 * min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    random = np.random.default_rng(0)
    print(f"{'rows':>9} {'numpy us':>9} {'evaluate':>9} {'meter':>9}")
    for rows in ROWS:
        label = random.normal(size=rows)
        pred = label + 0.1 * random.normal(size=rows)
        meter = losscli.Meter("mse")
        calls: list[Callable[[], object]] = [
            lambda p=pred, y=label: np.mean((p - y) ** 2),  # type: ignore[misc]
            lambda p=pred, y=label: losscli.evaluate(p, y, loss="mse"),  # type: ignore[misc]
            lambda p=pred, y=label, m=meter: m.update(y, p),  # type: ignore[misc]
        ]
        print(f"{rows:9} {' '.join(f'{least(call, rounds):9.0f}' for call in calls)}", flush=True)


if __name__ == "__main__":
    main()
