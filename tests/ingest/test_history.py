"""A corrected file changes what changed, leaves the rest alone, and what was there before can still be asked for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, select

from db.questions.history import changes, rows_at
from db.tables import dataset_version, measurement, site, specimen
from db.versions import versions
from ingest.errors import IngestError
from ingest.load import load_samples, load_sources
from ingest.profile import Profile, read_profile

Describe = Callable[..., Profile]
Write = Callable[..., Path]
TABLES = (site, specimen, measurement)
CODED = {"specimen": 'code = { column = "id" }', "columns": 'zinc = "zinc"\nlead = "lead"'}


def state(connection: Connection) -> dict[str, dict[int, Any]]:
    """All rows by table and identifier."""
    return {
        table.name: {row.id: tuple(row) for row in connection.execute(select(table).order_by(table.c.id))}
        for table in TABLES
    }


def layers(connection: Connection) -> dict[str, int]:
    return {row.layer: row.version for row in connection.execute(versions())}


def text_of(rows: Mapping[str, tuple[float, float, str, str]]) -> str:
    return "id,x,y,zinc,lead\n" + "".join(f"{code},{','.join(map(str, cells))}\n" for code, cells in rows.items())


BEFORE: dict[str, tuple[float, float, str, str]] = {
    "A": (5, 50, "1", "2"),
    "B": (6, 50, "<3", "4"),
    "C": (7, 50, "5", "6"),
}


def test_only_what_changed_is_touched(connection: Connection, write: Write, describe: Describe) -> None:
    load_samples(connection, write(text_of(BEFORE)), describe(**CODED))
    before, versions_before = state(connection), layers(connection)
    after = {"D": (8, 50, "7", "8"), "A": (5, 50, "1", "2"), "B": (6, 50, "3.5", "4")}
    load_samples(connection, write(text_of(after)), describe(**CODED))
    now = state(connection)
    codes = {row[2]: key for key, row in before["site"].items()}
    assert {row[2] for row in now["site"].values()} == {"A", "B", "D"}
    assert now["site"][codes["A"]] == before["site"][codes["A"]]
    same = set(before["measurement"]) & set(now["measurement"])
    assert len(same) == 4
    version = connection.execute(select(dataset_version).order_by(dataset_version.c.version)).all()
    assert [(row.version, row.added, row.changed, row.removed) for row in version] == [(1, 12, 0, 0), (2, 4, 1, 4)]
    assert all(layers(connection)[name] > versions_before[name] for name in ("samples", "sites"))


def test_only_layers_whose_rows_changed_get_a_new_version(
    connection: Connection, write: Write, describe: Describe
) -> None:
    load_samples(connection, write(text_of(BEFORE)), describe(**CODED))
    before = layers(connection)
    load_samples(connection, write(text_of(BEFORE | {"A": (5, 50, "1.5", "2")})), describe(**CODED))
    after = layers(connection)
    assert (after["samples"] > before["samples"], after["sites"]) == (True, before["sites"])


def values(rows: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    return sorted((row["contaminant_id"], row["lower"], row["upper"]) for row in rows)


@pytest.mark.parametrize("seed", range(3))
def test_every_state_can_be_asked_for(connection: Connection, write: Write, describe: Describe, seed: int) -> None:
    draw = np.random.default_rng(seed)
    states = []
    for _ in range(4):
        codes = draw.permutation(list("ABCDEFGH"))[: draw.integers(1, 9)]
        rows = {
            code: (float(draw.integers(5, 8)), 50.0, str(draw.integers(1, 4)), str(draw.integers(1, 4)))
            for code in codes
        }
        load_samples(connection, write(text_of(rows)), describe(**CODED))
        stored = connection.execute(select(measurement)).mappings().all()
        states.append(values([dict(row) for row in stored]))
    for version, expected in enumerate(states, start=1):
        assert values(rows_at(connection, "survey", version, "measurement")) == expected


def test_what_replaced_what_and_when(connection: Connection, write: Write, describe: Describe) -> None:
    load_samples(connection, write(text_of(BEFORE)), describe(**CODED))
    load_samples(connection, write(text_of(BEFORE | {"B": (6, 50, "<2", "4")})), describe(**CODED))
    found = connection.execute(changes("survey")).all()
    assert [(row.version, row.row_of, row.before["original_text"], row.before["upper"]) for row in found] == [
        (2, "measurement", "<3", 3)
    ]


def test_an_inventory_is_merged_as_well(connection: Connection, write: Write) -> None:
    profile = read_profile(write(INVENTORY, "plants.toml"))
    load_sources(connection, write("id,x,y,name,what,kg\n1,5,50,A,Zinc,7\n1,5,50,A,Lead,8\n2,6,50,B,Zinc,9\n"), profile)
    load_sources(
        connection, write("id,x,y,name,what,kg\n1,5,50,A,Zinc,7\n1,5,50,A,Lead,8.5\n3,6,50,C,Zinc,9\n"), profile
    )
    version = connection.execute(select(dataset_version).where(dataset_version.c.version == 2)).one()
    assert (version.added, version.changed, version.removed) == (2, 1, 2)


INVENTORY = """
[dataset]
name = "plants"
title = "Plants"
licence = "CC0-1.0"
provider = "the tests"

