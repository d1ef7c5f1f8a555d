"""The text of a drafted profile, the reason of each guess, and what was left for a person to say."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

YEARS = ("%Y", "%y")


@dataclass(slots=True)
class Draft:
    """A profile while it is drafted: its lines, the reasons of its guesses, and the open questions."""

    file: str
    lines: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)

    def add(self, line: str, reason: str = "") -> None:
        """A line of the profile, with why it stands there as a comment beside it."""
        self.lines.append(f"{line}  # {reason}" if reason else line)
        if reason:
            self.reasons.append(f"{line.strip()}: {reason}")

    def part(self, heading: str) -> None:
        """The heading of a part, parted from what is above."""
        self.lines += ["", heading]

    def ask(self, question: str) -> None:
        """Something that the file does not say."""
        self.open_questions.append(question)

    @property
    def toml(self) -> str:
        """The profile, with the open questions on top."""
        asked = [f"#   - {question}" for question in self.open_questions]
        return "\n".join([f"# Drafted from {self.file}. Not told by the file:", *asked, "", *self.lines, ""])


def quoted(text: str) -> str:
    """A TOML string; TOML's basic strings are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def column(name: str, **more: str | bool | Sequence[str] | Mapping[str, str] | None) -> str:
    """A field that stands in a column, with what else is said of it."""
    said = [f"{key} = {toml(value)}" for key, value in more.items() if value]
    return f"{{ {', '.join([f'column = {quoted(name)}', *said])} }}"


def toml(value: str | bool | Sequence[str] | Mapping[str, str]) -> str:
    """A value as it stands in a profile."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{quoted(key)} = {quoted(text)}' for key, text in value.items())} }}"
    return f"[{', '.join(quoted(text) for text in value)}]"


def ask_order(draft: Draft, name: str, formats: Sequence[str]) -> None:
    """Ask whether day or month comes first in a column of dates, where both are possible."""
    if any({f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"} <= set(formats) for mark in "/-" for year in YEARS):
        draft.ask(f"whether day or month comes first in {name}: both are possible")
