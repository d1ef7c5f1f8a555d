"""New sampling sites: each takes most away of what is not known, as the whole covariance matrix would have it."""

import numpy as np
import pytest
import shapely
from scipy.special import ndtr

from mapping.arrays import Points
from mapping.covariance import Covariance, Exponential, Nugget, Spherical
from mapping.kriging import FittedKriging, Kriging
from mapping.misclassification import errors_saved, saved, table
from mapping.planning import Planner, SamplingPlan
from mapping.posterior import Posterior
from mapping.samples import Samples
from mapping.transform import Identity, Log

FIELDS: tuple[Covariance, ...] = (
    Nugget(0.2) + Exponential(0.8, 400.0),
    Nugget(0.05) + Spherical(1.0, 900.0),
    Nugget(0.1) + Exponential(0.9, 500.0, angle=30.0, ratio=0.4),
)


def lattice(side: int, cell: float = 50.0) -> Points:
    across = (np.arange(side) + 0.5) * cell
    return np.stack(np.meshgrid(across, across[::-1]), axis=-1).reshape(-1, 2)


def fitted(covariance: Covariance, n: int = 30, kind: str = "ordinary", side: float = 1_000.0) -> FittedKriging:
    rng = np.random.default_rng(7)
    xy = rng.uniform(0.0, side, (n, 2))
    values = np.linalg.cholesky(covariance.between(xy, xy)) @ rng.standard_normal(n)
    return Kriging(transform=Identity(), covariance=covariance, kind=kind).fit(Samples.measured(xy, values))


def dense(model: FittedKriging, cells: Points, count: int, limit: float | None) -> list[tuple[int, float]]:
    """Indices and gains of a greedy choice with the whole matrix, conditioned anew on data and sites at each step."""
    posterior = Posterior(model)
    whole = posterior.between(posterior.at(cells), posterior.at(cells))
    nugget = model.covariance.nugget
    total = np.diag(whole) + nugget
    away = np.abs(model.predict(cells).mean - (limit or 0.0)) / np.sqrt(total)
    first, found = whole.copy(), list[tuple[int, float]]()
    for _ in range(count):
        scale = np.diag(whole) + posterior.noise
        left = np.diag(whole)[None, :] - whole**2 / scale[:, None]
        if limit is None:
            gains = (np.diag(whole)[None, :] - left).mean(axis=1)
        else:
            now, then = ((np.diag(first) - each) / total for each in (np.diag(whole), left))
            gains = (saved(away, then) - saved(away, now)).mean(axis=1)
        gains[[index for index, _ in found]] = -np.inf
        best = int(gains.argmax())
        found.append((best, float(gains[best])))
        whole = whole - np.outer(whole[best], whole[best]) / scale[best]
    return found


@pytest.mark.parametrize("covariance", FIELDS)
@pytest.mark.parametrize("limit", [None, 0.3])
def test_the_choice_is_that_of_the_whole_matrix(covariance: Covariance, limit: float | None) -> None:
    cells, model = lattice(20), fitted(covariance)
    plan = Planner(8, limit).plan(model, cells)
    expected = dense(model, cells, 8, limit)
    chosen = [int(np.argmin(((cells - [site.easting, site.northing]) ** 2).sum(axis=1))) for site in plan.sites]
    assert chosen == [index for index, _ in expected]
    np.testing.assert_allclose([site.gain for site in plan.sites], [gain for _, gain in expected], rtol=1e-6)


@pytest.mark.parametrize("kind", ["ordinary", "universal"])
def test_what_is_left_is_what_kriging_with_the_sites_leaves(kind: str) -> None:
    """The rank-one updates end where a new system of all data ends; the values of the sites do not matter."""
    covariance, cells = FIELDS[0], lattice(15)
    model = fitted(covariance, kind=kind)
    plan = Planner(5).plan(model, cells)
    sites = np.array([[site.easting, site.northing] for site in plan.sites])
    xy, values = np.vstack([model.samples.xy, sites]), np.append(model.samples.value, np.zeros(5))
    after = Kriging(transform=Identity(), covariance=covariance, kind=kind).fit(Samples.measured(xy, values))
    # kriging knows the value at a sample, nugget and all: ask a hair beside the cells
    variance = after.predict(cells + 1e-6).variance
    np.testing.assert_allclose(plan.after, variance.mean(), rtol=1e-4)


def test_gains_are_what_is_lost_and_each_is_no_greater_for_variance() -> None:
    plan = Planner(12).plan(fitted(FIELDS[0]), lattice(20))
    left = [plan.before, *(site.left for site in plan.sites)]
    gains = np.array([site.gain for site in plan.sites])
    np.testing.assert_allclose(-np.diff(left), gains, rtol=1e-6)
    assert (np.diff(gains) <= 1e-12).all()


