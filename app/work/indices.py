"""Contamination indices and risk to people, sample by sample, with the classes of their authors."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from app.work.references import Backgrounds, backgrounds_for
from app.work.together import limits_of, told_populations
from db.samples import Floats
from db.selection import Selection
from db.several import SeveralRows, read_several
from ingest.backgrounds import toxicities
from mapping.classes import Classes
from mapping.exposure import REFUSED, Receptor, Toxicity, risk, told
from mapping.indices import INDICES, NORMALISERS, Index, Reference

HAZARD, CANCER = "hazard-index", "cancer-risk"
NAMES = (*INDICES, HAZARD, CANCER)
EPA = "US EPA 1989, Risk Assessment Guidance for Superfund, volume I, part A, EPA/540/1-89/002, chapter 8"
RISK_CLASSES: Mapping[str, Classes] = {
    HAZARD: Classes(EPA, (1.0,), ("no concern by this measure", "adverse effects possible"), top_inclusive=True),
    CANCER: Classes(
        EPA, (1e-6, 1e-4), ("below one in a million", "within the range of management", "above one in ten thousand")
    ),
}


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """Which index of which contaminants; `background` as `backgrounds_for` says, `limits`/`guideline` for toxic units.

    `normaliser` is the reference element of enrichment factors; `receptor`, `exposure` and `toxicity` (such as
    ("arsenic", "slope", 32)) belong to the risk to people.
    """

    selection: Selection
    contaminants: tuple[str, ...]
    index: str
    background: str | None = None
    statistic: str = "median"
    normaliser: str | None = None
    limits: tuple[tuple[str, float], ...] = ()
    guideline: str | None = None
    assume: tuple[str, ...] = ()
    receptor: str = "child"
    exposure: tuple[tuple[str, float], ...] = ()
    toxicity: tuple[tuple[str, str, float], ...] = ()

    def __post_init__(self) -> None:
        if self.index not in NAMES:
            raise ValueError(f"index must be one of {', '.join(NAMES)}, got {self.index!r}")
        if self.index in INDICES and INDICES[self.index].needs == "background" and self.background is None:
            raise ValueError(f"{self.index} needs a background: a table, data of the same kind, or a file")
        if self.index in INDICES and INDICES[self.index].normalised and self._normaliser in self.contaminants:
            raise ValueError(f"{self._normaliser} is the reference element and cannot be enriched in itself")

    @property
    def _normaliser(self) -> str:
        return self.normaliser or NORMALISERS[0]

    @property
    def measured(self) -> tuple[str, ...]:
        """The contaminants, and behind them the reference element where there is one."""
        needed = self.index in INDICES and INDICES[self.index].normalised
        return (*self.contaminants, self._normaliser) if needed else self.contaminants


@dataclass(frozen=True, slots=True, eq=False)
class IndexTable:
    """An index at n specimens: bounds (n, columns) and their classes; `columns` are contaminants or `all`."""

    index: str
    described: Mapping[str, Any]
    columns: tuple[str, ...]
    rows: SeveralRows
    low: Floats
    high: Floats
    classes: Classes

    def labels(self, column: int) -> list[str]:
        """The class of each specimen (n,)."""
        return self.classes.of_intervals(self.low[:, column], self.high[:, column])

    def counts(self) -> dict[str, dict[str, int]]:
        """How many specimens are in which class, by column; those that nothing is known of are left out."""
        found = {}
        for number, column in enumerate(self.columns):
            labels = [label for label in self.labels(number) if label]
            found[column] = {label: labels.count(label) for label in self._ordered(labels)}
        return found

    def _ordered(self, labels: list[str]) -> list[str]:
        order = {label: number for number, label in enumerate(self.classes.labels)}
        return sorted(set(labels), key=lambda label: (order.get(label.split(" to ")[0], 99), label))

    def table(self) -> list[dict[str, Any]]:
        """One line for each specimen."""
        specimens, labels = self.rows.specimens, [self.labels(number) for number in range(len(self.columns))]
        lines = []
        for row in range(len(self.rows)):
            line: dict[str, Any] = {
                "specimen": str(specimens.code[row]),
                "longitude": float(specimens.lonlat[row, 0]),
                "latitude": float(specimens.lonlat[row, 1]),
            }
            for number, column in enumerate(self.columns):
                stem = f"{self.index}" if column == "all" else f"{self.index}:{column}"
                line[f"{stem}:low"] = _plain(self.low[row, number])
                line[f"{stem}:high"] = _plain(self.high[row, number])
                line[f"{stem}:class"] = labels[number][row] or None
            lines.append(line)
        return lines

    def to_dict(self) -> dict[str, Any]:
        """For `--json` and HTTP."""
        classes = asdict(self.classes)
        return {
            "index": self.index,
            **self.described,
            "classes": classes,
            "counts": self.counts(),
            "rows": self.table(),
        }


def _plain(value: float) -> float | None:
    """A number for JSON: none where nothing is known, or where a logarithm of nothing is asked for."""
    return float(value) if math.isfinite(value) else None


def index_table(connection: Connection, request: IndexRequest) -> IndexTable:
    """The index of every specimen; `ValueError`, in words, where it cannot be computed or would mean nothing."""
    rows = read_several(connection, request.selection, request.measured)
    if request.index in RISK_CLASSES:
        return _risk(rows, request)
    index = INDICES[request.index]
    reference, described = reference_for(connection, rows, request, index)
    return _computed(rows, index, reference, described)


def reference_for(
    connection: Connection, rows: SeveralRows, request: IndexRequest, index: Index
) -> tuple[Reference, dict[str, Any]]:
    """What an index compares with, and everything that has to be told about it."""
    described = _described(rows, index)
    if index.needs == "criteria":
        limits = limits_of(connection, rows, dict(request.limits), request.guideline, request.assume)
        criteria = {name: asdict(limit) for name, limit in zip(rows.contaminants, limits, strict=True)}
        numbers = np.array([limit.mg_per_kg for limit in limits])
        return Reference(rows.contaminants, criteria=numbers), described | {"criteria": criteria}
    found = backgrounds_for(connection, request.selection, rows, request.background or "", request.statistic)
    described |= _told(rows, found)
    if not index.normalised:
        return Reference(rows.contaminants, np.array(found.values)), described
    reference = Reference(rows.contaminants[:-1], np.array(found.values[:-1]), normaliser=found.values[-1])
    return reference, described | {"reference_element": rows.contaminants[-1]}


def _computed(rows: SeveralRows, index: Index, reference: Reference, described: dict[str, Any]) -> IndexTable:
    own = slice(0, len(reference.contaminants))
    element = (rows.lower[:, -1], rows.upper[:, -1]) if index.normalised else None
    low, high = index.between(rows.lower[:, own], rows.upper[:, own], reference, element)
    columns = ("all",) if index.together else reference.contaminants
    classes = index.classes_for(reference)
    return IndexTable(index.name, described, columns, rows, _matrix(low), _matrix(high), classes)


def _matrix(values: Floats) -> Floats:
    return values[:, None] if values.ndim == 1 else values


def _described(rows: SeveralRows, index: Index) -> dict[str, Any]:
    return {
        "title": index.title,
        "formula": index.formula,
        "source": index.source,
        "contaminants": list(rows.contaminants),
        "populations": told_populations(rows),
        "datasets": list(rows.datasets),
        "specimens": len(rows),
    }


def _told(rows: SeveralRows, found: Backgrounds) -> dict[str, Any]:
    named = zip(rows.contaminants, found.values, found.sources, strict=True)
    values = {name: {"mg_per_kg": value, "source": source} for name, value, source in named}
    of = {"datasets": list(found.datasets), "private": found.private}
    return {"background": values, "caveats": list(found.caveats), "background_from": of}


def _risk(rows: SeveralRows, request: IndexRequest) -> IndexTable:
    receptor, known = exposed(rows.contaminants, request)
    low, high = (summed_risk(bound, request.index, known, receptor) for bound in (rows.lower, rows.upper))
    described = described_risk(rows, request, receptor, known)
    columns = (*rows.contaminants, "all") if len(rows.contaminants) > 1 else ("all",)
    return IndexTable(request.index, described, columns, rows, low, high, RISK_CLASSES[request.index])


def exposed(contaminants: tuple[str, ...], request: IndexRequest) -> tuple[Receptor, dict[str, Toxicity]]:
    """Who is exposed to what; `ValueError` for a contaminant without a dose."""
    receptor = Receptor.named(request.receptor, **dict(request.exposure))
    return receptor, {name: _toxicity(name, request) for name in contaminants}


def described_risk(
    rows: SeveralRows, request: IndexRequest, receptor: Receptor, known: Mapping[str, Toxicity]
) -> dict[str, Any]:
    """Everything that a risk rests on."""
    return {
        "title": "Hazard index" if request.index == HAZARD else "Lifetime cancer risk",
        "formula": "the sum over contaminants and routes of intake / reference dose, or of intake times slope",
        "source": EPA,
        "contaminants": list(rows.contaminants),
        "populations": told_populations(rows),
        "datasets": list(rows.datasets),
        "specimens": len(rows),
        **told(receptor, known),
    }


def _toxicity(name: str, request: IndexRequest) -> Toxicity:
    if name in REFUSED:
        raise ValueError(REFUSED[name])
    own = {parameter: value for contaminant, parameter, value in request.toxicity if contaminant == name}
    shipped = toxicities().get(name)
    if shipped is None and not own:
        raise ValueError(f"no toxicity value of {name} is shipped: give one, such as {name}:reference_dose=0.02")
    given = asdict(shipped or Toxicity(name))
    unknown = set(own) - (given.keys() - {"contaminant", "source"})
    if unknown:
        raise ValueError(f"toxicity of {name}: {', '.join(sorted(unknown))} is no parameter")
    source = f"{given['source']}; replaced: {', '.join(own)}" if own else given["source"]
    return Toxicity(**{**given, **own, "source": source})


def summed_risk(soil: Floats, index: str, known: Mapping[str, Toxicity], receptor: Receptor) -> Floats:
    """Columns of each contaminant and of all of them, where there are several."""
    wanted = "hazard_quotient" if index == HAZARD else "cancer_risk"
    columns = []
    for number, (name, toxicity) in enumerate(known.items()):
        found = getattr(risk(soil[:, number], toxicity, receptor), wanted)
        if found is None:
            raise ValueError(f"{name} has no value from which a {index} follows: leave it out or give one")
        columns.append(found)
    each = np.column_stack(columns)
    return np.column_stack([each, each.sum(axis=1)]) if len(columns) > 1 else each
