"""Work on all processors: parts of fixed size on threads of our own, each with one thread of the BLAS.

Results do not depend on how many threads there are, because the parts do not.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import chain, islice
from threading import Lock, local
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Part = TypeVar("Part")
Result = TypeVar("Result")

_HERE = local()


def processors() -> int:
    """How many of them this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parallel(work: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """`work` on each of the parts, in their order; a few at a time, so that results need not all be kept.

    The work must leave Python's lock alone to gain from it: compiled loops and numpy's products do. Work that itself
    comes here is done by the thread that it is on.
    """
    remaining = iter(parts)
    first = list(islice(remaining, 2 * processors()))
    if len(first) < 2 or processors() == 1 or getattr(_HERE, "working", False):
        with one_blas_thread():
            yield from map(work, chain(first, remaining))
        return
    with one_blas_thread(), ThreadPoolExecutor(processors(), initializer=_at_work) as threads:
        running = deque(threads.submit(work, part) for part in first)
        try:
            while running:
                yield running.popleft().result()
                running.extend(threads.submit(work, part) for part in islice(remaining, 1))
        finally:
            for waiting in running:
                waiting.cancel()


def _at_work() -> None:
    _HERE.working = True


class _Limit:
    """How many are inside `one_blas_thread`, and how many threads there were before the first."""

    def __init__(self) -> None:
        self.lock, self.inside, self.before = Lock(), 0, {}  # type: ignore[var-annotated]


_LIMIT = _Limit()


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """One thread for each call of the BLAS: results differ in the last bits with their number.

    It holds for the whole process from the first who enters to the last who leaves.
    """
    with _LIMIT.lock:
        _LIMIT.inside += 1
        if _LIMIT.inside == 1:
            blas = _libraries().select(user_api="blas").lib_controllers
            _LIMIT.before = {library: library.num_threads for library in blas}
            for library in blas:
                library.set_num_threads(1)
    try:
        yield
    finally:
        with _LIMIT.lock:
            _LIMIT.inside -= 1
            if _LIMIT.inside == 0:
                for library, threads in _LIMIT.before.items():
                    library.set_num_threads(threads)
