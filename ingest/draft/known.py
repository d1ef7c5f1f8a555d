"""Files whose layout a shipped profile describes already."""

from collections.abc import Sequence

from ingest.profile import SHIPPED, read_profile
from ingest.readers.matching import matching_columns

FEWEST = 4


def known_layout(headings: Sequence[str]) -> str | None:
    """The shipped profile whose columns all stand in a file; of several the one that reads most."""
    found = []
    for path in SHIPPED.glob("*.toml"):
        profile = read_profile(path.stem)
        needed = {name for _, name in profile.columns(optional=False)}
        everything = {name for _, name in profile.columns()}
        if len(needed) >= FEWEST and set(matching_columns(headings, needed)) == needed:
            found.append((len(matching_columns(headings, everything)), path.stem))
    return max(found)[1] if found else None
