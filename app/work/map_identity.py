"""What a map depends on, by which it is known, and what it is called."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import shapely
from sqlalchemy import Connection, select

from app.work.map_request import MapRequest
from app.work.material import stored_selection
from app.work.plan import Plan
from db.tables import contaminant
from mapping.neighbourhood import Neighbourhood, stored_neighbours


def parameters_of(request: MapRequest, plan: Plan) -> dict[str, Any]:
    """Everything on which the values of the map depend; JSON types."""
    material = plan.material
    return {
        "software": f"edaphos {version('edaphos')}",
        "selection": stored_selection(request.selection),
        "method": request.method,
        "transform": request.transform,
        "neighbours": stored_neighbours(request.neighbours),
        "seed": request.seed,
        "samples_sha256": material.samples.digest(),
        "datasets": plan.datasets,
        "context": material.context,
        "population": str(material.population),
        "grid": asdict(plan.grid),
        "area": shapely.to_wkb(shapely.normalize(plan.area.polygon)).hex(),
        "area_is": plan.area.meaning,
        "projection": material.projection.name,
        "projection_scale_error": material.projection.scale_error,
        "support": "point",
        **({"transfer": material.transfer.to_dict()} if material.transfer else {}),
        **({"splined": material.splined.to_dict()} if material.splined else {}),
        **({} if request.fitted_by == "auto" else {"fitted_by": request.fitted_by}),
        **({"compressed": True} if request.compressed else {}),
        **({"secondary": _secondary(plan)} if plan.secondary else {}),
        **({"limits": list(request.limits)} if request.limits else {}),
        **_drift(plan),
    }


def identity_of(parameters: Mapping[str, Any]) -> str:
    """SHA-256 of what a map depends on."""
    return hashlib.sha256(json.dumps(parameters, sort_keys=True, default=str).encode()).hexdigest()


def title_of(connection: Connection, request: MapRequest, plan: Plan) -> str:
    """Contaminant, data sets and method, by which people tell maps apart; what is not the default is said."""
    material = plan.material
    query = select(contaminant.c.name).where(contaminant.c.id == request.selection.contaminant)
    name = connection.execute(query).scalar_one()
    datasets = " + ".join(material.rows.datasets[:3]) + (" + …" if len(material.rows.datasets) > 3 else "")
    scale = "" if request.transform == "log" else f", {request.transform} scale"
    near = request.neighbours
    nearest = f", {near.describe()}" if isinstance(near, Neighbourhood) else f", {near} neighbours" if near else ""
    drift = f" on {' + '.join(map(str, request.drift))}" if request.drift else ""
    others = f" with {' + '.join(request.secondary)}" if request.secondary else ""
    carried = f", {material.transfer.source} carried over to {material.transfer.target}" if material.transfer else ""
    if material.splined:
        carried += f", {material.splined.upper:g}-{material.splined.lower:g} cm by splines"
    how = f"{request.method.replace('-', ' ')}{drift}{others}{scale}{nearest}"
    return f"{name}, {datasets}{carried}, {how}, {request.resolution:g} m"


def _secondary(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "contaminant": name,
            "samples_sha256": material.samples.digest(),
            "population": str(material.population),
            "digestion": material.population.digestion,
            "basis": material.population.basis,
        }
        for name, material in plan.secondary.items()
    ]


def _drift(plan: Plan) -> dict[str, Any]:
    told: dict[str, Any] = {"layers": plan.layers}
    if plan.drift is None or plan.covariates is None:
        return told
    unknown = plan.cells - plan.mapped
    notes = list(plan.drift.notes)
    if unknown:
        notes.append(f"{unknown} of {plan.cells} cells have no value of the drift and are not mapped")
    return told | {"drift": plan.drift.describe(), "drift_notes": notes}
