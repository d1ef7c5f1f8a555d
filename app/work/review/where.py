"""Where and how densely was sampled."""

import numpy as np

from app.work.review.cases import Cases
from app.work.review.contents import number
from app.work.review.document import Figure, Section
from mapping.arrays import Points
from mapping.neighbours import default_band
from mapping.panels import count_map


def where(cases: Cases) -> Section:
    """A map of the samples with how many contaminants were measured at each, and how far apart they lie."""
    every = np.concatenate([case.material.samples.xy for case in cases.cases])
    places, count = np.unique(every, axis=0, return_counts=True)
    said = [f"{len(places)} places, {len(cases.cases)} contaminants by procedure."]
    if len(places) > 1:
        said.append(_spacing(places))
    if count.min() < count.max():
        said.append("Not every contaminant was measured everywhere: the picture shows how many were.")
    figure = Figure(
        count_map(places, count, "Contaminants measured"), "Map of the sampled places", "Where was sampled."
    )
    return Section("Where was sampled", [" ".join(said)], figures=[figure])


def _spacing(places: Points) -> str:
    width, height = np.ptp(places, axis=0) / 1000.0
    band = default_band(places, least=1, share=0.5) / 1000.0
    spread = f"They spread over {number(width)} by {number(height)} km"
    return f"{spread}; half of them have another one within {number(band)} km."
