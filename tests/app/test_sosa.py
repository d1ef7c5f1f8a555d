"""Measurements as observations in the words of SOSA."""

import httpx
import pytest

from app.ogc.sosa import GLOSIS, MILLIGRAM_PER_KILOGRAM


async def measured(client: httpx.AsyncClient, contaminant: str, *, censored: bool) -> str:
    features = (await client.get(f"/collections/samples/items?contaminant={contaminant}&limit=200")).json()["features"]
    return next(str(each["id"]) for each in features if each["properties"]["censored"] == censored)


@pytest.mark.parametrize(("contaminant", "censored"), [("zinc", False), ("cadmium", True)])
async def test_a_measurement_is_an_observation(client: httpx.AsyncClient, contaminant: str, censored: bool) -> None:
    name = await measured(client, contaminant, censored=censored)
    plain = (await client.get(f"/collections/samples/items/{name}")).json()["properties"]
    answer = await client.get(f"/collections/samples/items/{name}?f=jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    told = answer.json()
    assert told["@type"] == "sosa:Observation"
    assert told["@id"].endswith(f"/collections/samples/items/{name}")
    result = told["sosa:hasResult"]
    assert result["qudt:unit"]["@id"] == MILLIGRAM_PER_KILOGRAM
    if censored:
        assert "qudt:numericValue" not in result
        assert (result["schema:minValue"], result["schema:maxValue"]) == (plain["lower"], plain["upper"])
    else:
        assert result["qudt:numericValue"] == plain["value"]
    assert "CAS" in told["sosa:observedProperty"]["dct:identifier"]
    assert plain["procedure"] in told["sosa:usedProcedure"]["rdfs:label"]
    prefixes = {key.partition(":")[0] for key in told if ":" in key}
    assert prefixes <= set(told["@context"])


async def test_only_measurements_are_observations(client: httpx.AsyncClient) -> None:
    assert (await client.get("/collections/sources/items/1?f=jsonld")).status_code == 400
    assert GLOSIS.startswith("http://w3id.org/glosis/")
