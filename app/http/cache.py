"""Answers kept in memory up to a bound of bytes, each computed once however many ask for it at the same time."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Sized(Protocol):
    """What can be kept."""

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        ...


S = TypeVar("S", bound=Sized)
T = TypeVar("T")


class Kept(Generic[S]):
    """The answers used last, within `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._answers: OrderedDict[Hashable, S] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: Hashable) -> S | None:
        """The answer kept under a key, which is now the one used last."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def put(self, key: Hashable, answer: S) -> None:
        """Keep an answer, and let go of those that were used longest ago."""
        self._forget(key)
        if answer.size > self._most:
            return
        self._answers[key] = answer
        self._bytes += answer.size
        while self._bytes > self._most:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: Hashable) -> None:
        old = self._answers.pop(key, None)
        if old is not None:
            self._bytes -= old.size


class Flights(Generic[T]):
    """Work under way: who asks for what is being computed waits for it."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Flight[T]] = {}

    async def join(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        """The result of `compute`, run once for all who ask while it runs; it ends when the last of them leaves."""
        flight = self._under_way.get(key)
        if flight is None:
            flight = _Flight(asyncio.ensure_future(_awaited(compute)))
            self._under_way[key] = flight
            flight.task.add_done_callback(lambda done: self._land(key, done))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()

    def _land(self, key: Hashable, done: asyncio.Task[T]) -> None:
        flight = self._under_way.get(key)
        if flight is not None and flight.task is done:
            self._forget(key, flight)
        if not done.cancelled():
            done.exception()  # looked at here, because all who asked may have left

    def _forget(self, key: Hashable, flight: "_Flight[T]") -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]


@dataclass(slots=True, eq=False)
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0


async def _awaited(compute: Callable[[], Awaitable[T]]) -> T:
    return await compute()


class Memory:
    """What was read from the database a moment ago, for `seconds` at most."""

    def __init__(self, seconds: float = 1.0, most: int = 1_000) -> None:
        self._seconds = seconds
        self._most = most
        self._read: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def get(self, key: Hashable) -> Any | None:
        """What was put under a key, unless that is too long ago."""
        then, value = self._read.get(key, (0.0, None))
        return value if time.monotonic() - then < self._seconds else None

    def put(self, key: Hashable, value: Any) -> None:
        """Remember."""
        self._read[key] = (time.monotonic(), value)
        self._read.move_to_end(key)
        if len(self._read) > self._most:
            self._read.popitem(last=False)