def test_the_first_error_is_that_of_the_map() -> None:
    model, cells = fitted(FIELDS[1]), lattice(20)
    plan = Planner(3, limit=0.4).plan(model, cells)
    posterior = Posterior(model)
    sd = np.sqrt(posterior.variance(posterior.at(cells)) + model.covariance.nugget)
    assert plan.before == pytest.approx(float(ndtr(-np.abs(model.predict(cells).mean - 0.4) / sd).mean()), rel=1e-9)
    assert plan.after < plan.before


def test_the_expected_saving_is_that_of_values_drawn_at_the_site() -> None:
    rng = np.random.default_rng(0)
    for h, r in ((0.0, 0.3), (0.5, 0.6), (1.5, 0.9), (0.2, 0.05)):
        truth = (
            h + np.sqrt(r) * (seen := rng.standard_normal(1_000_000)) + np.sqrt(1 - r) * rng.standard_normal(seen.size)
        )
        wrong = np.mean((truth > 0) != (h + np.sqrt(r) * seen > 0))
        assert float(saved(h, r)) == pytest.approx(float(ndtr(-h)) - wrong, abs=2e-3)


def test_the_table_is_the_function() -> None:
    rng = np.random.default_rng(1)
    h, r = np.abs(rng.normal(0, 1.5, 5_000)), rng.uniform(0, 1, 5_000) ** 4
    found = np.empty(1)
    for cell in range(0, 5_000, 10):
        away, share = h[cell : cell + 1], r[cell : cell + 1]
        errors_saved(np.sqrt(share)[None], np.ones(1), np.ones(1), away, np.zeros(1), table(), found)
        assert found[0] == pytest.approx(float(saved(away, share)[0]), abs=1e-4)


def test_sites_keep_away() -> None:
    model, cells = fitted(FIELDS[0]), lattice(20)
    pond = shapely.box(0, 0, 600, 600)
    plan = Planner(10, spacing=180.0, avoid=pond).plan(model, cells)
    xy = np.array([[site.easting, site.northing] for site in plan.sites])
    gaps = np.linalg.norm(xy[:, None] - np.vstack([xy, model.samples.xy])[None], axis=2)
    assert np.sort(gaps, axis=1)[:, 1].min() >= 180.0
    assert not shapely.contains_xy(pond, *xy.T).any()


def test_candidates_are_the_only_places_chosen() -> None:
    given = np.array([[120.0, 130.0], [800.0, 790.0], [510.0, 505.0]])
    plan = Planner(5).plan(fitted(FIELDS[0]), lattice(20), candidates=given)
    assert len(plan.sites) == 3
    assert "only 3 sites fit" in plan.notes[-1]
    assert {(site.easting, site.northing) for site in plan.sites} == {tuple(each) for each in given.tolist()}


def test_a_large_grid_is_searched_to_its_cells() -> None:
    """A coarser lattice stands for many cells; gains stay within a twentieth of those of the whole matrix."""
    cells, model = lattice(75, 30.0), fitted(FIELDS[0], 60, side=2_250.0)
    plan = Planner(3).plan(model, cells)
    posterior = Posterior(model)
    at = posterior.at(cells)
    first = posterior.at(np.array([[plan.sites[0].easting, plan.sites[0].northing]]))
    gains = (posterior.between(at, at) ** 2).sum(axis=0) / (posterior.variance(at) + posterior.noise)
    own = (posterior.between(at, first)[:, 0] ** 2).sum() / (posterior.variance(first)[0] + posterior.noise)
    assert own >= 0.95 * gains.max()


def test_nonsense_is_refused() -> None:
    model = fitted(FIELDS[0])
    for bad in ({"count": 0}, {"count": 3, "spacing": -1.0}, {"count": 3, "limit": np.nan}):
        with pytest.raises(ValueError, match=r"sites|spacing|limit"):
            Planner(**bad)
    with pytest.raises(ValueError, match="no place left"):
        Planner(3, avoid=shapely.box(-1e6, -1e6, 1e6, 1e6)).plan(model, lattice(5))
    logs = Kriging(transform=Log(), covariance=FIELDS[0]).fit(
        Samples.measured(model.samples.xy, np.exp(model.samples.value))
    )
    with pytest.raises(ValueError, match="no place on the log scale"):
        Planner(3, limit=-1.0).plan(logs, lattice(5))


def test_a_field_without_correlation_gains_nothing() -> None:
    plan = Planner(2).plan(fitted(Nugget(1.0)), lattice(5))
    assert isinstance(plan, SamplingPlan)
    assert plan.before >= plan.after >= 1.0
