"""Units in headings: `Zn (mg/kg)`, `Pb_ppm`, `As [µg/g]`."""

import re

from ingest.units import to_kg, to_mg_per_kg

BRACKETED = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]\s*(?P<rest>[^()\[\]]*)$")
TRAILING = re.compile(
    r"^(?P<name>.+?)[\s_,.-]+(?P<unit>ppm|ppb|pct|percent|%|wt\.?%|mg[/_]?kg|ug[/_]?g|µg/g|mg[/_]kg)$", re.I
)
SPELLINGS = {"pct": "%", "mg_kg": "mg/kg", "mgkg": "mg/kg", "ug_g": "ug/g", "ugg": "ug/g"}


def split_heading(heading: str) -> tuple[str, str | None]:
    """Name and unit of a heading; the unit is `None` where what looks like one is no unit of content or mass."""
    found = BRACKETED.match(heading) or TRAILING.match(heading)
    if found is None:
        return heading.strip(), None
    unit = SPELLINGS.get(found["unit"].strip().lower(), found["unit"].strip())
    return (found["name"].strip(" _,.-"), unit) if is_unit(unit) else (heading.strip(), None)


def is_unit(text: str) -> bool:
    """Whether a text is a unit of content in soil, or of mass."""
    for read in (to_mg_per_kg, to_kg):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False
