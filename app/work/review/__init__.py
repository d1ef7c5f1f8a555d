"""A review of a data set: what was found, where it clusters, what exceeds limits, what is not known; as one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from app.settings import Settings
from app.work.demo import Bar
from app.work.review.alike import alike
from app.work.review.cases import Case, Cases, cases_of, in_words
from app.work.review.clusters import Tested, clusters, coexisting, tested
from app.work.review.contents import contents
from app.work.review.document import Review
from app.work.review.limits import limits
from app.work.review.maps import maps
from app.work.review.where import where
from db.selection import Selection
from db.tables import dataset
from mapping.context import parse_assumptions

__all__ = ["Review", "ReviewRequest", "review"]


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What to review: a selection of one data set; `assume` and `jurisdictions` are for guideline values.

    The `mapped` contaminants are drawn as maps with cells of `resolution` metres over `area`; without them those with
    most hot spots are, `most_maps` of them at most.
    """

    selection: Selection
    assume: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    most_maps: int = 4
    resolution: float | None = None
    area: Path | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.selection.dataset is None:
            raise ValueError("a review needs the name of a data set")
        if self.most_maps < 0:
            raise ValueError(f"the number of maps must not be negative, got {self.most_maps}")


def review(settings: Settings, engine: Engine, request: ReviewRequest, bar: Bar) -> Review:
    """Look at everything; `ValueError` where there is nothing to look at."""
    assumptions = parse_assumptions(request.assume)
    with engine.connect() as connection:
        described = _dataset(connection, str(request.selection.dataset))
        with bar("reading"):
            cases = cases_of(connection, request.selection)
        with bar("testing"):
            found = tested(cases, request.seed)
        sections = [
            where(cases),
            contents(cases, request.seed),
            clusters(found),
            coexisting(found),
            alike(cases),
            limits(connection, cases, assumptions, request.jurisdictions),
        ]
    if request.resolution is not None:
        chosen = _mapped(cases, found, request)
        sections.append(maps(settings, engine, chosen, request.resolution, request.area, bar))
    return Review(described.title, _facts(described, cases), sections, _methods(cases, request))


def _dataset(connection: Connection, name: str) -> Any:
    columns = (dataset.c.title, dataset.c.provider, dataset.c.licence, dataset.c.citation, dataset.c.sampling_design)
    row = connection.execute(select(*columns, dataset.c.version).where(dataset.c.name == name)).one_or_none()
    if row is None:
        raise ValueError(f"there is no data set {name!r}")
    return row


def _mapped(cases: Cases, found: Sequence[Tested], request: ReviewRequest) -> list[Case]:
    if request.mapped:
        known = {case.contaminant for case in cases.cases}
        if missing := [name for name in request.mapped if name not in known]:
            raise ValueError(f"{', '.join(missing)} is not among what was measured: {', '.join(sorted(known))}")
        return [case for case in cases.cases if case.contaminant in request.mapped]
    ordered = sorted(found, key=lambda one: -one.hot)
    return [one.case for one in ordered if one.hot][: request.most_maps]


def _facts(described: Any, cases: Cases) -> list[tuple[str, str]]:
    given = [
        ("Provider", described.provider),
        ("Licence", described.licence),
        ("Citation", described.citation or ""),
        ("Sampling design", described.sampling_design),
        ("Reviewed", in_words(cases.ground)),
        ("Not reviewed", "; ".join(cases.others)),
        ("Fewer than three samples", ", ".join(cases.few)),
        ("Made by", f"edaphos {version('edaphos')}, version {described.version} of the data"),
    ]
    return [(name, text) for name, text in given if text]


def _methods(cases: Cases, request: ReviewRequest) -> list[str]:
    projection = cases.projection
    assumed = ", ".join(request.assume) or "nothing"
    return [
        f"Distances are in the metres of {projection.name}; seed {request.seed}; assumed: {assumed}.",
        f"{len(cases.cases)} contaminants by procedure; media, procedures, bases and depths are never pooled.",
        "Nothing here replaces an assessment of a site: samples stand for places, and every test can be wrong.",
    ]
