import doctest
from pathlib import Path

import mapping

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_of_the_package_works() -> None:
    results = doctest.testmod(mapping)
    assert results.attempted > 5
    assert results.failed == 0


def test_the_walk_through_gives_what_it_says(tmp_path: Path) -> None:
    given = {"examples": ROOT / "examples" / "meuse", "pictures": tmp_path}
    page = ROOT / "docs" / "walkthrough.md"
    results = doctest.testfile(str(page), module_relative=False, globs=given)
    assert results.attempted > 30
    assert results.failed == 0
    drawn = {picture.name for picture in tmp_path.glob("*.png")}
    assert drawn == {picture.name for picture in (page.parent / "pictures").glob("*.png")}


def test_every_public_name_is_there() -> None:
    assert all(hasattr(mapping, name) for name in mapping.__all__)
    assert len(set(mapping.__all__)) == len(mapping.__all__)
