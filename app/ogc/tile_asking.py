"""What a request asks of a vector tile: which rows, and what they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.http.service import Service
from app.http.versions import Depends
from app.limits import resolve_limit
from app.ogc.asking import asked_of, property_parameters
from app.ogc.catalogue import selection_of
from app.ogc.collection import FeatureCollection
from app.ogc.limits import GUIDELINES, LIMIT_PARAMETERS
from app.problems import BadParameterError
from app.query import PARAMETERS, Given, Parameter
from db.filtering import Filter
from db.filtering.tree import Tree
from db.questions.guideline_values import guideline_rows
from db.selection import Selection
from tiles.tile import Tile
from tiles.vector import Question

_FILTERING = ("filter", "filter-lang", "filter-crs")
EXCEEDS = ("yes", "perhaps", "no")


@dataclass(frozen=True, slots=True)
class Compared:
    """A limit in mg/kg, or none, and the versions of what it rests on."""

    limit: float | None = None
    depends: Depends = ()

    @property
    def mark(self) -> str:
        """What of it stands in the version of a tile."""
        return "".join(f"-g{version}" for _, version in self.depends)


def known_parameters(collection: FeatureCollection) -> tuple[Parameter, ...]:
    """What a request for tiles of a collection may carry besides its version."""
    plain = (PARAMETERS[name] for name in ("datetime", *collection.filters, *_FILTERING))
    compared = (*LIMIT_PARAMETERS, PARAMETERS["exceeds"]) if collection.id == "samples" else ()
    return (*plain, *compared, *property_parameters(collection))


async def compared_of(service: Service, given: Given, selection: Selection) -> Compared:
    """The limit that samples are compared with; raises `BadParameterError` or `LimitError`."""
    number, guideline = given.number("limit"), given.text("guideline")
    if number is None and guideline is None:
        return Compared()
    if selection.contaminant is None:
        raise BadParameterError("contaminant", "a limit is compared with one contaminant: give contaminant")
    if guideline is None:
        return Compared(resolve_limit((), {}, limit=number, assume=given.all("assume")).mg_per_kg)
    depends = await service.versions.now(service.pool, GUIDELINES)
    rows = [row._asdict() for row in await service.rows(guideline_rows(selection.contaminant))]
    known = {"medium": selection.medium, "procedure": selection.digestion, "basis": selection.basis}
    context = {name: value for name, value in known.items() if value is not None}
    limit = resolve_limit(rows, context, limit=number, guideline=guideline, assume=given.all("assume"))
    return Compared(limit.mg_per_kg, depends)


async def question_of(
    service: Service, collection: FeatureCollection, tile: Tile, given: Given
) -> tuple[Question, Compared]:
    """The tile that is asked for; raises what wrong parameters raise."""
    if _is_plain(collection, given):
        selection = await selection_of(service, given)
    else:
        rows = Given({name: texts for name, texts in given.values.items() if name not in _OF_TILES})
        selection = (await asked_of(service, collection, rows)).selection
    compared = await compared_of(service, given, selection)
    selection = _exceeding(selection, given.text("exceeds"), compared.limit)
    return Question(collection.id, tile, selection, limit=compared.limit), compared


_OF_TILES = ("limit", "guideline", "assume", "exceeds", "v", "f")


def _is_plain(collection: FeatureCollection, given: Given) -> bool:
    return set(given.values) <= {"datetime", *collection.filters, *_OF_TILES}


def _exceeding(selection: Selection, wanted: str | None, limit: float | None) -> Selection:
    """Only rows that are surely, perhaps or surely not above the limit."""
    if wanted is None:
        return selection
    if wanted not in EXCEEDS:
        raise BadParameterError("exceeds", f"exceeds must be one of {', '.join(EXCEEDS)}, got {wanted[:40]!r}")
    if limit is None:
        raise BadParameterError("exceeds", "exceeds needs a limit or a guideline")
    found = Filter.of(_condition(wanted, limit))
    return replace(selection, filter=Filter.both(selection.filter, found) if selection.filter else found)


def _condition(wanted: str, limit: float) -> Tree:
    lower, upper = {"property": "lower"}, {"property": "upper"}
    surely: Tree = {"op": ">", "args": [lower, limit]}
    never: Tree = {"op": "<=", "args": [upper, limit]}
    if wanted == "yes":
        return surely
    if wanted == "no":
        return never
    unbounded: Tree = {"op": "isNull", "args": [upper]}
    above: Tree = {"op": "or", "args": [unbounded, {"op": ">", "args": [upper, limit]}]}
    return {"op": "and", "args": [{"op": "<=", "args": [lower, limit]}, above]}


def kept(given: Given) -> Sequence[tuple[str, str]]:
    """What was asked, as it stands in the address of the tiles."""
    return [(name, text) for name, texts in given.values.items() if name not in ("f", "v") for text in texts]
