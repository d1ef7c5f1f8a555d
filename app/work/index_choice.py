"""Which contaminants of a dataset an index can be computed of, and why not of the others."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from app.work.indices import RISK_CLASSES, IndexRequest, exposed, reference_for, summed_risk
from db.selection import Selection
from db.several import read_several
from db.tables import dataset, measurement
from mapping.indices import INDICES


@dataclass(frozen=True, slots=True)
class Choice:
    """A request with the contaminants that it can be computed of, and what is left out with the reason."""

    request: IndexRequest
    left_out: Mapping[str, str]


def chosen(connection: Connection, request: IndexRequest) -> Choice:
    """All contaminants that were measured and have what the index needs; `ValueError` where none has."""
    left_out: dict[str, str] = {}
    usable = []
    for name in _measured(connection, request.selection):
        if name in request.measured[len(request.contaminants) :]:
            continue
        try:
            _attempt(connection, replace(request, contaminants=(name,)))
        except ValueError as error:
            left_out[name] = str(error)
        else:
            usable.append(name)
    if not usable:
        told = next(iter(left_out.values()), "there are no measurements that fit the selection")
        raise ValueError(f"{request.index} can be computed of no contaminant: {told}")
    return Choice(replace(request, contaminants=tuple(usable)), left_out)


def _measured(connection: Connection, selection: Selection) -> list[str]:
    query = (
        select(measurement.c.contaminant_id)
        .join(dataset, dataset.c.id == measurement.c.dataset_id)
        .where(dataset.c.visibility.in_(selection.visibilities))
        .distinct()
        .order_by(measurement.c.contaminant_id)
    )
    if selection.dataset is not None:
        query = query.where(dataset.c.name == selection.dataset)
    return list(connection.execute(query).scalars())


def _attempt(connection: Connection, request: IndexRequest) -> None:
    """What the index needs of one contaminant; `ValueError` says what it has not."""
    rows = read_several(connection, request.selection, request.measured)
    if request.index in RISK_CLASSES:
        receptor, known = exposed(rows.contaminants, request)
        summed_risk(rows.upper[:1], request.index, known, receptor)
        return
    reference, _ = reference_for(connection, rows, request, INDICES[request.index])
    element = rows.upper[:1, -1] if INDICES[request.index].normalised else None
    INDICES[request.index].of(rows.upper[:1, : len(reference.contaminants)], reference, element)
