"""Tiles that exist, tiles that do not, and edges that meet to the last bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.tile import DEEPEST, HALF, NORTHERNMOST, Tile, latitude, longitude


@st.composite
def tiles(draw: st.DrawFn, deepest: int = DEEPEST) -> Tile:
    z = draw(st.integers(0, deepest))
    return Tile(z, draw(st.integers(0, (1 << z) - 1)), draw(st.integers(0, (1 << z) - 1)))


@given(st.integers(-2, 30), st.integers(-3, 1 << 26), st.integers(-3, 1 << 26))
def test_a_tile_exists_or_cannot_be_built(z: int, x: int, y: int) -> None:
    exists = 0 <= z <= DEEPEST and 0 <= x < 2**z and 0 <= y < 2**z
    if exists:
        Tile(z, x, y)
    else:
        with pytest.raises(ValueError, match="no such tile"):
            Tile(z, x, y)


@given(tiles(DEEPEST - 1))
def test_children_have_the_edges_of_their_parent(tile: Tile) -> None:
    north_west, north_east, south_west, south_east = tile.children()
    assert north_west.west == south_west.west == tile.west
    assert north_east.east == south_east.east == tile.east
    assert north_west.north == tile.north
    assert south_east.south == tile.south
    assert north_west.east == north_east.west
    assert north_west.south == south_west.north


def test_the_world_ends_where_the_square_does() -> None:
    world = Tile(0, 0, 0)
    assert (world.west, world.south, world.east, world.north) == (-HALF, -HALF, HALF, HALF)
    assert latitude(world.north) == pytest.approx(NORTHERNMOST, abs=1e-12)
    assert longitude(world.east) == pytest.approx(180.0)
