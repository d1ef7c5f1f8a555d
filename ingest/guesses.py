"""What the headings and first records of an unknown file look like."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ingest.errors import IngestError
from ingest.headings import split_heading
from ingest.numbers import ANY_NUMBER, Marks, State, read_numbers, trimmed
from ingest.profile import FileOptions
from ingest.readers.base import Opened

# headings by what they mostly mean, in the languages of Europe's surveys; the first that matches is taken
COORDINATES = {
    "x": r"x|lon|long|longitude|lng|l[aä]e?nge(ngrad)?|easting|east|e|rechtswert|ostwert|x.?coord.*|utm.?e.*|este|est",
    "y": r"y|lat|latitude|breite(ngrad)?|northing|north|n|hochwert|nordwert|y.?coord.*|utm.?n.*|norte|nord",
}
# what may follow: a zone, a system, its code
OF_SYSTEM = r"(?:[\s_:.-]*(?:epsg|utm|wgs|etrs|gk|rd|lv|zone)?[\s_:.-]*\d{0,5}[a-z]?(?:wgs)?)"
SEPARATOR = r"[\s._(-]*"
NUMBERED = rf"{SEPARATOR}(id|no|nr|code|nummer|name)?"
FIELDS = {
    "code": rf"(sample|proben?|specimen|lab|muestra|[eé]chantillon|monster|prov){NUMBERED}|id|code|fid",
    "site": rf"(site|location|plot|standort|punkt|loc|station){NUMBERED}",
    "upper_depth_cm": rf"(upper|top|min|from|von|tiefe.?von){SEPARATOR}(depth|tiefe)?|depth.?(from|top|upper).*",
    "lower_depth_cm": rf"(lower|bottom|max|to|bis|tiefe.?bis){SEPARATOR}(depth|tiefe)?|depth.?(to|bottom|lower).*",
    "sampled": rf"(sampling|sample|collection|probenahme)?{SEPARATOR}(date|datum|fecha|jour|day)",
    "land_use": rf"land{SEPARATOR}use|nutzung|landnutzung|usage|bodengebruik",
    "ph": rf"ph({SEPARATOR}(h2o|cacl2|kcl|water).*)?",
    "clay_percent": r"clay.*|ton(gehalt)?|argile.*|lutum.*|arcilla.*",
    "silt_percent": r"silt.*|schluff.*|limon.*|limo.*",
    "sand_percent": r"sand.*|sable.*|zand.*|arena.*",
    "organic_matter_percent": r"om|organic.?matter.*|humus.*|organische.?stof.*",
    "toc_percent": r"toc.*|corg.*|org.*carbon.*|soc.*",
}
TEXT_FIELDS = ("code", "site", "sampled", "land_use")
LONG = {
    "contaminant": r"contaminant|pollutant|parameter|analyte?|element|substance|stoff|parametre|chemical.?name",
    "value": r"value|result|concentration|content|wert|messwert|gehalt|valeur|result.?value",
    "unit": r"unit|units|einheit|unit[eé]|uom|result.?unit",
    "lod": r"lod|mdl|detection.?limit|nachweisgrenze|bg|dl|reporting.?limit",
    "cas": r"cas.*",
    "qualifier": r"qualifiers?|flag|lab.?qualifiers?|sign",
}
SOURCES = {
    "code": r".*(facility|site|trif|frs|prtr|anlage).*id.*|.*id|code",
    "name": r".*name.*|lps",
    "sector": r"gnfr|.*naics.*|nace.*|.*activ.*|sector.*|branche.*",
}
SCHEMES = {"gnfr": r"gnfr", "naics": r".*naics.*", "nace": r"nace.*", "e-prtr": r".*activ.*"}
INVENTORY = r".*facility.*|.*naics.*|gnfr|.*release.*|.*emission.*"
CENSORED = rf"(?:[<>≤≥~]\s*{ANY_NUMBER}|n\.?d\.?|b\.?d\.?l?\.?|<\s*(?:lod|dl))"


@dataclass(frozen=True, slots=True)
class Table:
    """The first records of a file: texts, and numbers of the columns where most are, by heading."""

    headings: tuple[str, ...]
    texts: dict[str, Any]
    numbers: dict[str, Any]
    decimal: str
    crs: str | None

    def find(self, pattern: str, taken: set[str], *, numeric: bool = False) -> str | None:
        """The first column whose heading matches and which is not taken yet."""
        free = (name for name in self.headings if name not in taken and (name in self.numbers or not numeric))
        return next((name for name in free if means(name, pattern)), None)

    def is_unique(self, name: str) -> bool:
        """Whether no text of the column stands twice."""
        return bool(pc.count_distinct(self.texts[name]).as_py() == len(self.texts[name]))


def read_table(opened: Opened) -> Table:
    """The first records; raises `IngestError` where there are none."""
    batch = next(opened.batches, None)
    if batch is None:
        raise IngestError("there are no rows to draft a profile from")
    texts = {name: trimmed(batch.cells.column(name)) for name in opened.headings}
    commas, points = (
        sum(count(column, rf"^[<>~]?\s*-?\d+{mark}\d+$") for column in texts.values()) for mark in (",", r"\.")
    )
    marks = Marks("," if commas > points else ".", None, FileOptions().blank)
    numbers = {}
    for name, column in texts.items():
        read = read_numbers(column, marks)
        written = read.state != State.BLANK
        usable = (read.state == State.NUMBER) | mask(column, f"^{CENSORED}$")
        if written.any() and usable[written].mean() > 0.9:
            numbers[name] = read.values
    return Table(opened.headings, texts, numbers, marks.decimal, opened.crs)


def means(heading: str, pattern: str) -> bool:
    """Whether a heading without its unit or another remark in brackets is what a pattern describes."""
    plain = re.sub(r"\s*[(\[].*$", "", split_heading(heading)[0]).strip() or heading
    return re.fullmatch(pattern, plain, re.IGNORECASE) is not None


def mask(column: Any, pattern: str) -> Any:
    """Which texts hold a pattern."""
    found = pc.match_substring_regex(column, pattern, ignore_case=True)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def count(column: Any, pattern: str) -> int:
    """How many texts hold a pattern."""
    return int(mask(column, pattern).sum())
