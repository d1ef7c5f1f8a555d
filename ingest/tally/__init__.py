"""What a load brings in, counted chunk by chunk: small for any file, and the same however it is cut."""

from ingest.tally.samples import SampleTally
from ingest.tally.sources import SourceTally

__all__ = ["SampleTally", "SourceTally"]
