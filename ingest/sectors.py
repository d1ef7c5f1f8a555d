"""Sectors of pollution sources: codes of several classifications to one vocabulary, by the longest known beginning."""

import csv
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

SECTORS = Path(__file__).parent / "vocabularies" / "sectors.csv"


@lru_cache(maxsize=8)
def sectors_of(scheme: str) -> Mapping[str, str]:
    """The sector of each known code of a classification."""
    with SECTORS.open(encoding="utf-8", newline="") as handle:
        return {row["code"].lower(): row["sector"] for row in csv.DictReader(handle) if row["scheme"] == scheme}


def sector_of(scheme: str, code: str) -> str | None:
    """The sector of a code, `None` where nothing is known: `325510` of NAICS is chemicals because 325 is."""
    known = sectors_of(scheme)
    text = code.strip().lower()
    # the letter of a section stands before the division in NACE, ISIC and ANZSIC
    text = re.sub(r"^[a-u](?=\d{2})", "", text)
    # "5.(d)" and "5(d)" are how registers print 5.d
    text = text.replace("(", ".").replace(")", "").replace("..", ".")
    return next((known[text[:end]] for end in range(len(text), 0, -1) if text[:end] in known), None)


@lru_cache(maxsize=1)
def usual_releases() -> Mapping[str, Mapping[str, str]]:
    """By sector: the contaminants that its sources are known to release, with where that is written."""
    known: dict[str, dict[str, str]] = {}
    with SECTORS.with_name("sector_contaminants.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            for contaminant in row["contaminants"].split(";"):
                known.setdefault(row["sector"], {})[contaminant] = row["source"]
    return known
