"""Contaminants by any of their names."""

import pytest

from ingest.contaminants import Contaminant, Contaminants, shipped_contaminants


def test_every_label_of_the_vocabulary_means_its_own_contaminant_in_any_case() -> None:
    contaminants = shipped_contaminants()
    for entry in contaminants.entries:
        for label in entry.labels():
            assert contaminants.match(label) == contaminants.match(f"  {label.upper()} ") == entry.id


@pytest.mark.parametrize("label", ["zinc", "Zn", "Zink", "zink", "ZINC", "zinco", "7440-66-6"])
def test_zinc_in_several_languages(label: str) -> None:
    assert shipped_contaminants().match(label) == "zinc"


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ValueError, match="'cadmiun' is not a known contaminant; did you mean cadmium"):
        shipped_contaminants().match("cadmiun")
    with pytest.raises(ValueError, match="'' is not a known contaminant"):
        shipped_contaminants().match("")


def test_a_label_of_two_contaminants_is_refused() -> None:
    def entry(name: str) -> Contaminant:
        return Contaminant(name, "Xx", {}, None, None, (), None, None)

    with pytest.raises(ValueError, match="'xx' may be one or two"):
        Contaminants((entry("one"), entry("two"))).match("xx")


@pytest.mark.parametrize("label", ["Benzo[g,h,i]perylene", "benzo(ghi)perylene", "Benzo[ghi]perylene"])
def test_locants_in_any_writing(label: str) -> None:
    assert shipped_contaminants().match(label) == "benzo-ghi-perylene"
