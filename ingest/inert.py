"""Cells for files that people will open in a spreadsheet: one that it would run as a formula is made to be text.

A mark ' before it is what spreadsheets themselves put before text; https://owasp.org/www-community/attacks/CSV_Injection.
"""

import re

_RUN = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_HARMLESS = re.compile(
    r"[+-]?\s?\d[\d.,'’ \u00a0\u202f]*(?:[eE][+-]?\d{1,3})?\s?%?|[+-]?[.,]\d+(?:[eE][+-]?\d{1,3})?|[-+]*"
)
"""Numbers, signs and all, and the dashes that stand for nothing."""
_MARKED = re.compile(r"''*[=+\-@\t\r\n＝＋－＠]")


def inert(text: str) -> str:
    """The text, with a mark before it where a spreadsheet would run it; numbers stay as they are."""
    return f"'{text}" if _RUN.match(text) and not _HARMLESS.fullmatch(text) else text


def as_written(text: str) -> str:
    """What `inert` was given."""
    return text[1:] if _MARKED.match(text) else text
