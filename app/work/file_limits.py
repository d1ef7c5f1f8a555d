"""The limits on files that the settings give."""

from app.settings import Settings
from ingest.guards import Limits


def limits_for(settings: Settings) -> Limits:
    """What a file may hold, for `ingest.guards.limited_to`."""
    return Limits(unpacked_bytes=int(settings.most_unpacked_bytes))
