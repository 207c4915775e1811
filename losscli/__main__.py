"""The entry point: signals are in order before anything slow is imported."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

# What an ended process answers: 128 and the number of the signal.
ENDING_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


# What is left behind otherwise, by module: a half-written file, a hidden cursor.
TIDYING = {
    "losscli.report.writing": "discard_unfinished",
    "losscli.table.spill": "discard",
    "losscli.cli.progress": "clear",
}


def end(number: int, frame: FrameType | None) -> None:
    """Leave at once, without a word and without a half-written file."""
    try:
        for module, function in TIDYING.items():
            # A module may be absent, or half-imported and without its functions.
            tidy = getattr(sys.modules.get(module), function, None)
            if tidy is not None:
                tidy()
    finally:
        os._exit(128 + number)


def _address_space_is_limited() -> bool:
    try:
        import resource
    except ImportError:
        return False  # not on this system
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


NO_MEMORY = 3  # the exit code of data that do not fit
ROOM = 96 << 20  # bytes that numpy takes while it is imported


class RoomForNumpy:
    """A finder that finds nothing: where address space is limited, numpy is imported only if there is room for it.

    Its OpenBLAS would end the process, in words of its own, where the space runs out halfway.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Refuse numpy, as the system would, where its space cannot be reserved."""
        if name == "numpy":
            import mmap

            mmap.mmap(-1, ROOM).close()


def measured() -> int:
    """The exit code of the command line; too little memory to start it is told as every error is."""
    try:
        from losscli.cli import main

        return main(sys.argv[1:])
    except (MemoryError, ImportError, OSError) as error:
        if not isinstance(error, MemoryError):  # which leaves no room for a further import
            from losscli.errors import out_of_memory

            if not out_of_memory(error):
                raise
        sys.stderr.write("error: there is not enough memory to start\n")
        return NO_MEMORY


def run() -> None:
    """Run the command line and exit."""
    for name in ENDING_SIGNALS:
        number = getattr(signal, name, None)
        # A signal that was ignored by whoever started us (nohup) stays ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    # The number of a closed stream would go to the first file that is opened.
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115 (it stays open)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    # Imports make a hundred thousand objects that stay: looking through them again and again for cycles takes time.
    gc.set_threshold(100_000)
    # Its threads would only wait for work that losscli never gives it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if _address_space_is_limited():
        # Arrow's own pool reserves a gibibyte of it at once, whatever it needs.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        sys.meta_path.insert(0, RoomForNumpy)
    code = measured()
    # Nothing is left to do: results are flushed, and threads may still be at work on what an error ended.
    os._exit(code)


if __name__ == "__main__":
    run()
