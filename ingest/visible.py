"""Texts of unknown origin so that nothing in them is hidden: no control, no change of direction, no megabyte."""

LONGEST = 80


def visible(text: str, longest: int = LONGEST) -> str:
    """The text, clipped, and with what cannot be seen written out (`\\x00`): safe for terminals and JSONB."""
    clipped = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return clipped if clipped.isprintable() else "".join(map(_visible, clipped))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
