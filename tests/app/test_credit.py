"""Collections say whom their data come from, and nothing of whom nobody may know."""

import httpx


async def test_collections_name_provider_and_licence(client: httpx.AsyncClient) -> None:
    found = (await client.get("/collections/samples")).json()
    assert found["attribution"] == "sp"
    assert found["license"] == "GPL-2.0-or-later"
    assert [provider["dataset"] for provider in found["providers"]] == ["meuse"]
    river = (await client.get("/collections/sources")).json()
    assert [provider["dataset"] for provider in river["providers"]] == ["meuse-river"]


async def test_what_rests_on_no_dataset_names_none(client: httpx.AsyncClient) -> None:
    assert "license" not in (await client.get("/collections/guideline-values")).json()
