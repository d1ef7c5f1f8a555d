"""Texts of unknown origin so that nothing in them is hidden: no control, no change of direction, no megabyte."""

import unicodedata

LONGEST = 80
# spaces of all widths, and what joins letters or keeps them apart, are part of how languages are written
HARMLESS = frozenset("\u200c\u200d")


def visible(text: str, longest: int = LONGEST) -> str:
    """The text, clipped, and with what cannot be seen written out (`\\x00`): safe for terminals and JSONB."""
    clipped = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return clipped if clipped.isprintable() else "".join(map(_visible, clipped))


def unhidden(text: str) -> str:
    """Words with controls and changes of direction written out, but spaces as they are."""
    return text if text.isprintable() else "".join(_visible(one) if _hides(one) else one for one in text)


def _hides(character: str) -> bool:
    return unicodedata.category(character) != "Zs" and character not in HARMLESS


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
