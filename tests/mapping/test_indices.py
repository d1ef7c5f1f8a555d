"""Laws over every contamination index, and of the exposure equations."""

import numpy as np
import pytest

from mapping.background import STATISTICS, background_of
from mapping.classes import Classes
from mapping.exposure import DEFAULTS, REFUSED, Receptor, Toxicity, risk
from mapping.indices import INDICES, TOXIC_RESPONSE, Index, Reference

NAMES = tuple(TOXIC_RESPONSE)
BACKGROUND = np.array([0.01, 0.25, 1.0, 15.0, 70.0, 50.0, 90.0, 175.0])
"""Hakanson's preindustrial references for his eight substances (1980)."""
REFERENCE = Reference(NAMES, BACKGROUND, BACKGROUND, normaliser=80_000.0)
EVERY = pytest.mark.parametrize("index", INDICES.values(), ids=list(INDICES))
AT_BACKGROUND = {
    "contamination-factor": 1.0,
    "geo-accumulation": np.log2(1.0 / 1.5),
    "enrichment-factor": 1.0,
    "pollution-load": 1.0,
    "nemerow": 1.0,
    "degree-of-contamination": 8.0,
    "modified-degree-of-contamination": 1.0,
    "toxic-units": 8.0,
    "potential-ecological-risk": 133.0,
}


def of(index: Index, values: np.ndarray, reference: Reference = REFERENCE) -> np.ndarray:
    return index.of(values, reference, np.full(len(values), 80_000.0))


@EVERY
def test_shape(index: Index) -> None:
    found = of(index, np.tile(BACKGROUND, (5, 1)))
    assert found.shape == ((5,) if index.together else (5, 8))


@EVERY
def test_more_of_anything_is_never_less(index: Index) -> None:
    values = BACKGROUND * np.random.default_rng(1).lognormal(0.0, 1.0, (50, 8))
    for number in range(8):
        more = values.copy()
        more[:, number] *= 1.5
        assert (of(index, more) >= of(index, values)).all()


@EVERY
def test_the_unit_does_not_matter(index: Index) -> None:
    values = BACKGROUND * np.random.default_rng(2).lognormal(0.0, 1.0, (20, 8))
    other = Reference(NAMES, 1000.0 * BACKGROUND, 1000.0 * BACKGROUND, normaliser=80_000.0)
    np.testing.assert_allclose(of(index, 1000.0 * values, other), of(index, values))


@EVERY
def test_order_of_contaminants_does_not_matter(index: Index) -> None:
    values = BACKGROUND * np.random.default_rng(3).lognormal(0.0, 1.0, (20, 8))
    order = np.random.default_rng(4).permutation(8)
    names = tuple(NAMES[k] for k in order)
    other = of(index, values[:, order], Reference(names, BACKGROUND[order], BACKGROUND[order], normaliser=80_000.0))
    np.testing.assert_allclose(other, of(index, values) if index.together else of(index, values)[:, order])


@EVERY
def test_bounds_enclose(index: Index) -> None:
    rng = np.random.default_rng(5)
    upper = BACKGROUND * rng.lognormal(0.0, 1.0, (30, 8))
    lower = np.where(rng.random((30, 8)) < 0.3, 0.0, upper)
    inside = lower + rng.random((30, 8)) * (upper - lower)
    ends = np.full(30, 70_000.0), np.full(30, 90_000.0)
    low, high = index.between(lower, upper, REFERENCE, ends)
    middle = index.of(inside, REFERENCE, np.full(30, 80_000.0))
    assert (low <= middle).all()
    assert (middle <= high).all()


@EVERY
def test_what_it_says_at_the_background(index: Index) -> None:
    found = of(index, BACKGROUND[None])
    if index.name == "ecological-risk-factor":
        np.testing.assert_allclose(found[0], list(TOXIC_RESPONSE.values()))
    else:
        np.testing.assert_allclose(found, AT_BACKGROUND[index.name])


@EVERY
def test_unknown_stays_unknown(index: Index) -> None:
    values = np.tile(BACKGROUND, (2, 1))
    values[1, 3] = np.nan
    found = of(index, values)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).any()


@EVERY
def test_it_is_told_where_it_comes_from(index: Index) -> None:
    assert index.formula
    assert index.title
    for cited in (index.source, index.classes.source):
        assert any(part.strip(":,").isdigit() or "2004" in part for part in cited.split()), cited


