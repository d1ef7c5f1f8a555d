"""OWSLib, which many programs in Python ask with, finds its way by itself."""

import pytest
from owslib.ogcapi.features import Features
from owslib.ogcapi.processes import Processes
from owslib.ogcapi.records import Records


@pytest.fixture(scope="module")
def processes(live_server: str) -> Processes:
    return Processes(f"{live_server}/")


def test_processes_are_listed_described_and_executed(processes: Processes) -> None:
    assert processes.conformance()
    listed = [process["id"] for process in processes.processes()]
    assert {"echo", "exceedance"} <= set(listed)
    described = processes.process("echo")
    assert "message" in described["inputs"]
    assert processes.execute("echo", {"message": "soil"}, response="document")["message"] == "soil"


def test_a_job_is_made(processes: Processes) -> None:
    job = processes.execute("echo", {"message": "later"}, async_=True)
    assert (job["status"], job["processID"]) == ("accepted", "echo")


def test_records_are_found(live_server: str) -> None:
    records = Records(f"{live_server}/")
    assert "records" in records.records()
    found = records.collection_items("records", q="meuse")
    assert {"dataset-meuse"} <= {each["id"] for each in found["features"]}
    assert records.collection_item("records", "dataset-meuse")["properties"]["license"]


def test_features_are_found(live_server: str) -> None:
    features = Features(f"{live_server}/")
    assert "samples" in features.feature_collections()
    found = features.collection_items("samples", limit=3, bbox=[5.7, 50.9, 5.8, 51.0])
    assert len(found["features"]) == 3
