"""How loops are compiled: without Python's lock, so that several threads can be in them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])
_NJIT: Any = numba.njit
_KEPT = _NJIT(cache=True, nogil=True)
_INNER = _NJIT(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def looped(loop: Loop) -> Loop:
    """A loop that Python calls; kept on disk once it is compiled."""
    compiled: Loop = _KEPT(loop)
    return compiled


def inner(loop: Loop) -> Loop:
    """A loop that only compiled ones call and become part of: no entrance for Python, which takes long to make."""
    compiled: Loop = _INNER(loop)
    return compiled
