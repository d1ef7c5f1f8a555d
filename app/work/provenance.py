"""A dataset explained: its files and loads, and of one row what each of its cells became."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row

from db.questions.provenance import dataset_called, releases_of_row, values_of_row
from db.selection import Selection
from ingest.report import Report
from ingest.report_page import figures


@dataclass(frozen=True, slots=True)
class CellValue:
    """A value in mg/kg (or kg), and the cell it was read from: `upper` is None where it has no end."""

    belongs_to: str
    means: str
    how: str
    lower: float | None
    upper: float | None
    unit: str
    column: str | None
    original_text: str
    original_unit: str
    quality_flag: str

    @property
    def written(self) -> str:
        """The value as a laboratory would write it."""
        if self.lower is None:
            return "not quantified"
        return f"{figures.bounds({'lower': self.lower, 'upper': self.upper})} {self.unit}"


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """One row of a dataset: the file, the sheet if it has sheets, the row in that file, and its values."""

    dataset: str
    file: str
    sheet: str | None
    row: int
    values: tuple[CellValue, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DatasetOrigin:
    """Whose data, which files, which version; and the report on the load."""

    name: str
    title: str
    provider: str
    licence: str
    version: int
    loaded_at: str
    checksum: str
    files: tuple[str, ...]
    report: Report

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        told = {key: getattr(self, key) for key in self.__slots__ if key != "report"}
        return told | {"report": self.report.to_dict()}


def origin_of_dataset(connection: Connection, selection: Selection) -> DatasetOrigin | None:
    """The dataset of the selection, or None where there is none of that name."""
    found = connection.execute(dataset_called(selection)).one_or_none()
    if found is None:
        return None
    return DatasetOrigin(
        str(selection.dataset),
        found.title,
        found.provider,
        found.licence,
        found.version,
        found.loaded_at.isoformat(timespec="seconds"),
        found.checksum,
        tuple(name for name, _ in _files(found)),
        Report.from_dict(found.report),
    )


def origin_of_row(connection: Connection, selection: Selection, row: int) -> RowOrigin:
    """What the cells of a row became; raises `ValueError` for an unknown dataset, or a row of which nothing is held."""
    found = connection.execute(dataset_called(selection)).one_or_none()
    if found is None:
        raise ValueError(f"there is no dataset {selection.dataset!r}")
    question = values_of_row if found.kind == "samples" else releases_of_row
    held = connection.execute(question(selection, row)).all()
    if not held:
        raise ValueError(
            f"{selection.dataset} holds no value of row {row}: it was rejected, repeats another row, or has no values; "
            f"see the report (edaphos explain {selection.dataset})"
        )
    # the first row of a file is never a record: row 1 is its heading, or stands for it
    name, above = [pair for pair in _files(found) if pair[1] + 1 < row][-1]
    return RowOrigin(str(selection.dataset), name, found.places.get("sheet"), row - above, _cells(held))


def _files(found: Row[Any]) -> list[tuple[str, int]]:
    """The files by name, with the number of rows above each where several are read as one."""
    listed = found.places.get("files") or [{"name": found.file_name, "above": 0}]
    return [(file["name"], file["above"]) for file in listed]


def _cells(rows: Sequence[Row[Any]]) -> tuple[CellValue, ...]:
    return tuple(
        CellValue(**{**row._mapping, "upper": None if row.upper == float("inf") else row.upper}) for row in rows
    )
