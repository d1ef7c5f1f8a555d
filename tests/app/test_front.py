"""What is answered before any route: too long addresses, OPTIONS, pages of other origins."""

import httpx
import pytest

from app.http.front import LONGEST


async def test_an_address_that_is_too_long_is_refused(client: httpx.AsyncClient) -> None:
    for address in (f"/collections/samples/items?filter={'a' * LONGEST}", f"/{'a' * LONGEST}x"):
        response = await client.get(address)
        assert response.status_code == response.json()["status"] == 414
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("address", "methods"),
    [
        ("/collections", {"GET", "HEAD", "OPTIONS"}),
        ("/collections/samples/items", {"GET", "HEAD", "OPTIONS"}),
        ("/imports", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/datasets/meuse", {"GET", "HEAD", "DELETE", "OPTIONS"}),
    ],
)
async def test_options_tell_the_methods(client: httpx.AsyncClient, address: str, methods: set[str]) -> None:
    response = await client.options(address)
    assert response.status_code == 204
    assert set(response.headers["allow"].split(", ")) == methods


async def test_options_of_nothing_are_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.options("/nothing")).status_code == 404


async def test_pages_of_other_origins_may_ask(client: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    allowed = await client.options("/collections", headers=asked)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == "*"
    read = await client.get("/collections", headers={"Origin": "https://example.org"})
    assert read.headers["access-control-allow-origin"] == "*"
    assert "Content-Crs" in read.headers["access-control-expose-headers"]


async def test_what_other_origins_may_not_is_a_problem(client: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "TRACE"}
    refused = await client.options("/collections", headers=asked)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
