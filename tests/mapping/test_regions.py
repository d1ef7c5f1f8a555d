import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from shapely import Polygon, unary_union

from mapping.regions import KINDS, DecisionRule, regions

GRID = Affine(40, 0, 178_440, 0, -40, 333_760)
MAPS = arrays(np.float64, (7, 9), elements=st.one_of(st.just(np.nan), st.floats(0, 1)))


@given(MAPS)
@settings(max_examples=60, deadline=None)
def test_regions_partition_the_mapped_area(p: NDArray[np.float64]) -> None:
    found = regions(p, GRID)
    mapped = int(np.isfinite(p).sum())
    assert sum(region.cells for region in found) == mapped
    assert sum(region.area for region in found) == mapped * 1600.0
    total = sum(region.mean_probability * region.cells for region in found)
    assert total == pytest.approx(np.nansum(p))
    for region in found:
        assert region.polygon.is_valid
        assert region.polygon.area == pytest.approx(region.area)
    assert unary_union([region.polygon for region in found]).area == pytest.approx(mapped * 1600.0)


@given(MAPS, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_every_region_is_of_its_kind(p: NDArray[np.float64], first: float, second: float) -> None:
    rule = DecisionRule(min(first, second), max(first, second))
    for region in regions(p, GRID, rule):
        above, below = region.mean_probability > rule.upper, region.mean_probability < rule.lower
        assert (region.kind == "exceeding") <= above or region.mean_probability == pytest.approx(rule.upper)
        assert (region.kind == "below") <= below or region.mean_probability == pytest.approx(rule.lower)


def test_thresholds_themselves_are_undecided() -> None:
    kinds = DecisionRule().classify([0.1, 0.2, 0.5, 0.8, 0.9, np.nan])
    assert [KINDS[k] if k >= 0 else None for k in kinds] == [
        "below",
        "undecided",
        "undecided",
        "undecided",
        "exceeding",
        None,
    ]


def test_cells_that_touch_in_a_corner_are_apart() -> None:
    found = regions([[0.9, 0.5], [0.5, 0.9]], GRID)
    assert [region.cells for region in found] == [1, 1, 1, 1]


def test_a_region_keeps_its_hole_and_its_place() -> None:
    p = np.full((3, 3), 0.9)
    p[1, 1] = 0.1
    ring, hole = regions(p, GRID)
    assert (ring.kind, hole.kind) == ("exceeding", "below")
    assert ring.polygon.area == 8 * 1600
    assert hole.polygon.bounds == (178_480, 333_680, 178_520, 333_720)
    assert isinstance(ring.polygon, Polygon)
    assert len(ring.polygon.interiors) == 1


@given(st.floats(1, 50), st.floats(1, 50), st.floats(0, 1))
def test_the_decision_is_the_cheapest(missing: float, false_alarm: float, p: float) -> None:
    if 1 / missing + 1 / false_alarm > 1:
        with pytest.raises(ValueError, match="no place would be left undecided"):
            DecisionRule.from_costs(missing, false_alarm)
        return
    cost = {"exceeding": (1 - p) * false_alarm, "undecided": 1.0, "below": p * missing}
    chosen = KINDS[int(DecisionRule.from_costs(missing, false_alarm).classify(p))]
    assert cost[chosen] <= min(cost.values()) + 1e-9


def test_the_default_is_a_cost_of_five_each() -> None:
    assert DecisionRule.from_costs(5, 5) == DecisionRule()


@pytest.mark.parametrize("cost", [0.5, -1, np.nan, np.inf])
def test_costs_are_in_units_of_leaving_a_place_undecided(cost: float) -> None:
    with pytest.raises(ValueError, match="cost of a false alarm"):
        DecisionRule.from_costs(5, cost)


def test_what_is_no_map_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(rows, columns\)"):
        regions([0.1, 0.2], GRID)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        regions([[0.1, 1.2]], GRID)
    with pytest.raises(ValueError, match="no area"):
        regions([[0.1]], Affine(0, 0, 0, 0, 0, 0))
    with pytest.raises(ValueError, match="lower <= upper"):
        DecisionRule(0.9, 0.1)
    assert len(regions([[np.nan]], GRID)) == 0
