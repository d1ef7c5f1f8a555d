"""The shape of what a tally sums up to: plain values, as JSON holds them."""

from typing import Literal, TypeAlias, TypedDict


class Bounds(TypedDict):
    """Between which numbers a value lies; `upper` is None where it has no end."""

    lower: float
    upper: float | None


class Histogram(TypedDict):
    """Counts in bars of equal width in logarithms, the first of which begins at `start_mg_per_kg`.

    What is only known to lie between bounds is `censored`, spread evenly over the bars that it may be in.
    """

    start_mg_per_kg: float
    bars_per_decade: float
    measured: list[float]
    censored: list[float]


class AsGiven(TypedDict):
    """In which unit values were given, how many, and the texts of the lowest and the highest."""

    unit: str
    count: int
    lowest: str
    highest: str


class Series(TypedDict):
    """The values of one contaminant in one medium by one procedure, in mg/kg.

    `limits` are the least and the greatest of the limits that values are below, `ceilings` of those they are above.
    """

    contaminant: str
    medium: str
    digestion: str
    instrument: str
    standard: str
    basis: str
    count: int
    measured: int
    below: int
    above: int
    between: int
    flagged: int
    limits: list[float] | None
    ceilings: list[float] | None
    quantiles: dict[str, Bounds]
    exact: bool
    as_given: list[AsGiven]
    histogram: Histogram


Span: TypeAlias = list[float] | None
Dates: TypeAlias = list[str] | None


class Medium(TypedDict):
    """The specimens of one medium: their depths in cm, their days, and how many have none."""

    medium: str
    specimens: int
    depths_cm: Span
    without_depth: int
    dates: Dates
    without_date: int


class Cells(TypedDict):
    """Positions in square cells: longitude and latitude of the middle, and how many lie in it."""

    cell_degrees: float
    cells: list[list[float]]


class Places(TypedDict):
    """Where what was loaded, what is doubted and what was rejected lies."""

    loaded: Cells
    doubted: Cells
    rejected: Cells


class SampleContent(TypedDict):
    """What a file of samples brought in; `further` measurements are of series beyond the most that are told apart."""

    kind: Literal["samples"]
    series: list[Series]
    further: int
    media: list[Medium]
    places: Places


class Released(TypedDict):
    """The releases of one pollutant into one medium; `unquantified` ones are only named."""

    pollutant: str
    contaminant: str | None
    medium: str
    releases: int
    unquantified: int
    kg: float
    largest_kg: float | None
    years: list[int] | None


class Sector(TypedDict):
    """The sources of one sector, with the code of the inventory."""

    sector: str
    original: str
    sources: int


class Status(TypedDict):
    """The entries of a register with one status, None where it states none."""

    status: str | None
    sources: int


class Year(TypedDict):
    """The releases of one year."""

    year: int | None
    releases: int


class SourceContent(TypedDict):
    """What an inventory brought in."""

    kind: Literal["sources"]
    sources: int
    released: list[Released]
    sectors: list[Sector]
    statuses: list[Status]
    years: list[Year]
    further: int
    places: Places


Content: TypeAlias = SampleContent | SourceContent
