"""Servers in processes of their own, and how many requests a second they answer, measured by wrk."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SECONDS = 3
CONNECTIONS = 16
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, and the time in milliseconds within which 99 of 100 were answered."""

    per_second: float
    p99: float


@contextmanager
def server(command: Sequence[str], port: int, ready: str, **environment: str) -> Iterator[str]:
    """A server that answers at `ready`; its address."""
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(list(command), env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=said)
        try:
            _await(process, address + ready, said)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _await(process: "subprocess.Popen[bytes]", address: str, said: IO[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said.seek(0)
            raise AssertionError(f"{command_of(process)} ended: {said.read()[-2000:].decode(errors='replace')}")
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  our own address
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"nothing answers at {address}")


def command_of(process: "subprocess.Popen[bytes]") -> str:
    """What was run."""
    return " ".join(map(str, process.args)) if isinstance(process.args, list) else str(process.args)


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
    """How often these paths are answered, in turn; each is asked once before. Raises where an answer is not 2xx."""
    for path in paths:
        fetched(address + path)
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


def edaphos(home: Path, workers: int, *, remembering: bool = True) -> AbstractContextManager[str]:
    """The service on a data folder."""
    port = free_port()
    shipped = Path(sys.executable).with_name("edaphos")
    script = [str(shipped), "serve", "--port", str(port), "--workers", str(workers)]
    if not remembering:
        script = [sys.executable, "-m", "benchmarks.uncached", str(port), str(workers)]
    return server(script, port, "/healthz", EDAPHOS_HOME=str(home))
