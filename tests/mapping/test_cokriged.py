"""A variable of a cokriging as a model of a map: the laws that a map of one contaminant keeps."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.cokriged import CokrigedVariable, CokrigingOf
from mapping.cokriging import Cokriging
from mapping.comparison import Recipe, compare
from mapping.crossvalidation import cross_validate, report
from mapping.folds import random_folds
from mapping.grid import Grid
from mapping.kriging import Kriging
from mapping.raster import Raster
from mapping.samples import Samples
from mapping.surface import Surface, write_surface

Points = NDArray[np.float64]
Reader = Callable[[str], Any]


@pytest.fixture(scope="module")
def metals(gstat: Reader) -> dict[str, Samples]:
    """Zinc at every second place, lead everywhere."""
    table = gstat("meuse")
    xy = np.column_stack([table["x"], table["y"]])
    return {"zinc": Samples.measured(xy[::2], table["zinc"][::2]), "lead": Samples.measured(xy, table["lead"])}


@pytest.fixture(scope="module")
def zinc(metals: Mapping[str, Samples]) -> CokrigedVariable:
    return CokrigedVariable.fit(Cokriging(structures=("spherical",)), metals, "zinc")


@pytest.fixture(scope="module")
def near(metals: Mapping[str, Samples], zinc: CokrigedVariable) -> CokrigedVariable:
    recipe = Cokriging(model=zinc.fitted.model, neighbours=155)
    return CokrigedVariable.fit(recipe, metals, "zinc")


def test_folds_of_one_are_leaving_one_out(zinc: CokrigedVariable, metals: Mapping[str, Samples]) -> None:
    few = {name: each.subset(np.arange(0, each.n, 6)) for name, each in metals.items()}
    model = CokrigedVariable.fit(Cokriging(model=zinc.fitted.model), few, "zinc")
    each = random_folds(model.sites.n, model.sites.n)
    found, quick = cross_validate(model, each), model.leave_one_out()
    np.testing.assert_allclose(found.predicted, quick.predicted, rtol=1e-9)
    np.testing.assert_allclose(found.variance, quick.variance, rtol=1e-9)


@pytest.mark.parametrize("whole", [True, False])
def test_leaving_one_out_of_all_neighbours_is_leaving_one_out(
    zinc: CokrigedVariable, near: CokrigedVariable, whole: bool
) -> None:
    """With as many neighbours as there are data, passing one over is a system without it."""
    found = near.fitted.leave_one_out("zinc", whole_places=whole)
    wanted = zinc.fitted.leave_one_out("zinc", whole_places=whole)
    np.testing.assert_allclose(found.predicted, wanted.predicted, rtol=1e-7)
    np.testing.assert_allclose(found.variance, wanted.variance, rtol=1e-7)


def test_a_rebuilt_model_says_the_same(
    zinc: CokrigedVariable, metals: Mapping[str, Samples], meuse_grid: Points
) -> None:
    again = CokrigedVariable.rebuild(metals, zinc.parameters())
    assert (again.predict(meuse_grid).mean == zinc.predict(meuse_grid).mean).all()
    assert again.parameters() == zinc.parameters()
    other = {**metals, "lead": metals["lead"].subset(np.arange(150))}
    with pytest.raises(ValueError, match="not the samples of lead"):
        CokrigedVariable.rebuild(other, zinc.parameters())


def test_realisations_have_the_predicted_moments(zinc: CokrigedVariable, meuse_grid: Points) -> None:
    some = meuse_grid[::40]
    drawn, told = np.log(zinc.simulate(some, 4_000, seed=2).values), zinc.predict(some)
    np.testing.assert_allclose(drawn.mean(axis=0), told.mean, atol=4.5 * np.sqrt(told.variance.max() / 4_000))
    np.testing.assert_allclose(drawn.var(axis=0), told.variance, rtol=0.12)


def test_what_cannot_be_simulated_is_said(zinc: CokrigedVariable, near: CokrigedVariable, meuse_grid: Points) -> None:
    with pytest.raises(ValueError, match="up to 4000 places"):
        zinc.simulate(np.vstack([meuse_grid, meuse_grid]))
    with pytest.raises(ValueError, match="from all data at once"):
        near.simulate(meuse_grid[:5])


def test_a_map_is_written_and_read(zinc: CokrigedVariable, tmp_path: Path) -> None:
    grid = Grid.covering((179_000, 330_000, 180_000, 331_000), 100.0, "EPSG:28992")
    write_surface(tmp_path / "zinc.tif", Raster(zinc, grid), {"contaminant": "zinc", "unit": "mg/kg"})
    read = Surface.read(tmp_path / "zinc.tif")
    np.testing.assert_allclose(read.prediction.mean.ravel(), zinc.predict(grid.centres()).mean, rtol=1e-6)
    assert read.provenance["model"] == zinc.parameters()
    with pytest.raises(ValueError, match="can be compressed"):
        Raster(zinc, grid, compressed=True)


def test_the_report_names_the_scheme(zinc: CokrigedVariable, meuse_grid: Points) -> None:
    told = report(zinc, meuse_grid)
    assert {"random", "blocked"} <= set(told["scores"])
    assert told["scores"]["random"]["n"] == zinc.sites.n


def test_secondary_values_at_places_left_out_are_left_out(metals: Mapping[str, Samples]) -> None:
    recipe = CokrigingOf(Cokriging(structures=("spherical",)), metals, "zinc")
    kept = np.arange(10, metals["zinc"].n)
    fitted = recipe.fit(metals["zinc"].subset(kept))
    assert fitted.samples["zinc"].n == len(kept)
    assert fitted.samples["lead"].n == metals["lead"].n - 10


def test_a_comparison_takes_cokriging(metals: Mapping[str, Samples], meuse_grid: Points) -> None:
    recipes: dict[str, Recipe] = {
        "ordinary": Kriging(structures=("spherical",)),
        "cokriging": CokrigingOf(Cokriging(structures=("spherical",)), metals, "zinc"),
    }
    found = {score.method: score for score in compare(metals["zinc"], recipes, meuse_grid).scores}
    # lead is known at places between those of zinc, and rises and falls with it
    assert found["cokriging"].crps < 0.95 * found["ordinary"].crps
