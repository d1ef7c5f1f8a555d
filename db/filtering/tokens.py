"""CQL2 text cut into tokens, in one pass over it."""

import re
from dataclasses import dataclass
from typing import Literal

from db.filtering.errors import FilterError

Kind = Literal["number", "text", "name", "quoted", "symbol", "end"]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | '(?P<text>(?:[^'\\]|''|\\.)*)'
  | "(?P<quoted>[^"]+)"
  | (?P<name>[^\W\d][\w.:]*)
  | (?P<symbol><=|>=|<>|!=|[-+*/%^=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"''|\\'")
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter: what it is, its text without quotes, and where it begins and ends."""

    kind: Kind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, in any case and not in quotes."""
        return self.kind == "name" and self.text.upper() in words

    def is_symbol(self, *symbols: str) -> bool:
        """Whether it is one of these symbols."""
        return self.kind == "symbol" and self.text in symbols


def tokens(text: str, most: int) -> list[Token]:
    """All tokens and one for the end; raises `FilterError` where there is none, or when there are more than `most`."""
    found: list[Token] = []
    place, length = 0, len(text.rstrip())
    while place < length:
        match = _TOKEN.match(text, place)
        if match is None:
            raise FilterError(f"filter: nothing can be read from character {place + 1} on: {shown(text[place:])}")
        found.append(_token(match))
        place = match.end()
        if len(found) > most:
            raise FilterError(f"filter: more than {most} words and symbols")
    return [*found, Token("end", "", length, length)]


def _token(match: re.Match[str]) -> Token:
    kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups of the pattern are the kinds
    text = match[kind]
    start = match.end() - len(match[0].lstrip())
    return Token(kind, _ESCAPED.sub("'", text) if kind == "text" else text, start, match.end())


def shown(text: str) -> str:
    """The beginning of a text that a client sent, as it may stand in a message to them."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text.strip()[:_MOST_SHOWN])
    return repr(plain + ("…" if len(text.strip()) > _MOST_SHOWN else ""))
