"""Points as the pyramid counts them, in SQL: where they lie, which population and years they are of, their bounds."""

from dataclasses import dataclass

import numpy as np
from psycopg import sql

POINTS = ("contaminant", "x", "y", "population", "first_year", "last_year", "lower", "upper")
_KINDS = {"contaminant": "i4", "population": "i8", "first_year": "i4", "last_year": "i4"}
_SEND = {"f8": "float8send", "i8": "int8send", "i4": "int4send"}
ROW = np.dtype([(name, ">" + _KINDS.get(name, "f8")) for name in POINTS])
PACKED = " || ".join(f"{_SEND[_KINDS.get(name, 'f8')]}({name})" for name in POINTS)
"""A row of `Subject.rows` as the bytes of a `ROW`; one value is sent many times as fast as a million rows."""

_PARTS = ("s.medium", "p.digestion", "m.basis", "s.upper_depth_cm", "s.lower_depth_cm")
POPULATION = f"hashtextextended(concat_ws('|', {', '.join(f'coalesce({part}::text, chr(1))' for part in _PARTS)}), 0)"
"""The identifier of a measurement's population, of the tables s (specimen), m (measurement) and p (procedure)."""
SPECIMEN_POPULATION = POPULATION.replace("p.digestion", "NULL").replace("m.basis", "NULL")

_YEARS = (
    "coalesce(extract(year FROM s.sampled_from)::int, -1) AS first_year, "
    "coalesce(extract(year FROM coalesce(s.sampled_to, s.sampled_from))::int, -1) AS last_year"
)
_UNKNOWN_YEARS = "-1 AS first_year, -1 AS last_year"
_UNMEASURED = "'NaN'::float8 AS lower, 'NaN'::float8 AS upper"
_PLACE = "ST_X(s.geom_3857) AS x, ST_Y(s.geom_3857) AS y"
_MEASURED = "specimen s JOIN measurement m ON m.specimen_id = s.id JOIN procedure p ON p.id = m.procedure_id"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is counted: a collection, the SQL of its tables, populations, years and bounds."""

    layer: str
    tables: str
    population: str
    years: str
    bounds: str
    contaminant: str = "0"
    condition: str = "true"

    def rows(self, dataset_id: int, contaminants: tuple[str, ...], first: int, last: int) -> sql.Composed:
        """The rows of a dataset with keys in first..last, of measurements those of some contaminants, as one value."""
        query = (
            f"SELECT {self.contaminant} AS contaminant, {_PLACE}, {self.population} AS population, "  # noqa: S608
            f"{self.years}, {self.bounds} FROM {self.tables} "
            f"WHERE s.dataset_id = {{dataset}} AND s.id BETWEEN {{first}} AND {{last}} AND {self.condition}"
        )
        packed = f"SELECT string_agg({PACKED}, ''::bytea) FROM ({query}) point"  # noqa: S608
        given = {"dataset": dataset_id, "contaminants": list(contaminants), "first": first, "last": last}
        return sql.SQL(packed).format(**{name: sql.Literal(value) for name, value in given.items()})

    @property
    def table(self) -> str:
        """The table of its places."""
        return self.tables.split()[0]


SITES = Subject("sites", "site s", "0::bigint", _UNKNOWN_YEARS, _UNMEASURED)
SPECIMENS = Subject("samples", "specimen s", SPECIMEN_POPULATION, _YEARS, _UNMEASURED)
MEASUREMENTS = Subject(
    layer="samples",
    tables=_MEASURED,
    population=POPULATION,
    years=_YEARS,
    bounds="m.lower, m.upper",
    contaminant="array_position({contaminants}::text[], m.contaminant_id)",
    # the keys of specimens once more, so that no range of them reads all measurements
    condition="m.contaminant_id = ANY({contaminants}::text[]) AND m.specimen_id BETWEEN {first} AND {last}",
)


def populations_of(dataset_id: int) -> sql.Composed:
    """Writes down what the populations of a dataset are."""
    columns = "medium, digestion, basis, upper_depth_cm, lower_depth_cm"
    depths = "s.upper_depth_cm, s.lower_depth_cm"
    statement = f"""
        INSERT INTO pyramid_population (id, {columns})
        SELECT {POPULATION}, {", ".join(_PARTS)}
        FROM (SELECT DISTINCT s.medium, {depths}, m.basis, m.procedure_id FROM specimen s
              JOIN measurement m ON m.specimen_id = s.id WHERE s.dataset_id = {{dataset}}) s
        CROSS JOIN LATERAL (SELECT s.basis) m JOIN procedure p ON p.id = s.procedure_id
        UNION
        SELECT {SPECIMEN_POPULATION}, s.medium, NULL, NULL, {depths}
        FROM (SELECT DISTINCT s.medium, {depths} FROM specimen s WHERE s.dataset_id = {{dataset}}) s
        ON CONFLICT DO NOTHING
    """  # noqa: S608  texts of this file
    return sql.SQL(statement).format(dataset=sql.Literal(dataset_id))
