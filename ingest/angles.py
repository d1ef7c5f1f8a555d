"""Degrees written with minutes, seconds and letters: `47°30'15,5"N`, `8 33.5 W`, `S23:30:00`; plain ones as they are.

Minutes and seconds are below 60, only the last part has decimals, and a letter never goes with a minus sign.
"""

import re
import unicodedata
from collections.abc import Mapping

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.numbers import Marks, Numbers, State, Texts, blanks, read_numbers

NUMBER = r"\d+(?:[.,]\d+)?"
MARKS = {
    "d": r"\s*(?:°|º|˚|deg(?:rees)?|:|\s)\s*",
    "m": r"\s*(?:'|min|:|\s)\s*",
    "s": r"\s*(?:\"|''|sec)?\s*",
}
# here s means seconds, while at the end of 12:30:15S it means south
LETTERED = re.compile(rf"(?P<degrees>{NUMBER})\s*d\s*(?P<minutes>{NUMBER})\s*m\s*(?:(?P<seconds>{NUMBER})\s*s)?", re.I)
LETTERS = r"(?:north|south|east|west|nord|süd|sud|ost|ouest|oeste|este|norte|sur|sul|leste|est|[nsewo])"
ANGLE = re.compile(
    rf"(?P<before>{LETTERS})?\s*(?P<sign>[+-])?\s*(?P<degrees>{NUMBER})"
    rf"(?:{MARKS['d']}(?:(?P<minutes>{NUMBER})(?:{MARKS['m']}(?:(?P<seconds>{NUMBER}){MARKS['s']})?)?)?)?"
    rf"\s*(?:°|º|˚|deg)?\s*(?P<after>{LETTERS})?\.?",
    re.IGNORECASE,
)
QUOTES = str.maketrans({"′": "'", "’": "'", "‘": "'", "´": "'", "`": "'", "″": '"', "”": '"', "“": '"', "„": '"'})
# O is east in German and Dutch and west in French, Spanish and Portuguese: a profile must say which
SIDES = {
    **dict.fromkeys(("n", "north", "nord", "norte"), "N"),
    **dict.fromkeys(("s", "south", "süd", "sud", "sur", "sul"), "S"),
    **dict.fromkeys(("e", "east", "ost", "est", "este", "leste"), "E"),
    **dict.fromkeys(("w", "west", "ouest", "oeste"), "W"),
}
AXES = {"x": {"E": 1.0, "W": -1.0}, "y": {"N": 1.0, "S": -1.0}}
SEXAGESIMAL = r"[°º˚'′’´\":]|\d\s+\d|(?i:[a-zü])"


def angle(text: str, axis: str, letters: Mapping[str, str]) -> float | None:
    """Degrees east (axis `x`) or north (`y`), `None` for what is no angle of that axis.

    `letters` says what letters mean that differ between languages, such as `{"O": "W"}`.
    """
    plain = unicodedata.normalize("NFC", text.replace("−", "-")).translate(QUOTES).strip()
    found = ANGLE.fullmatch(LETTERED.sub(_with_marks, plain))
    if found is None:
        return None
    sign = _sign(found, AXES[axis], {key.casefold(): side for key, side in letters.items()})
    parts = [found[name] for name in ("degrees", "minutes", "seconds") if found[name]]
    if sign is None or any("." in part or "," in part for part in parts[:-1]):
        return None
    degrees, *smaller = (float(part.replace(",", ".")) for part in parts)
    if any(part >= 60 for part in smaller):
        return None
    total: float = degrees + sum(part / 60**power for power, part in enumerate(smaller, start=1))
    return sign * total


def _with_marks(found: re.Match[str]) -> str:
    seconds = f'{found["seconds"]}"' if found["seconds"] else ""
    return f"{found['degrees']}°{found['minutes']}'{seconds}"


def _sign(found: re.Match[str], sides: Mapping[str, float], letters: Mapping[str, str]) -> float | None:
    """The sign that letter or minus gives; `None` for a letter of the other axis, an unknown one, or both."""
    written = [letter.casefold() for letter in (found["before"], found["after"]) if letter]
    if not written:
        return -1.0 if found["sign"] == "-" else 1.0
    meant = {sides.get(letters.get(letter, SIDES.get(letter, ""))) for letter in written}
    if found["sign"] == "-" or len(written) > 1:
        return None
    (sign,) = meant
    return sign


def read_angles(texts: Texts, marks: Marks, axis: str, letters: Mapping[str, str]) -> Numbers:
    """Read trimmed texts of shape (n,) as degrees: what is no plain number as minutes and seconds."""
    numbers = read_numbers(texts, marks)
    open_ones = (numbers.state == State.NOT_A_NUMBER) & ~blanks(texts, marks)
    open_ones |= np.asarray(pc.match_substring_regex(texts, SEXAGESIMAL).to_numpy(zero_copy_only=False), np.bool_) & (
        numbers.state == State.NUMBER
    )
    if not open_ones.any():
        return numbers
    values: NDArray[np.float64] = numbers.values.copy()
    state = numbers.state.copy()
    known: dict[str, float | None] = {}
    for place in np.flatnonzero(open_ones):
        text = texts[int(place)].as_py()
        if text not in known:
            known[text] = angle(text, axis, letters)
        found = known[text]
        values[place] = np.nan if found is None else found
        state[place] = State.NOT_A_NUMBER if found is None else State.NUMBER
    return Numbers(values, state)
