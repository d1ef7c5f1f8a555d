"""Where and when data lie, as OGC API Common writes it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"


@dataclass(frozen=True, slots=True)
class Extent:
    """Where and when the features lie; None where there are none or where nobody knows."""

    box: tuple[float, float, float, float] | None = None
    first: dt.date | None = None
    last: dt.date | None = None

    def document(self) -> dict[str, Any]:
        """The extent object of OGC API Common."""
        members: dict[str, Any] = {}
        if self.box is not None:
            members["spatial"] = {"bbox": [list(self.box)], "crs": CRS84}
        if self.first is not None or self.last is not None:
            members["temporal"] = {"interval": [[_moment(self.first), _moment(self.last)]], "trs": GREGORIAN}
        return members


def _moment(day: dt.date | None) -> str | None:
    return None if day is None else f"{day.isoformat()}T00:00:00Z"
