import numpy as np
import pytest

from mapping.samples import Samples

XY = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 5.0]])


def test_measured_samples_have_values_and_no_censoring() -> None:
    samples = Samples.measured(XY, [1.0, 2.0, 3.0])
    assert samples.n == 3
    assert not samples.censored.any()
    assert samples.value.tolist() == [1.0, 2.0, 3.0]


def test_bounds_of_every_kind_are_kept() -> None:
    samples = Samples(XY, np.array([-np.inf, 0.0, 1000.0]), np.array([0.05, 0.1, np.inf]))
    assert samples.censored.all()
    with pytest.raises(ValueError, match=r"sample 0 is known only to lie between -inf and 0\.05"):
        _ = samples.value


@pytest.mark.parametrize(
    ("xy", "lower", "upper", "sentence"),
    [
        (np.empty((0, 2)), [], [], "no samples"),
        (XY, [1.0, 2.0], [1.0, 2.0, 3.0], "lower needs one number for each of the 3 places"),
        (XY[:, :1], [1.0] * 3, [1.0] * 3, r"shape \(n, 2\)"),
        ([[0.0, 0.0], [np.nan, 1.0]], [1.0, 1.0], [1.0, 1.0], "place 1: coordinates must be finite"),
        (XY, [1.0, 3.0, 1.0], [1.0, 2.0, 1.0], "sample 1: lower 3.0 must not be above upper 2.0"),
        (XY, [1.0, 1.0, np.nan], [1.0, 1.0, 1.0], "sample 2: lower nan"),
        (XY, [1.0, np.inf, 1.0], [1.0, np.inf, 1.0], "sample 1: an infinite value"),
    ],
)
def test_what_is_not_a_sample_is_named(xy: object, lower: object, upper: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Samples(np.array(xy), np.array(lower), np.array(upper))


def test_an_error_variance_is_finite_and_not_negative() -> None:
    with pytest.raises(ValueError, match="sample 2: error variance"):
        Samples.measured(XY, [1.0, 2.0, 3.0], [0.0, 0.1, -0.1])


def test_nobody_can_change_samples_afterwards() -> None:
    value = np.array([1.0, 2.0, 3.0])
    samples = Samples.measured(XY, value)
    value[0] = 99.0
    assert samples.value[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        samples.upper[0] = 5.0


def test_the_digest_tells_samples_apart() -> None:
    one = Samples.measured(XY, [1.0, 2.0, 3.0])
    assert one.digest() == Samples.measured(XY.copy(), [1.0, 2.0, 3.0]).digest()
    assert one.digest() != Samples.measured(XY, [1.0, 2.0, 3.0 + 1e-12]).digest()
    assert one.digest() != Samples.measured(XY, [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]).digest()
