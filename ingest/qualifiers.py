"""Values whose sign stands in columns of its own: 0.05 beside `<`, `U` or TRUE is a bound and no measurement."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.numbers import Mask
from ingest.profile import Assay, FromColumn
from ingest.sheet import Sheet

# what laboratories write beside a value: U is not detected, J estimated and R rejected in the lists of the US EPA
SIGNS = {
    # the conditions in words are those of the Water Quality Exchange
    "<": (
        *("<", "<=", "u", "uj", "nd", "n.d.", "bdl", "b.d.", "lt", "true", "below", "not detected", "non-detect"),
        *("*non-detect", "nondetect", "below detection limit", "below reporting limit", "below method detection limit"),
        *("present below quantification limit", "*present <ql", "below quantification limit"),
        "detected not quantified",
    ),
    ">": (">", ">=", "gt", "above", "present above quantification limit", "*present >ql"),
    "~": ("~", "j", "j+", "j-", "nj", "jn", "e", "ca", "ca."),
    "": ("", "=", "false", "d", "detected"),
    "!": ("r", "rejected", "unusable"),
}
MEANINGS = {word: sign for sign, words in SIGNS.items() for word in words}
DETECTED = {
    **dict.fromkeys(("y", "yes", "true", "1", "d", "detect", "detected", ""), ""),
    **dict.fromkeys(("n", "no", "false", "0", "nd", "u", "non-detect", "not detected"), "<"),
    **dict.fromkeys(("tr", "trace"), "~"),
}
# of several signs the one that says most: not usable, not detected, above, estimated
ORDER = ("!", "<", ">", "~", "")
NOT_DETECTED = "n.d."


def qualified(sheet: Sheet, texts: Any, written: Mask, assay: Assay) -> tuple[Any, Mask]:
    """The values with the signs of their qualifiers before them, and where there is one at all.

    What was not detected and has no value is below the limit of detection. A qualifier that is not understood, or
    that says that the value must not be used, spoils it.
    """
    signs = [
        _read(sheet, given, read, written)
        for given, read in ((assay.qualifier, _qualifier), (assay.detected, _detected))
        if given
    ]
    sign = signs[0] if len(signs) == 1 else _strongest(*signs)
    below = np.asarray(pc.equal(sign, "<").to_numpy(zero_copy_only=False), np.bool_)
    silent = below & ~written & (assay.lod is not None)
    signed = pc.binary_join_element_wise(pc.replace_substring(sign, "!", "?"), texts, "")
    has_sign = pc.match_substring_regex(texts, "^[<>≤≥~]")
    kept = pc.or_(pc.and_(has_sign, pc.not_equal(sign, "!")), pa.array(~written))
    return pc.if_else(pa.array(silent), NOT_DETECTED, pc.if_else(kept, texts, signed)), written | silent


def _read(sheet: Sheet, given: FromColumn, read: Any, written: Mask) -> Any:
    """The sign of each row, `!` where there is none that can be used, and then noted."""
    qualifiers = pc.utf8_lower(pc.fill_null(sheet.text(given), ""))
    distinct = qualifiers.dictionary_encode()
    known = [read(text) for text in distinct.dictionary.to_pylist()]
    found = pc.take(pa.array(known, pa.string()), distinct.indices)
    unknown = np.asarray(found.is_null().to_numpy(zero_copy_only=False), np.bool_) & written
    sheet.find("not-a-code", unknown, qualifiers, "is no qualifier that is known", (given.column, False))
    sign = pc.fill_null(found, "!")
    rejected = np.asarray(pc.equal(found, "!").fill_null(False).to_numpy(zero_copy_only=False), np.bool_) & written
    sheet.find(
        "rejected-by-laboratory", rejected, qualifiers, "says that the value must not be used", (given.column, False)
    )
    return sign


def _qualifier(text: str) -> str | None:
    """The sign of one or several qualifiers; `None` where one of them is not known."""
    if text in MEANINGS:
        return MEANINGS[text]
    found = {MEANINGS.get(word) for word in re.split(r"[\s,;/|]+", text) if word}
    return None if None in found else next(sign for sign in ORDER if sign in found)


def _detected(text: str) -> str | None:
    return DETECTED.get(text)


def _strongest(one: Any, other: Any) -> Any:
    ranks = pa.array(ORDER)
    first = pc.min_element_wise(pc.index_in(one, ranks), pc.index_in(other, ranks))
    return pc.take(ranks, first)