@pytest.mark.parametrize(
    "index", [each for each in INDICES.values() if each.needs == "background"], ids=lambda i: i.name
)
def test_without_a_background_there_is_no_index(index: Index) -> None:
    with pytest.raises(ValueError, match="background"):
        index.of(BACKGROUND[None], Reference(NAMES, criteria=BACKGROUND), np.array([1.0]))


def test_hakansons_classes_are_rescaled_for_fewer_substances() -> None:
    few = Reference(("zinc", "lead"), np.array([175.0, 70.0]))
    classes = INDICES["potential-ecological-risk"].classes_for(few)
    assert classes.edges[0] == pytest.approx(150.0 * 6.0 / 133.0)
    assert "other substances" in classes.note
    assert not INDICES["potential-ecological-risk"].classes_for(REFERENCE).note
    with pytest.raises(ValueError, match="no toxic-response factor for nickel"):
        INDICES["potential-ecological-risk"].of(np.ones((1, 1)), Reference(("nickel",), np.array([68.0])))


def test_an_interval_over_two_classes_says_both() -> None:
    classes = INDICES["contamination-factor"].classes
    assert classes.of_interval(0.5, 0.9) == "low"
    assert classes.of_interval(0.0, 4.0) == "low to considerable"
    assert (classes.of(1.0), INDICES["pollution-load"].classes.of(1.0)) == ("moderate", "no more than the background")
    assert classes.of_intervals(np.array([np.nan]), np.array([1.0])) == [""]


@pytest.mark.parametrize(("edges", "labels"), [((1.0,), ("a",)), ((2.0, 1.0), ("a", "b", "c"))])
def test_classes_that_cannot_be(edges: tuple[float, ...], labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="classes"):
        Classes("somebody 1999", edges, labels)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_background_is_in_the_unit_of_its_data_and_robust(statistic: str) -> None:
    values = np.random.default_rng(6).lognormal(2.0, 0.4, 200)
    found = background_of(values, values, statistic)
    assert background_of(1000.0 * values, 1000.0 * values, statistic).value == pytest.approx(1000.0 * found.value)
    dirty = values.copy()
    dirty[:10] *= 1e4
    assert background_of(dirty, dirty, statistic).value < 1.35 * found.value
    assert "200 samples" in str(found)


def test_a_background_needs_samples_and_measured_ones() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        background_of(np.ones(5), np.ones(5))
    upper = np.concatenate([np.ones(18), np.arange(2.0, 14.0)])
    lower = np.where(upper == 1.0, 0.0, upper)
    with pytest.raises(ValueError, match="below the detection limits"):
        background_of(lower, upper)


def test_exposure_of_a_child_to_arsenic_by_mouth() -> None:
    """The screening equation of RAGS part A by hand: 20 mg/kg, 200 mg a day, 15 kg, 350 days a year."""
    arsenic = Toxicity("arsenic", reference_dose=3e-4, slope=1.5)
    found = risk(20.0, arsenic, Receptor.named("child"))
    intake = 20.0 * 200e-6 / 15.0 * 350.0 / 365.0
    assert float(found.hazard["ingestion"]) == pytest.approx(intake / 3e-4)
    assert float(found.cancer["ingestion"]) == pytest.approx(intake * 6.0 / 70.0 * 1.5)
    assert found.cancer["skin"] == 0.0


@pytest.mark.parametrize("receptor", DEFAULTS)
def test_risk_is_proportional_and_adds_up(receptor: str) -> None:
    known = Toxicity("nickel", 0.02, 0.1, 9e-5, 2.6e-4, dermal=0.01, gut=0.04)
    one, ten = (risk(np.array([c]), known, Receptor.named(receptor)) for c in (5.0, 50.0))
    assert one.hazard_quotient is not None
    assert ten.hazard_quotient == pytest.approx(10.0 * one.hazard_quotient)
    assert one.cancer_risk == pytest.approx(sum(one.cancer.values()))
    assert risk(5.0, Toxicity("nickel"), Receptor.named(receptor)).hazard_quotient is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_dose_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match=r"reference dose|valence"):
        Toxicity(name, reference_dose=1.0)


def test_parameters_can_be_replaced_and_wrong_ones_are_named() -> None:
    assert Receptor.named("child", body_weight_kg=20.0).body_weight_kg == 20.0
    with pytest.raises(ValueError, match="'weight' is no parameter"):
        Receptor.named("child", weight=20.0)
    with pytest.raises(ValueError, match="child or adult"):
        Receptor.named("worker")
    with pytest.raises(ValueError, match="years must be a number above zero"):
        Receptor.named("adult", years=0.0)
