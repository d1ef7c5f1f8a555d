"""How the places of samples were chosen, which says how far errors at them are those of a map."""

from sqlalchemy import Connection, select

from app.work.material import Material
from db.tables import dataset


def design_of(connection: Connection, material: Material) -> str | None:
    """The sampling design of all datasets of a material; None where they differ."""
    query = select(dataset.c.sampling_design).where(dataset.c.name.in_(material.rows.datasets)).distinct()
    designs = connection.execute(query).scalars().all()
    return designs[0] if len(designs) == 1 else None
