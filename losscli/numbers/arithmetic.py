"""What the last bits of a result depend on beside the rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any


@cache
def arithmetic() -> str:
    """NumPy's version and the widest instructions that it uses: what exp and log depend on."""
    import numpy as np  # here, since a schema needs none of it

    found: Mapping[str, Any] = np.show_config(mode="dicts") or {}
    simd = found.get("SIMD Extensions", {})
    used = [*simd.get("baseline", []), *simd.get("found", [])]
    return f"numpy {np.__version__} {used[-1]}" if used else f"numpy {np.__version__}"
