"""Classes cover every value once, at round numbers, for any statistics."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tiles.legend import CONCENTRATION, MOST_CLASSES, Legend, probability_legend, value_legend

VALUES = arrays(np.float64, st.integers(0, 60), elements=st.one_of(st.floats(-1e9, 1e9), st.just(np.nan)))
CONCENTRATIONS = arrays(np.float64, st.integers(1, 60), elements=st.floats(1e-6, 1e7))


@given(st.one_of(VALUES, CONCENTRATIONS))
def test_every_value_lies_in_its_class(values: np.ndarray) -> None:
    legend = value_legend("Zinc", "mg/kg", values, CONCENTRATION)
    classes = legend.classes()
    assert 1 <= len(classes) <= MOST_CLASSES
    for value, number in zip(values, legend.classify(values), strict=True):
        if np.isnan(value):
            assert number == 0
            continue
        found = classes[number - 1]
        assert (number == 1) or value >= found["lower"]
        assert found["upper"] is None or value < found["upper"]


@given(CONCENTRATIONS)
def test_neighbouring_classes_touch_and_look_different(values: np.ndarray) -> None:
    classes = value_legend("Zinc", "mg/kg", values, CONCENTRATION).classes()
    for below, above in pairwise(classes):
        assert below["upper"] == above["lower"]
        assert below["colour"] != above["colour"]


def lightness(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return float(0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2)


def test_the_concentration_ramp_can_be_read_in_grey() -> None:
    steps = [lightness(colour) for colour in CONCENTRATION]
    assert steps == sorted(steps, reverse=True)
    assert min(-np.diff(steps)) > 0.01


def test_a_probability_is_always_shown_in_the_same_classes() -> None:
    legend = probability_legend("above 720")
    assert legend.classify(np.array([0.0, 0.5, 0.95, 1.0, np.nan])).tolist() == [1, 4, 7, 7, 0]
    assert (legend.classes()[0]["lower"], legend.classes()[-1]["upper"]) == (0.0, 1.0)


def test_one_class_says_which_values_it_holds() -> None:
    (constant,) = value_legend("Zinc", "mg/kg", np.full(9, 6.8804), CONCENTRATION).classes()
    assert constant["label"] == "6.88"
    outlier = np.append(np.full(500, 3.0), 7.0)
    (mostly,) = value_legend("Zinc", "mg/kg", outlier, CONCENTRATION).classes()
    assert mostly["label"] == "3 – 7"


def test_a_legend_without_order_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="breaks must rise"):
        Legend("x", "mg/kg", (2.0, 1.0), ("#000000", "#111111", "#222222"))
    with pytest.raises(ValueError, match="one colour more"):
        Legend("x", "mg/kg", (2.0,), ("#000000",))
