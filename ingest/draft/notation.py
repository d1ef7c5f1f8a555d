"""What is written where no content was measured: zeros, negative values, words, and numbers that stand for nothing."""

import re
from collections.abc import Sequence

from ingest.draft.table import Table, sentinels_in
from ingest.draft.words import IN_SO_MANY_WORDS, meaning_score
from ingest.draft.writing import Draft, toml
from ingest.profile import Notation

SHOWN = 10


def draft_notation(draft: Draft, table: Table, values: Sequence[str], *, limits: bool) -> None:
    """Draft what is written in columns of contents where nothing was measured; `limits` says that they have some."""
    numbers = {name: table.mixed[name] for name in values if name in table.mixed}
    zeros = [name for name, values in numbers.items() if (values == 0).any()]
    negative = [name for name, values in numbers.items() if (values < 0).any()]
    if zeros:
        draft.ask(f"what a content of 0 means (in {', '.join(zeros[:5])}): notation.zero")
    if negative:
        draft.ask(
            f"whether negative contents are limits of detection (in {', '.join(negative[:5])}): notation.negative"
        )
    about = next((name for name in values if table.holds(name, "^[~≈]")), None)
    if about:
        draft.add('notation.approximate = "flag"', f"there are values such as ~5 in {about}")
    ranges = next((name for name in values if table.holds(name, r"^\d[\d.,]*\s*[-–]\s*\d")), None)
    if ranges:
        draft.add("notation.intervals = true", f"there are values such as 0.01-0.03 in {ranges}")
    _draft_words(draft, table, values, limits=limits)


def _draft_words(draft: Draft, table: Table, values: Sequence[str], *, limits: bool) -> None:
    """Words that are known to mean not detected; what any other means is asked, and no bound is made of it."""
    words = [text for name in values for text in table.distinct(name) if _is_word(text)]
    distinct = list(dict.fromkeys(word.lower() for word in words))
    known = Notation().nondetect
    new = [word for word in distinct if word not in known and _says_not_detected(word)]
    if new:
        draft.add(f"notation.nondetect = {toml([*known, *new])}", f"such as {new[0]!r}")
        listed = ", ".join(map(repr, new))
        draft.ask(f"whether {listed} mean that nothing was detected, and not that nothing was measured (file.blank)")
    _ask_words(draft, [word for word in distinct if word not in known and word not in new])
    if any(word in known or word in new for word in distinct) and not limits:
        draft.ask("the limits of detection (lod): without them what was not detected cannot be used")


def _says_not_detected(word: str) -> bool:
    return not word.startswith((">", "≥")) and meaning_score(word, "not_detected") == IN_SO_MANY_WORDS


def _ask_words(draft: Draft, unknown: list[str]) -> None:
    if not unknown:
        return
    listed = ", ".join(repr(word) for word in unknown[:SHOWN])
    more = f" and {len(unknown) - SHOWN} others" if len(unknown) > SHOWN else ""
    draft.ask(
        f"what {listed}{more} mean among the contents: not detected (notation.nondetect), not measured (file.blank), "
        "or nothing that can be used: such values are rejected as it is"
    )


def _is_word(text: str) -> bool:
    return (
        bool(text) and re.search(r"\d", text) is None and text.lower() not in ("na", "n/a", "nan", "null", "#n/a", "-")
    )


def blanks_in(table: Table, values: Sequence[str]) -> list[str]:
    """What stands for nothing among the contents: -999 and a dash."""
    dashes = ["-"] if any(table.holds(name, "^-$") for name in values) else []
    return [*sentinels_in(table, values), *dashes]
