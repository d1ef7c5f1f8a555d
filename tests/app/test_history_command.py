"""`edaphos history`, as a user types it."""

import json
from pathlib import Path

import pytest

from app.cli import main
from db.engine import Database
from ingest.load import load_samples
from ingest.profile import Profile

PROFILE = {
    "dataset": {"name": "survey", "title": "A survey", "licence": "CC0-1.0", "provider": "the tests"},
    "position": {"crs": "EPSG:4326", "x": {"column": "x"}, "y": {"column": "y"}},
    "specimen": {"medium": "mineral-horizon"},
    "measurements": {"unit": "mg/kg", "columns": {"zinc": "zinc"}},
}


@pytest.fixture
def loaded_twice(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDAPHOS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EDAPHOS_DATABASE_URL", database.libpq)
    engine = database.engine()
    for name, value in (("first.csv", 7), ("second.csv", 8)):
        file = tmp_path / name
        file.write_text(f"x,y,zinc\n5,50,{value}\n6,50,9\n")
        with engine.begin() as connection:
            load_samples(connection, file, Profile.model_validate(PROFILE))
    engine.dispose()


@pytest.mark.usefixtures("loaded_twice")
def test_history(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["edaphos", "history", "survey", "--version", "2", "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["version"], row["file_name"], row["changed"]) for row in told["versions"]] == [
        (1, "first.csv", 0),
        (2, "second.csv", 1),
    ]
    assert [(row["row_of"], row["before"]["original_text"]) for row in told["changes"]] == [("measurement", "7")]
    for words, sentence in (
        (["survey", "--version", "5"], "the dataset 'survey' has no version 5; its newest is 2"),
        (["nowhere"], "there is no dataset 'nowhere'"),
    ):
        monkeypatch.setattr("sys.argv", ["edaphos", "history", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        assert sentence in capsys.readouterr().err
