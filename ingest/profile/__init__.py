"""A profile: a TOML file that says what the columns of a data source mean.

A bare value holds for every row (`medium = "mineral-horizon"`); `{ column = "…" }` reads it from a column, where
`values` may translate the codes of that column. Nothing else is understood: an unknown key is refused.
"""

from ingest.profile.controls import Certified, Controls
from ingest.profile.fields import GEOMETRY, GEOMETRY_X, GEOMETRY_Y, AsGiven, FromColumn, ProfileError, columns_of
from ingest.profile.file import Dataset, FileOptions, Fold, Join
from ingest.profile.inventory import Release, Sources
from ingest.profile.position import Position, RegisteredArea, SecondPosition
from ingest.profile.reading import SHIPPED, read_profile
from ingest.profile.samples import Assay, MeasuredColumn, Measurements, Notation, Specimen
from ingest.profile.whole import Profile

__all__ = [
    "GEOMETRY",
    "GEOMETRY_X",
    "GEOMETRY_Y",
    "SHIPPED",
    "AsGiven",
    "Assay",
    "Certified",
    "Controls",
    "Dataset",
    "FileOptions",
    "Fold",
    "FromColumn",
    "Join",
    "MeasuredColumn",
    "Measurements",
    "Notation",
    "Position",
    "Profile",
    "ProfileError",
    "RegisteredArea",
    "Release",
    "SecondPosition",
    "Sources",
    "Specimen",
    "columns_of",
    "read_profile",
]
