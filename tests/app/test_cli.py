"""The commands, as a user types them: what they print, what they leave behind, how they fail."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.cli import main
from app.cli.serve import listening
from db.engine import Database
from db.tables import dataset, measurement, surface

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Run:
    environment = {
        **os.environ,
        "EDAPHOS_HOME": str(tmp_path / "home"),
        "EDAPHOS_DATABASE_URL": database.libpq,
        "COLUMNS": "200",
    }

    def run_command(*words: str | Path, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", *map(str, words)],
            env=environment | more,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_command


def answer(outcome: "subprocess.CompletedProcess[str]") -> dict[str, object]:
    assert outcome.returncode == 0, outcome.stderr
    content: dict[str, object] = json.loads(outcome.stdout)
    return content


@pytest.fixture
def complain(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run a command that must fail, in this process, and return what it says."""

    def run_command(*words: str | Path, **more: str) -> str:
        settings = {"EDAPHOS_HOME": str(tmp_path / "home"), "EDAPHOS_DATABASE_URL": database.libpq} | more
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["edaphos", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr().err
        assert left.value.code == 2
        assert "Traceback" not in said
        return said

    return run_command


def refused(outcome: "subprocess.CompletedProcess[str]") -> str:
    assert outcome.returncode == 2, (outcome.stdout, outcome.stderr)
    assert "Traceback" not in outcome.stderr
    return outcome.stderr


def count(database: Database, table: object) -> int:
    engine = database.engine()
    with engine.connect() as connection:
        number = connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
    engine.dispose()
    return int(number)


def test_from_file_to_answer(run: Run, database: Database, meuse: Path) -> None:
    first = answer(run("load", "samples", meuse / "meuse.csv", "--profile", "meuse", "--json"))
    assert (first["loaded"], first["unchanged"]) == (155, False)
    again = answer(run("load", "samples", meuse / "meuse.csv", "--profile", "meuse", "--json"))
    assert again["unchanged"] is True
    assert count(database, measurement) == 4 * 155
    made = answer(run("map", "Zn", "--resolution", "100", "--json"))
    assert (made["created"], str(made["surface"])[:5]) == (True, "zinc-")
    found = answer(run("hotspots", "zinc", "--limit", "720", "--json"))
    assert [one["kind"] for one in found["findings"]] == ["statistical", "regulatory"]  # type: ignore[attr-defined]
    weighed = answer(
        run("exceedance", "7440-66-6", "--assume", "procedure:aqua-regia", "--assume", "basis:dry", "--json")
    )
    limits = [area["limit"] for area in weighed["areas"]]  # type: ignore[attr-defined]
    assert {"sweden:nv-5976:km:guideline", "sweden:nv-5976:mkm:guideline"} <= {limit["rule"] for limit in limits}
    assert all(set(limit["assumptions"]) <= {"procedure:aqua-regia", "basis:dry"} for limit in limits)
    told = answer(run("explain", str(made["surface"]), "--json"))
    assert told["parameters"] == made["parameters"]
    assert "nugget" in run("explain", str(made["surface"])).stdout
    waiting = answer(run("map", "lead", "--resolution", "100", "--later", "--json"))
    assert waiting["job"]
    assert run("worker", "--until-empty").returncode == 0
    assert count(database, surface) == 2
    assert answer(run("db", "check", "--json")) == {"matches": True}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("load", "samples", "nowhere.csv", "--profile", "meuse"), "nowhere.csv: no such file"),
        (("load", "samples", "README.md", "--profile", "atlantis"), "there is no profile 'atlantis'"),
        (("map", "unobtainium", "--resolution", "40"), "'unobtainium' is not a known contaminant"),
        (("map", "zinc", "--resolution", "-1"), "above zero in metres"),
        (("map", "zinc", "--resolution", "40"), "no measurements of zinc"),
        (("map", "zinc", "--resolution", "40", "--method", "magic"), "no method is called 'magic'"),
        (("map", "zinc", "--resolution", "40", "--depth", "deep"), "--depth needs two numbers"),
        (("hotspots", "zinc"), "no measurements of zinc"),
        (("hotspots", "zinc", "--kind", "anomalous"), "there is no map of zinc"),
        (("hotspots", "zinc", "--cost-of-missing", "0"), "cost of missing must be 1"),
        (("hotspots", "zinc", "--statistic", "magic"), "known are gi-star, gi, local-moran, scan"),
        (("hotspots", "zinc", "--statistic", "scan"), "scan: hot spots above a limit need a limit"),
        (("hotspots", "zinc", "--neighbours", "nearest:none"), "only nearest takes a number"),
        (("hotspots", "zinc", "--band", "wide"), "band must be a length in metres or the word profile"),
        (("explain", "zinc-00000000"), "there is no map and no dataset 'zinc-00000000'"),
        (("exceedance", "zinc", "--surface", "x'; DROP TABLE surface"), "there is no map"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(complain: Callable[..., str], words: tuple[str, ...], said: str) -> None:
    message = complain(*words)
    assert said in message
    assert message.count("\n") == 1


def test_a_file_that_cannot_be_loaded_leaves_nothing(run: Run, database: Database, meuse: Path, tmp_path: Path) -> None:
    lines = (meuse / "meuse.csv").read_text().splitlines()
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join([lines[0].replace('"zinc"', '"zn"'), *lines[1:]]))
    message = refused(run("load", "samples", broken, "--profile", "meuse"))
    assert "broken.csv" in message
    assert "'zinc'" in message or '"zinc"' in message
    assert count(database, dataset) == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("EDAPHOS_PORT", "http", "EDAPHOS_PORT"),
        ("EDAPHOS_DATABASE_URL", "mysql://root@localhost/x", "only PostgreSQL"),
        ("EDAPHOS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_a_bad_setting_is_named(complain: Callable[..., str], name: str, value: str, said: str) -> None:
    assert said in complain("db", "check", **{name: value})


def test_without_postgis_the_command_that_installs_it_is_named(run: Run, tmp_path: Path) -> None:
    hide = "import db.postgres_programs as p; p._installations = lambda: iter(()); from app.cli import main; main()"
    outcome = subprocess.run(
        [sys.executable, "-c", hide, "db", "check"],
        env={**os.environ, "EDAPHOS_HOME": str(tmp_path / "home"), "EDAPHOS_DATABASE_URL": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "apt-get install postgresql postgresql-postgis" in refused(outcome)


def test_areas_are_read_from_geographic_files(run: Run, meuse: Path, tmp_path: Path) -> None:
    assert run("load", "samples", meuse / "meuse.csv", "--profile", "meuse").returncode == 0
    area = tmp_path / "area.gpkg"
    subprocess.run(
        ["ogr2ogr", "-t_srs", "EPSG:4326", area, meuse / "study_area.geojson"], check=True, capture_output=True
    )
    made = answer(run("map", "zinc", "--resolution", "200", "--area", area, "--json"))
    assert made["parameters"]["area_is"] == "the area given"  # type: ignore[index]
    shutil.copy(meuse / "meuse.csv", tmp_path / "not_an_area.gpkg")
    assert "not_an_area.gpkg" in refused(
        run("map", "zinc", "--resolution", "200", "--area", tmp_path / "not_an_area.gpkg")
    )


def test_a_port_in_use_and_an_unknown_host_are_one_sentence(run: Run) -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in refused(run("serve", "--port", str(port)))
    assert "cannot listen on nowhere.invalid:0" in refused(run("serve", "--host", "nowhere.invalid", "--port", "0"))


def test_a_home_that_cannot_be_made_is_named(complain: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = complain("db", "upgrade", EDAPHOS_HOME=str(tmp_path / "file" / "home"))
    assert str(tmp_path / "file") in said
    assert "Errno" not in said


def test_a_wrong_setting_is_named(complain: Callable[..., str]) -> None:
    said = complain("db", "check", EDAPHOS_DATABASE_URL="mysql://x/y")
    assert said.startswith("edaphos: EDAPHOS_DATABASE_URL: only PostgreSQL")
