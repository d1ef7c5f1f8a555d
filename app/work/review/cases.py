"""What is reviewed: each contaminant of a data set in the one medium and depth in which most was measured."""

from collections import Counter
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from app.work.material import Material, gather
from app.work.projection import Projection
from db.populations import PopulationValues, read_populations
from db.samples import Population
from db.selection import Selection

Ground = tuple[str, float | None, float | None]
FEWEST = 3
"""Samples of a contaminant below which there is nothing to review."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A contaminant by one procedure: its samples in metres, and what it is called among the others."""

    label: str
    selection: Selection
    material: Material

    @property
    def contaminant(self) -> str:
        """Its identifier."""
        return self.material.rows.contaminant


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """All cases of one ground (medium and depth), and in words which other grounds were left out."""

    ground: Ground
    cases: tuple[Case, ...]
    others: tuple[str, ...]
    few: tuple[str, ...]

    @property
    def projection(self) -> Projection:
        """The system of the metres of all cases."""
        return self.cases[0].material.projection


def cases_of(connection: Connection, selection: Selection) -> Cases:
    """What there is to review of a selection; `ValueError` where that is nothing."""
    populations = read_populations(connection, selection)
    if not populations:
        raise ValueError("there are no measurements that fit the selection")
    counts = Counter(dict.fromkeys(map(_ground, populations), 0))
    for each in populations:
        counts[_ground(each)] += len(each.lower)
    ground = counts.most_common(1)[0][0]
    chosen = [each for each in populations if _ground(each) == ground]
    enough = [each for each in chosen if len(each.lower) >= FEWEST]
    if not enough:
        raise ValueError(f"no contaminant has {FEWEST} samples in {in_words(ground)}")
    names = Counter(each.contaminant for each in enough)
    cases: list[Case] = []
    for each in sorted(enough, key=lambda one: (one.contaminant, str(one.population))):
        projection = cases[0].material.projection if cases else None
        own = _selection(selection, each)
        label = _label(each, alone=names[each.contaminant] == 1)
        cases.append(Case(label, own, gather(connection, own, projection)))
    others = tuple(f"{in_words(other)} ({count} measurements)" for other, count in counts.most_common()[1:])
    few = tuple(sorted({each.contaminant for each in chosen} - set(names)))
    return Cases(ground, tuple(cases), others, few)


def in_words(ground: Ground) -> str:
    """Medium and depth."""
    medium, upper, lower = ground
    return f"{medium}, {'depth not stated' if upper is None or lower is None else f'{upper:g} to {lower:g} cm'}"


def _ground(values: PopulationValues) -> Ground:
    population = values.population
    return population.medium, population.upper_depth_cm, population.lower_depth_cm


def _selection(selection: Selection, values: PopulationValues) -> Selection:
    population: Population = values.population
    upper, lower = population.upper_depth_cm, population.lower_depth_cm
    return replace(
        selection,
        contaminant=values.contaminant,
        dataset=values.dataset,
        medium=population.medium,
        digestion=population.digestion,
        basis=population.basis,
        depth=selection.depth if upper is None or lower is None else (upper, lower),
    )


def _label(values: PopulationValues, *, alone: bool) -> str:
    return values.contaminant if alone else f"{values.contaminant} ({values.population.digestion})"
