"""A small chart of positions: longitude and latitude true to scale at its middle, a graticule and a scale bar."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.report_page.figures import degrees, number
from ingest.tally.contents import Cells, Places

WIDEST, TALLEST = 620.0, 420.0
KM_PER_DEGREE = 111.195
"""On a sphere of 6371 km."""
LEAST_DEGREES = 0.004
LETTER = 7.0
LARGEST_DOT = 9.0
PENS = ((200, 5.5), (1000, 4.2))
FINEST_PEN = 3.2
"""The width of a dot up to so many of them, and beyond."""
LINES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the graticule at x or y, with its coordinate."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Dots:
    """Dots of one size as an SVG path of points that a round pen draws."""

    width: float
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Positions on paper, with a margin for coordinates; `scale` is a bar of that many pixels and its length."""

    margin: float
    width: float
    height: float
    meridians: tuple[Line, ...]
    parallels: tuple[Line, ...]
    dots: Mapping[str, tuple[Dots, ...]]
    scale: Line


@dataclass(frozen=True, slots=True)
class _Frame:
    west: float
    south: float
    east: float
    north: float

    @property
    def narrowing(self) -> float:
        """How much shorter a degree of longitude is than one of latitude."""
        return max(math.cos(math.radians((self.south + self.north) / 2)), 0.05)

    @property
    def pixels(self) -> float:
        """Per degree of latitude."""
        return min(WIDEST / (self.narrowing * (self.east - self.west)), TALLEST / (self.north - self.south))

    def place(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a position lies, from the upper left."""
        across = (longitude - self.west) * self.narrowing * self.pixels
        return round(across, 1), round((self.north - latitude) * self.pixels, 1)


def chart(places: Places) -> Chart | None:
    """The chart of what was loaded, doubted and rejected; none where no position is known."""
    given = {"loaded": places["loaded"], "doubted": places["doubted"], "rejected": places["rejected"]}
    edge = _edge(sorted({cell[0] for one in given.values() for cell in one["cells"]}))
    cells = {kind: _moved(one["cells"], edge) for kind, one in given.items()}
    everywhere = [cell for one in cells.values() for cell in one]
    if not everywhere:
        return None
    frame = _frame(everywhere)
    width, height = frame.place(frame.east, frame.south)
    step = next((step for step in LINES if step * frame.pixels * frame.narrowing >= 78), LINES[-1])
    climb = next((step for step in LINES if step * frame.pixels >= 60), LINES[-1])
    parallels = tuple(
        Line(frame.place(frame.west, at)[1], degrees(at, climb, ("N", "S")))
        for at in _multiples(frame.south, frame.north, climb)
    )
    return Chart(
        16.0 + LETTER * max((len(line.label) for line in parallels), default=0),
        width,
        height,
        tuple(
            Line(frame.place(at, frame.north)[0], degrees(at, step, ("E", "W")))
            for at in _multiples(frame.west, frame.east, step)
        ),
        parallels,
        {kind: tuple(_dots(cells[kind], frame, one)) for kind, one in given.items()},
        _scale(frame, width),
    )


def _moved(cells: Iterable[Sequence[float]], edge: float) -> list[Sequence[float]]:
    """The cells, those west of an edge moved east by a full turn."""
    return [(cell[0] + 360 * (cell[0] < edge), *cell[1:]) for cell in cells]


def _edge(longitudes: Sequence[float]) -> float:
    """The longitude east of the widest gap, if that is wider than the one across the antimeridian."""
    gaps = [(east - west, east) for west, east in pairwise(longitudes)]
    widest, east = max(gaps, default=(0.0, -math.inf))
    around = 360 - (longitudes[-1] - longitudes[0]) if longitudes else 360.0
    return east if widest > max(around, 180.0) else -math.inf


def _frame(cells: Iterable[Sequence[float]]) -> _Frame:
    longitudes, latitudes = zip(*((cell[0], cell[1]) for cell in cells), strict=True)
    west, east, south, north = min(longitudes), max(longitudes), min(latitudes), max(latitudes)
    margin = 0.06 * max(east - west, north - south) + LEAST_DEGREES / 2
    narrowing = max(math.cos(math.radians((south + north) / 2)), 0.05)
    wide, high = (east - west) * narrowing + 2 * margin, north - south + 2 * margin
    # a narrow strip gets more ground beside it, so that there is room for the coordinates
    wide, high = max(wide, 0.6 * high), max(high, 0.4 * wide)
    middle = (west + east) / 2, (south + north) / 2
    return _Frame(
        middle[0] - wide / 2 / narrowing,
        max(middle[1] - high / 2, -90.0),
        middle[0] + wide / 2 / narrowing,
        min(middle[1] + high / 2, 90.0),
    )


def _multiples(start: float, end: float, step: float) -> list[float]:
    return [step * turn for turn in range(math.ceil(start / step), math.floor(end / step) + 1)]


def _dots(cells: Sequence[Sequence[float]], frame: _Frame, given: Cells) -> Iterable[Dots]:
    """Dots by size: at least as wide as a pen that leaves room, as their cell where it is large; more are wider."""
    pen = next((width for most, width in PENS if len(cells) <= most), FINEST_PEN)
    room = min(max(given["cell_degrees"] * frame.pixels, pen), LARGEST_DOT)
    most = max((cell[2] for cell in cells), default=1)
    by_width: dict[float, list[tuple[float, float]]] = {}
    for longitude, latitude, count in cells:
        width = round(max(pen, room * (0.5 + 0.5 * math.sqrt(count / most))) * 2) / 2
        by_width.setdefault(width, []).append(frame.place(longitude, latitude))
    for width, points in sorted(by_width.items()):
        yield Dots(width, "".join(f"M{_short(x)} {_short(y)}h0" for x, y in points))


def _short(value: float) -> str:
    return f"{value:g}"


def _scale(frame: _Frame, width: float) -> Line:
    kilometres = 0.25 * width / frame.pixels * KM_PER_DEGREE
    power = 10.0 ** math.floor(math.log10(kilometres))
    length = max(step * power for step in (1, 2, 5) if step * power <= kilometres)
    label = f"{number(length)} km" if length >= 1 else f"{number(1000 * length)} m"
    if frame.north - frame.south > 4:
        label += f" at {degrees((frame.north + frame.south) / 2, 1, ('N', 'S'))}"
    return Line(round(length / KM_PER_DEGREE * frame.pixels, 1), label)
