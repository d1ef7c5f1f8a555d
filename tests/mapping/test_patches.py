"""Patches of a raster against scipy's labels and rasterio's outlines."""

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from rasterio.features import shapes
from scipy.ndimage import label
from shapely.geometry import shape

from mapping.patches import Patches

CLASSES = arrays(np.int8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-1, 2))
TURNED = Affine(3, 1, 50, 1, -2, 70)


@given(CLASSES)
@settings(max_examples=80, deadline=None)
def test_patches_are_those_of_scipy(classes: NDArray[np.int8]) -> None:
    found = Patches.of(classes)
    count = 0
    for kind in (0, 1, 2):
        theirs, many = label(classes == kind)
        count += many
        for number in range(1, many + 1):
            ours = np.unique(found.label[theirs == number])
            assert len(ours) == 1
            assert found.kind[ours[0]] == kind
            assert found.cells[ours[0]] == (theirs == number).sum()
    assert found.count == count
    assert ((found.label < 0) == (classes < 0)).all()
    np.testing.assert_allclose(found.totals(np.ones(classes.shape)), found.cells)


@given(CLASSES)
@settings(max_examples=80, deadline=None)
def test_polygons_are_valid_and_those_of_gdal(classes: NDArray[np.int8]) -> None:
    found = Patches.of(classes)
    drawn = found.polygons(TURNED)
    assert shapely.is_valid(drawn).all()
    theirs = shapes(found.label, mask=found.label >= 0, connectivity=4, transform=TURNED)
    outlines = {int(value): shape(outline) for outline, value in theirs}
    assert len(outlines) == found.count
    for number, polygon in enumerate(drawn):
        assert polygon.equals(outlines[number])
        assert polygon.area == pytest.approx(found.cells[number] * abs(TURNED.determinant))


def test_holes_that_touch_in_a_corner_stay_apart() -> None:
    classes = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=np.int8)
    ring = Patches.of(classes).polygons(Affine.identity())[0]
    assert ring.is_valid
    assert len(ring.interiors) == 2


def test_a_chequerboard_is_as_many_patches_as_cells() -> None:
    board = (np.indices((40, 30)).sum(axis=0) % 2).astype(np.int8)
    assert Patches.of(board).count == 1200
