"""The one exception that a user of this room meets."""


class IngestError(ValueError):
    """A file that cannot be loaded at all; the message names the file and, where there is one, the row and column."""
