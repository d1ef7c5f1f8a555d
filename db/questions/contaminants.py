"""A contaminant by whatever people call it."""

from typing import Any

from sqlalchemy import Select, func, literal, or_, select

from db.tables import contaminant


def contaminant_named(text: str) -> Select[Any]:
    """Ids whose id, name, symbol, CAS number or synonym in any language is `text`, whatever its case; the id first."""
    asked = text.strip().lower()
    synonym = func.jsonb_each_text(contaminant.c.names).table_valued("key", "value")
    synonyms = select(func.lower(synonym.c.value)).select_from(synonym).correlate(contaminant)
    known_as = or_(
        contaminant.c.id == asked,
        func.lower(contaminant.c.symbol) == asked,
        func.lower(contaminant.c.name) == asked,
        contaminant.c.cas == asked,
        literal(asked).in_(synonyms),
    )
    return select(contaminant.c.id).where(known_as).order_by(contaminant.c.id != asked, contaminant.c.id)
