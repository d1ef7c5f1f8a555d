"""The doctor: every check says what is wrong and what to do, and is silent where all is well."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.settings import Settings
from app.work import doctor
from app.work.doctor import BAD, CHECKS, DOUBT, GOOD, Finding, examined, worst
from db import migrate
from ingest.vocabulary import load_vocabularies
from tests.app.seed import add_surface, seed


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def by_subject(settings: Settings, engine: Engine) -> dict[str, Finding]:
    return {found.subject: found for found in examined(settings, engine)}


def test_an_installation_that_is_well(empty_database: Engine, settings: Settings, meuse: Path) -> None:
    migrate.upgrade(empty_database)
    with empty_database.begin() as connection:
        seed(connection, meuse, settings.home)
    found = by_subject(settings, empty_database)
    assert set(found) == set(CHECKS)
    for subject in ("database", "schema", "vocabularies", "GDAL", "files of maps", "unfinished work"):
        assert found[subject].state == GOOD, found[subject]
    assert found["worker"].state == DOUBT


def test_what_is_wrong_is_said_with_its_remedy(
    empty_database: Engine, settings: Settings, meuse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = by_subject(settings, empty_database)
    assert {found[name].state for name in ("schema", "worker", "files of maps", "stale maps", "vocabularies")} == {BAD}
    migrate.upgrade(empty_database)
    assert by_subject(settings, empty_database)["vocabularies"].remedy == "run `edaphos db upgrade`"
    with empty_database.begin() as connection:
        load_vocabularies(connection)
        surface = add_surface(connection, settings.home)
        connection.execute(text('UPDATE surface SET parameters = parameters || \'{"datasets": ["late"]}\''))
        connection.execute(
            text(
                "INSERT INTO dataset (name, kind, title, licence, provider, checksum, file_name, profile, report, "
                "loaded_at) VALUES ('late', 'samples', 'l', 'l', 'p', 'c', 'f', '{}', '{}', now() + interval '1 day')"
            )
        )
    assert surface in by_subject(settings, empty_database)["stale maps"].said
    (settings.home / "surfaces" / f"{surface}.tif").unlink()
    monkeypatch.setattr(doctor, "LEAST_DISK", 10**18)
    monkeypatch.setattr(doctor, "ENOUGH_DISK", 10**18)
    found = by_subject(settings, empty_database)
    assert surface in found["files of maps"].said
    assert (found["disk"].state, worst(list(found.values()))) == (BAD, BAD)


def test_what_is_not_good_must_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="remedy"):
        Finding("disk", BAD, "full")
    with pytest.raises(ValueError, match="remedy"):
        Finding("disk", GOOD, "empty", "fill it")
    assert worst([]) == GOOD
