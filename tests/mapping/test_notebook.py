import doctest

import mapping


def test_the_example_of_the_package_works() -> None:
    results = doctest.testmod(mapping)
    assert results.attempted > 5
    assert results.failed == 0


def test_every_public_name_is_there() -> None:
    assert all(hasattr(mapping, name) for name in mapping.__all__)
    assert len(set(mapping.__all__)) == len(mapping.__all__)
