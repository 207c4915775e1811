"""How much memory losscli may use: the value of `--memory`, and its default."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

from losscli.errors import UsageError

LEAST = 16 << 20
UNKNOWN = 2 << 30  # assumed to be free where the system does not say
UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.ASCII | re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes of a size such as ``512MB`` (powers of ten), ``2GiB`` or ``2G`` (powers of two).

    >>> parse_size("512MB"), parse_size("2 GiB"), parse_size("1.5g")
    (512000000, 2147483648, 1610612736)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"`--memory {text}` is no size", hint="write `512MB` or `2GiB`")
    number, unit, binary = found.groups()
    power = UNITS[unit.lower()]
    decimal = not binary and text.strip().lower().endswith("b") and power
    size = int(float(number) * (1000 ** (power // 10) if decimal else 1 << power))
    if size < LEAST:
        raise UsageError(f"`--memory {text}` is too little to work with", hint="give it 16MiB or more")
    return size


def half_of_free() -> int:
    """Half of the memory that this process could still take, by the machine, its control group and its limits."""
    return max(LEAST, min(_free(), default=UNKNOWN) // 2)


def _free() -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError, LookupError):
        with open("/proc/meminfo") as lines:
            sizes = dict(line.split(":", 1) for line in lines)
        yield int(sizes["MemAvailable"].split()[0]) << 10
    for most, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):  # "max" is no limit
            yield max(0, _number(most) - _number(used))
    with contextlib.suppress(ImportError, OSError, ValueError, LookupError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            with open("/proc/self/statm") as line:
                pages = int(line.read().split()[0])
            yield max(0, limit - pages * os.sysconf("SC_PAGE_SIZE"))


def _number(path: str) -> int:
    with open(path) as file:
        return int(file.read())
