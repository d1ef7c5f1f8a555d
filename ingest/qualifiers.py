"""Values whose sign stands in a column of its own: 0.05 beside `<`, `U` or TRUE is a bound and no measurement."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.numbers import Mask
from ingest.profile import FromColumn
from ingest.sheet import Sheet

# what laboratories write beside a value: U is not detected and J estimated in the lists of the US EPA
SIGNS = {
    "<": ("<", "<=", "u", "uj", "nd", "n.d.", "bdl", "b.d.", "lt", "true", "below"),
    ">": (">", ">=", "gt", "above"),
    "~": ("~", "j", "e", "ca", "ca."),
    "": ("", "=", "false", "d", "detected"),
}
MEANINGS = {word: sign for sign, words in SIGNS.items() for word in words}


def qualified(sheet: Sheet, texts: Any, written: Mask, given: FromColumn) -> Any:
    """The values with the signs of their qualifiers before them; one that is not understood spoils its value."""
    qualifiers = pc.utf8_lower(pc.fill_null(sheet.text(given), ""))
    signs = pc.index_in(qualifiers, pa.array(list(MEANINGS), pa.string()))
    unknown = np.asarray(signs.is_null().to_numpy(zero_copy_only=False), np.bool_) & written
    sheet.find("not-a-code", unknown, qualifiers, "is no qualifier that is known", (given.column, False))
    sign = pc.take(pa.array(list(MEANINGS.values()), pa.string()), signs)
    signed = pc.binary_join_element_wise(pc.fill_null(sign, "?"), texts, "")
    has_sign = pc.match_substring_regex(texts, "^[<>≤≥~]")
    return pc.if_else(pc.or_(has_sign, pa.array(~written)), texts, signed)
