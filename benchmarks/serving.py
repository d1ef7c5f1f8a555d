"""Servers in processes of their own, and how many requests a second they answer, measured by wrk."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 3
CONNECTIONS = 16
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, and the time in milliseconds within which 99 of 100 were answered."""

    per_second: float
    p99: float


@contextmanager
def server(command: Sequence[str | Path], port: int, ready: str, **environment: str) -> Iterator[str]:
    """A server that answers at `ready`; its address."""
    address = f"http://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(list(map(str, command)), env=os.environ | environment, **quiet)  # type: ignore[call-overload]
    try:
        _await(process, address + ready)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _await(process: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  our own address
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"nothing answers at {address}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def fetched(address: str) -> bytes:
    """The body of an answer; raises when it is none of 200."""
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310  our own address
        content: bytes = answer.read()
    return content


def document(address: str) -> Any:
    """A JSON document."""
    return json.loads(fetched(address))


def rate(paths: Sequence[str], address: str, folder: Path, seconds: int = SECONDS) -> Rate:
    """How often these paths are answered, in turn, on `CONNECTIONS` connections; raises where one is not 2xx."""
    wrk = shutil.which("wrk")
    assert wrk, "wrk is not installed: apt install wrk"
    script = folder / "paths.lua"
    listed = ",\n".join(json.dumps(path) for path in paths)
    script.write_text(
        f"local paths = {{{listed}}}\nlocal turn = 0\n"
        'request = function() turn = turn % #paths + 1; return wrk.format("GET", paths[turn]) end\n'
    )
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "20s", "-s", script, address]
    printed = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in printed, printed
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", printed)
    assert per_second, printed
    assert slowest, printed
    return Rate(float(per_second[1]), float(slowest[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[slowest[2]])


def edaphos(home: Path, workers: int, *, remembering: bool = True) -> "Any":
    """The service on a data folder."""
    port = free_port()
    if remembering:
        script = [Path(sys.executable).with_name("edaphos"), "serve", "--port", str(port), "--workers", str(workers)]
    else:
        script = [Path(sys.executable), "-m", "benchmarks.uncached", str(port), str(workers)]
    return server(script, port, "/healthz", EDAPHOS_HOME=str(home))
