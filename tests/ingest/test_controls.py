"""Files with controls, loaded: rows add up, samples stay apart, and batches get the precision of their duplicates."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, func, select

from db.samples import read_samples
from db.selection import Selection
from db.tables import CONTROL_KINDS, control, measurement, specimen
from ingest.load import load_samples, unload
from ingest.profile import Profile, ProfileError, read_profile
from ingest.report import Report

Write = Callable[..., Path]
Rows = list[tuple[object, ...]]

LONG = """
[dataset]
name = "checked"
title = "A survey with controls"
licence = "CC0-1.0"
provider = "the tests"

[position]
crs = "EPSG:32719"
x = { column = "east" }
y = { column = "north" }

[specimen]
code = { column = "sample" }
medium = "mineral-horizon"
quality_control = { column = "type" }
original = { column = "parent" }
reference_material = { column = "material" }

[measurements]
contaminant = { column = "element" }
value = { column = "result" }
lod = { column = "lod" }
unit = "ppb"
digestion = "aqua-regia"
batch = { column = "batch" }

[controls.materials.SOIL-1]
As = { value = 20.0, uncertainty = 0.5 }
"""
HEADING = "sample,type,parent,material,east,north,element,result,lod,batch"


def survey(seed: int, samples: int = 30, relative: float = 0.05) -> Rows:
    """Samples of arsenic, each analysed twice, with three blanks and four results of a reference material."""
    draw = np.random.default_rng(seed)
    rows: Rows = []
    for place, content in enumerate(draw.lognormal(np.log(9000), 0.8, samples)):
        one, other = np.round(content * (1 + relative * draw.standard_normal(2)), 1)
        rows.append((f"P{place}", "N", "", "", 350_000 + 10 * place, 6_300_000, "As", one, 100, "B1"))
        rows.append((f"P{place}/2", "LR", f"P{place}", "", "", "", "As", other, 100, "B1"))
    rows += [
        (f"MB{place}", "Method blank", "", "", "", "", "As", value, 100, "B1")
        for place, value in enumerate((0, 20, -10))
    ]
    rows += [(f"RM{place}", "CRM", "", "SOIL-1", "", "", "As", 25_000, 100, "B1") for place in range(4)]
    return [rows[place] for place in draw.permutation(len(rows))]


def load(connection: Connection, write: Write, rows: Rows, profile: str = LONG) -> Report:
    text = "\n".join([HEADING, *(",".join(map(str, row)) for row in rows)])
    return load_samples(connection, write(text), read_profile(write(profile, "checked.toml")))


def rules_of(report: Report) -> dict[str, int]:
    return {problem.rule: problem.count for problem in report.problems}


def test_controls_are_loaded_apart_and_rows_add_up(connection: Connection, write: Write) -> None:
    report = load(connection, write, survey(1))
    assert (report.rows_in, report.loaded, report.rejected, report.duplicates) == (67, 67, 0, 0)
    kinds = connection.execute(select(control.c.kind, func.count()).group_by(control.c.kind)).all()
    assert dict(map(tuple, kinds)) == {"laboratory-duplicate": 30, "blank": 3, "reference-material": 4}
    assert connection.execute(select(func.count()).select_from(specimen)).scalar_one() == 30
    assert len(read_samples(connection, Selection(contaminant="arsenic"))) == 30


def test_duplicates_become_the_uncertainty_of_their_batch(connection: Connection, write: Write) -> None:
    report = load(connection, write, survey(2, samples=200))
    rows = read_samples(connection, Selection(contaminant="arsenic"))
    assert np.median(rows.uncertainty / rows.upper) == pytest.approx(0.05, rel=0.2)
    said = next(problem.message for problem in report.problems if problem.rule == "precision")
    assert "arsenic, aqua-regia, batch B1: 200 analyses made twice" in said


def test_blanks_and_reference_materials_are_judged_and_nothing_is_corrected(
    connection: Connection, write: Write
) -> None:
    report = load(connection, write, survey(3))
    assert "blanks" in rules_of(report)
    said = next(problem for problem in report.problems if problem.rule == "reference-bias")
    assert "4 results of SOIL-1 deviate by +25.0%" in said.message
    assert said.severity == "flag"
    blank = select(control.c.lower).where(control.c.kind == "blank").order_by(control.c.lower)
    assert connection.execute(blank).scalars().all() == [-0.01, 0.0, 0.02]


def test_what_does_not_exceed_a_dirty_blank_is_flagged(connection: Connection, write: Write) -> None:
    rows = survey(4)
    rows += [(f"DB{place}", "MB", "", "", "", "", "As", 50_000 + place, 100, "B2") for place in range(3)]
    rows.append(("low", "N", "", "", 351_000, 6_300_000, "As", 300, 100, "B2"))
    report = load(connection, write, rows)
    assert rules_of(report)["blank-contaminated"] >= 3
    flagged = (
        select(specimen.c.code)
        .join(measurement, measurement.c.specimen_id == specimen.c.id)
        .where(measurement.c.quality_flag == "below-blank")
    )
    assert "low" in connection.execute(flagged).scalars().all()


def test_a_control_that_nobody_knows_is_rejected_and_can_be_translated(connection: Connection, write: Write) -> None:
    rows: Rows = [*survey(5), ("X", "Qx", "", "", "", "", "As", 1, 100, "B1")]
    report = load(connection, write, rows)
    assert (report.rejected, rules_of(report)["quality-control"]) == (1, 1)
    values = 'column = "type", values = { Qx = "blank", N = "sample", LR = "laboratory-duplicate" }, otherwise = ""'
    translated = LONG.replace('quality_control = { column = "type" }', f"quality_control = {{ {values} }}")
    again = load(connection, write, rows, translated.replace('name = "checked"', 'name = "other"'))
    assert rules_of(again).get("quality-control") is None


def test_suffixes_make_field_duplicates(connection: Connection, write: Write) -> None:
    rows: Rows = [
        ("A", "", "", "", 350_000, 6_300_000, "As", 5000, 100, ""),
        ("A-D", "", "", "", "", "", "As", 5500, 100, ""),
    ]
    profile = LONG.replace("[specimen]", '[specimen]\nduplicate_suffix = ["-D"]')
    report = load(connection, write, rows, profile)
    assert report.loaded == 2
    found = connection.execute(select(control.c.kind, control.c.original)).all()
    assert list(map(tuple, found)) == [("field-duplicate", "A")]


def test_controls_go_with_their_dataset_and_are_replaced_with_it(connection: Connection, write: Write) -> None:
    counted = select(func.count()).select_from(control)
    load(connection, write, survey(6))
    load(connection, write, survey(6, samples=10))
    assert connection.execute(counted).scalar_one() == 17
    unload(connection, "checked")
    assert connection.execute(counted).scalar_one() == 0


def test_a_control_without_a_usable_value_is_rejected(connection: Connection, write: Write) -> None:
    report = load(connection, write, [*survey(7, samples=3), ("X", "MB", "", "", "", "", "As", "oops", 100, "B1")])
    assert (report.rows_in, report.loaded, report.rejected) == (14, 13, 1)
    assert "all-rejected" in rules_of(report)


def test_a_corrected_control_is_loaded_beside_the_others(connection: Connection, write: Write, tmp_path: Path) -> None:
    rows: Rows = [*survey(7, samples=3), ("X", "MB", "", "", "", "", "As", "oops", 100, "B1")]
    text = "\n".join([HEADING, *(",".join(map(str, row)) for row in rows)])
    profile, rejected = read_profile(write(LONG, "checked.toml")), tmp_path / "rejected.csv"
    load_samples(connection, write(text), profile, rejected_to=rejected)
    counted = select(func.count()).select_from(control)
    before = connection.execute(counted).scalar_one()
    corrected = write(rejected.read_text().replace(",oops,", ",30,"), "corrected.csv")
    load_samples(connection, corrected, profile)
    assert connection.execute(counted).scalar_one() == before + 1


@pytest.mark.parametrize("of_duplicate", [False, True])
def test_a_corrected_sample_gets_the_uncertainty_of_its_batch(
    connection: Connection, write: Write, tmp_path: Path, of_duplicate: bool
) -> None:
    whole = survey(8, samples=60)
    place = next(at for at, row in enumerate(whole) if row[0] == "P7")
    spoilt = [row if at != place else (*row[:7], "oops", *row[8:]) for at, row in enumerate(whole)]
    if not of_duplicate:
        whole, spoilt = ([row for row in rows if row[0] != "P7/2"] for rows in (whole, spoilt))
    profile, rejected = read_profile(write(LONG, "checked.toml")), tmp_path / "rejected.csv"
    joined = measurement.join(specimen, specimen.c.id == measurement.c.specimen_id)
    uncertainty = select(measurement.c.uncertainty).select_from(joined).where(specimen.c.code == "P7")
    load(connection, write, whole)
    expected = connection.execute(uncertainty).scalar_one()
    unload(connection, "checked")
    text = "\n".join([HEADING, *(",".join(map(str, row)) for row in spoilt)])
    load_samples(connection, write(text), profile, rejected_to=rejected)
    (value,) = (row[7] for row in whole if row[0] == "P7")
    corrected = write(rejected.read_text().replace(",oops,", f",{value},"), "corrected.csv")
    report = load_samples(connection, corrected, profile)
    assert connection.execute(uncertainty).scalar_one() == pytest.approx(expected, rel=1e-9)
    assert any("the dataset's own controls" in problem.message for problem in report.problems)


def test_kinds_are_those_of_the_table() -> None:
    assert {constraint.name for constraint in control.constraints} >= {"ck_control_kind"}
    assert len(CONTROL_KINDS) == 5


POSITIONS = LONG.replace('y = { column = "north" }', 'y = { column = "north" }\nwithin = [-71.5, -34, -69, -33]')


def test_positions_outside_the_stated_box_say_what_would_put_them_inside(connection: Connection, write: Write) -> None:
    rows: Rows = [
        ("fine", "", "", "", 350_000, 6_300_000, "As", 5000, 100, ""),
        ("swapped", "", "", "", 6_300_000, 350_000, "As", 5000, 100, ""),
        ("far", "", "", "", 350_000, 7_300_000, "As", 5000, 100, ""),
    ]
    report = load(connection, write, rows, POSITIONS)
    assert report.loaded == 1
    assert {"position-outside-survey", "position-swapped"} <= set(rules_of(report))


def test_a_box_is_checked() -> None:
    position = {"crs": "EPSG:4326", "within": [0, 50, 10, 40]}
    with pytest.raises((ProfileError, ValueError), match="west, south, east, north"):
        Profile.model_validate({"dataset": {}, "position": position})
