"""Reference systems in requests: what they are called, and in which order their axes are written."""

import re
from dataclasses import dataclass
from functools import lru_cache

from pyproj import CRS
from pyproj.exceptions import CRSError

from app.http.extent import CRS84
from app.ogc.collection import SurfaceCollection
from tiles.matrix_sets import MATRIX_SETS
from tiles.pixels import DEGREES

_URI = re.compile(
    r"\[?(?:https?://www\.opengis\.net/def/crs/|urn:ogc:def:crs:)?(EPSG|OGC|CRS)[:/](?:[0-9.]*[:/])?(\w+)\]?",
    re.IGNORECASE,
)
_BARE = ("CRS84", "CRS:84", "OGC:84")


@dataclass(frozen=True, slots=True)
class System:
    """A system by what PROJ calls it; `flipped` where its authority writes northings or latitudes first."""

    name: str
    flipped: bool

    @property
    def uri(self) -> str:
        """As OGC API names it."""
        if self.name == DEGREES:
            return "http://www.opengis.net/def/crs/EPSG/0/4326" if self.flipped else CRS84
        return "http://www.opengis.net/def/crs/EPSG/0/" + self.name.removeprefix("EPSG:")

    @property
    def code(self) -> str:
        """As WMS names it."""
        if self.name == DEGREES:
            return "EPSG:4326" if self.flipped else "CRS:84"
        return self.name


PLAIN_DEGREES = System(DEGREES, flipped=False)


@lru_cache(maxsize=64)
def system_called(text: str) -> System:
    """A system by its URI, URN, CURIE or code; ValueError for one that is not known."""
    found = _URI.fullmatch(text.strip())
    code = "CRS84" if text.strip().upper() in _BARE else found[2].upper() if found else ""
    if code in ("CRS84", "84"):
        return PLAIN_DEGREES
    try:
        crs = CRS.from_epsg(int(code)) if re.fullmatch("[0-9]{1,7}", code, re.ASCII) else None
    except CRSError:
        crs = None
    if crs is None:
        raise ValueError(f"no reference system is called {text[:80]!r}")
    flipped = crs.axis_info[0].direction.lower() in ("north", "south")
    return System(DEGREES if code == "4326" else f"EPSG:{code}", flipped)


def systems_of(surface: SurfaceCollection) -> tuple[System, ...]:
    """Those in which pictures of a surface can be had: of the tile matrix sets, degrees, and that of its own grid."""
    own = str(surface.row["crs"])
    names = [DEGREES, *(each.crs for each in MATRIX_SETS.values()), *([own] if own.startswith("EPSG:") else [])]
    found = [system_called(name) for name in dict.fromkeys(names)]
    return (*found, System(DEGREES, flipped=True))


def system_of(text: str, surface: SurfaceCollection) -> System:
    """The system that a request names, if the surface can be had in it; ValueError otherwise."""
    system = system_called(text)
    known = systems_of(surface)
    if system not in known:
        raise ValueError(f"{text!r} is none of {', '.join(each.uri for each in known)}")
    return system