[position]
crs = "EPSG:4326"
x = { column = "x" }
y = { column = "y" }

[sources]
layout = "one-row-per-release"
code = { column = "id" }
name = { column = "name" }
sector = "metals"

[[sources.releases]]
pollutant = { column = "what" }
medium = "air"
quantity = { column = "kg" }
unit = "kg"
"""


ROWS = "id,x,y,zinc,lead\nA,5,50,1,2\nA,6,50,3,4\nB,7,50,x,6\nC,200,50,7,8\nD,8,50,9,10\n"


def test_corrected_rows_are_merged_and_touch_no_other(
    connection: Connection, write: Write, describe: Describe, tmp_path: Path
) -> None:
    rejected = tmp_path / "rejected.csv"
    profile = describe(**CODED)
    load_samples(connection, write(ROWS), profile, rejected_to=rejected)
    before = state(connection)
    again = write(rejected.read_text().replace(",x,6", ",5,6").replace("C,200", "C,20"), "corrected.csv")
    left = tmp_path / "left.csv"
    report = load_samples(connection, again, profile, rejected_to=left)
    # the other A is still not the A that is there, the value of B is added to the one it had, C is new
    assert (report.rows_in, report.loaded, report.rejected) == (3, 2, 1)
    now = state(connection)
    for name, rows in before.items():
        assert {key: now[name][key] for key in rows} == rows
        assert len(now[name]) == len(rows) + {"site": 1, "specimen": 1, "measurement": 3}[name]
    assert [line.split(",")[1] for line in left.read_text().splitlines()[1:]] == ["3"]
    assert connection.execute(
        select(dataset_version.c.partial).order_by(dataset_version.c.version)
    ).scalars().all() == [
        False,
        True,
    ]


def test_an_unchanged_file_gives_its_rejected_rows_again(
    connection: Connection, write: Write, describe: Describe, tmp_path: Path
) -> None:
    first, again = tmp_path / "first.csv", tmp_path / "again.csv"
    load_samples(connection, write(ROWS), describe(**CODED), rejected_to=first)
    assert load_samples(connection, write(ROWS), describe(**CODED), rejected_to=again).unchanged
    assert again.read_text() == first.read_text()


def test_rejected_rows_of_a_dataset_that_is_not_there(connection: Connection, write: Write, describe: Describe) -> None:
    file = write("rejected_from,rejected_row,rejected_rules,rejected_reason,x,y,zinc\ns.csv,2,r,why,5,50,1\n")
    with pytest.raises(IngestError, match="holds rejected rows: load the file they came from first"):
        load_samples(connection, file, describe())
    load_samples(connection, write("x,y,zinc\n5,50,7\n", "whole.csv"), describe())
    wrong = write(file.read_text().replace("s.csv,2,", "s.csv,two,"), "wrong.csv")
    with pytest.raises(IngestError, match=r"wrong.csv, row 2: rejected_row must stay the number of a row, not 'two'"):
        load_samples(connection, wrong, describe())
