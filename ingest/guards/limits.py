"""How large what a file holds may be; an application sets other limits for all that it reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is taken of each, beyond what any honest survey needs."""

    unpacked_bytes: int = 4_000_000_000
    fold: int = 200
    """How many times larger than packed; tables of numbers come to about thirty."""
    fold_from_bytes: int = 64_000_000
    members: int = 10_000
    directory_bytes: int = 10_000_000
    columns: int = 16_384
    """As many as a sheet of a workbook can have."""
    line_bytes: int = 4_000_000
    cells: int = 20_000_000
    """Of a sheet, the empty ones between others included: workbooks are read whole."""
    cell_characters: int = 32_767
    """As many as a cell of a workbook can have."""
    shared_text_bytes: int = 256_000_000
    rows: int = 100_000_000
    depth: int = 200

    def __post_init__(self) -> None:
        if min(getattr(self, name) for name in self.__slots__) <= 0:
            raise ValueError("every limit on files must be above zero")


_LIMITS: ContextVar[Limits] = ContextVar("limits", default=Limits())  # noqa: B039  it is frozen


def limits() -> Limits:
    """The limits that hold here."""
    return _LIMITS.get()


@contextmanager
def limited_to(chosen: Limits) -> Iterator[None]:
    """Other limits for the length of the block."""
    before = _LIMITS.set(chosen)
    try:
        yield
    finally:
        _LIMITS.reset(before)
