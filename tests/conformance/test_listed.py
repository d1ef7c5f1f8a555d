"""Every requirement has a test of its name."""

from types import ModuleType

import pytest

from tests.conformance import test_edr, test_features, test_processes, test_tiles
from tests.conformance.requirements import EDR, FEATURES, PROCESSES, TILES, name_of

SUITES = [(test_features, FEATURES), (test_tiles, TILES), (test_processes, PROCESSES), (test_edr, EDR)]


@pytest.mark.parametrize(("suite", "requirements"), SUITES, ids=["features", "tiles", "processes", "edr"])
def test_every_requirement_has_a_test(suite: ModuleType, requirements: tuple[str, ...]) -> None:
    assert len(set(requirements)) == len(requirements)
    assert {name_of(requirement) for requirement in requirements} <= set(vars(suite))
