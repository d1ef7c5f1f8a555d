"""What the tests of all suites ask: documents, links and the definition of the API."""

import re
from typing import Any

import httpx

JSON = {"Accept": "application/json"}
Document = dict[str, Any]


async def document(client: httpx.AsyncClient, address: str, **parameters: Any) -> Document:
    """The JSON at an address, which must answer."""
    response = await client.get(address, params=parameters or None, headers=JSON)
    assert response.status_code == 200, (address, response.text)
    found: Document = response.json()
    return found


def links(found: Document, rel: str) -> list[Document]:
    """The links of a document in one relation."""
    return [link for link in found["links"] if link["rel"] == rel]


async def feature_collections(client: httpx.AsyncClient) -> list[Document]:
    """The collections whose items are features."""
    found = await document(client, "/collections")
    return [collection for collection in found["collections"] if collection.get("itemType") == "feature"]


async def operation(client: httpx.AsyncClient, path: str, version: str = "json") -> Document:
    """The GET of a path in the definition of the API; the exact path before one with braces."""
    definition = await document(client, "/api", f=version)
    paths = definition["paths"]
    if path not in paths:
        fitting = [each for each in paths if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each), path)]
        path = max(fitting, key=len)
    found: Document = paths[path]["get"]
    return found


def parameter(found: Document, name: str) -> Document:
    """A parameter of an operation."""
    one: Document
    (one,) = [each for each in found["parameters"] if each["name"] == name]
    return one


def is_problem(response: httpx.Response, status: int, named: str | None = None) -> bool:
    """Whether an answer is the problem document that it should be."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    return named is None or told["parameter"] == named
