"""A dataset in the sheets of the GloSIS workbook (template 6): a profile for each site, an element for each depth."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ingest.exchange.contents import Contents

LAYOUT = Path(__file__).with_name("glosis_workbook.json")
METHOD = ("contaminant_id", "digestion", "instrument", "standard", "basis", "replicate")
UNIT = "mg/kg"
Row = Mapping[str, Any]
Cell = str | float | None


def glosis_sheets(contents: Contents) -> Iterator[tuple[str, Iterator[Sequence[Cell]]]]:
    """Each sheet with its rows, headings first."""
    sites, specimens, measurements = (
        contents.tables[name].to_pylist() for name in ("sites", "specimens", "measurements")
    )
    of_site: dict[str, list[Row]] = defaultdict(list)
    for specimen in specimens:
        of_site[specimen["site"]].append(specimen)
    methods = _methods(measurements)
    names = {one["id"]: one["glosis_code"] or one["name"] for one in contents.contaminants}
    yield _sheet("Plot Data", (_plot(contents, site, of_site[site["code"]]) for site in sites))
    yield _sheet("Profile Data", ({"profile_code": site["code"]} for site in sites))
    yield _sheet("Element Data", _elements(of_site))
    yield _sheet("Specimen Data", _results(specimens, measurements, methods), more=list(methods.values()))
    yield _sheet("Procedures", (_procedure(names, key, title) for key, title in methods.items()))
    contact = {"plot_code": None, "organization": contents.dataset["provider"], "email": contents.dataset["contact"]}
    yield _sheet("Metadata", iter([contact]))


def _sheet(name: str, rows: Iterator[Row], more: Sequence[str] = ()) -> tuple[str, Iterator[Sequence[Cell]]]:
    layout = json.loads(LAYOUT.read_text(encoding="utf-8"))["sheets"][name]
    headings = [*layout["headings"], *more]

    def written() -> Iterator[Sequence[Cell]]:
        if layout["groups"]:
            yield layout["groups"]
        yield headings
        for row in rows:
            yield [row.get(heading) for heading in headings]

    return name, written()


def _plot(contents: Contents, site: Row, specimens: Sequence[Row]) -> Row:
    first: Row = specimens[0] if specimens else {}
    day = first.get("sampled_from")
    return {
        "project_name": contents.dataset["title"],
        "site_code": site["code"],
        "plot_code": site["code"],
        "profile_code": site["code"],
        "n_layers": float(len({_element(each) for each in specimens})),
        "date": None if day is None else day.isoformat(),
        "longitude": site["longitude"],
        "latitude": site["latitude"],
        "positional_accuracy": first.get("positional_accuracy_m"),
        "Landuse": first.get("land_use"),
    }


def _elements(of_site: Mapping[str, Sequence[Row]]) -> Iterator[Row]:
    for site, specimens in of_site.items():
        depths = {_element(each): each for each in specimens}
        for order, (code, specimen) in enumerate(sorted(depths.items()), start=1):
            yield {
                "profile_code": site,
                "element_code": code,
                "type": "Layer",
                "order_element": float(order),
                "upper_depth": specimen["upper_depth_cm"],
                "lower_depth": specimen["lower_depth_cm"],
            }


def _element(specimen: Row) -> str:
    upper, lower = specimen["upper_depth_cm"], specimen["lower_depth_cm"]
    depth = "depth not stated" if upper is None or lower is None else f"{upper:g}-{lower:g} cm"
    return f"{specimen['site']} {depth}"


def _methods(measurements: Sequence[Row]) -> dict[tuple[Any, ...], str]:
    """By contaminant and procedure the heading of its column: the name alone where it is enough."""
    keys = sorted({tuple(row[name] for name in METHOD) for row in measurements})
    alone = {key[0] for key in keys if sum(other[0] == key[0] for other in keys) == 1}
    return {key: key[0] if key[0] in alone else ", ".join(str(part) for part in key if part != "") for key in keys}


def _results(
    specimens: Sequence[Row], measurements: Sequence[Row], methods: Mapping[tuple[Any, ...], str]
) -> Iterator[Row]:
    results: dict[str, dict[str, Cell]] = defaultdict(dict)
    for row in measurements:
        results[row["specimen"]][methods[tuple(row[name] for name in METHOD)]] = _result(row)
    for specimen in specimens:
        yield {
            "profile_code": specimen["site"],
            "element_code": _element(specimen),
            "specimen_code": specimen["code"],
            **results[specimen["code"]],
        }


def _result(row: Row) -> Cell:
    """A number where one was measured; else what is known, as laboratories write it."""
    lower, upper = row["lower"], row["upper"]
    if upper is None:
        return f">{lower!r}"
    if lower == upper:
        return float(lower)
    return f"<{upper!r}" if lower == 0 else f"{lower!r}-{upper!r}"


def _procedure(names: Mapping[str, str], key: tuple[Any, ...], title: str) -> Row:
    return {
        "soil_property": title,
        "property_phys_chem_id": names.get(key[0], key[0]),
        "procedure_phys_chem_id": ", ".join(part for part in key[1:4] if part not in ("", "unknown")) or "unknown",
        "unit_of_measure_id": UNIT,
    }
