"""The windows of a raster, computed here or by the workers of a Dask cluster: the same values either way."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mapping.compressed import Checked
from mapping.raster import Raster, Window

Done = tuple[Window, NDArray[np.float32], Checked]
ROUNDS = 3
"""How often what was lost with its workers is sent again."""
AHEAD = 2
"""Windows given to each thread of the cluster at a time."""
PATIENCE = 30
"""Seconds to wait for a cluster and for its first worker."""


def computed(raster: Raster, windows: Sequence[Window], cluster: str | None = None) -> Iterator[Done]:
    """Bands (3, rows, columns) as float32 and checks of the windows.

    Here in their order, or as the workers of `cluster` (tcp://…) return them.

    ConnectionError when no cluster answers at that address, or when it loses its workers again and again.
    """
    if cluster is None:
        for window in windows:
            yield _done(raster, window)
        return
    yield from _on_cluster(raster, windows, cluster)


def _on_cluster(raster: Raster, windows: Sequence[Window], address: str) -> Iterator[Done]:
    import distributed  # noqa: PLC0415  it takes half a second

    connect: Any = distributed.Client
    try:
        client = connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        missing = set(windows)
        for _ in range(ROUNDS):
            try:
                for done in _round(client, raster, [window for window in windows if window in missing]):
                    missing.discard(done[0])
                    yield done
            except (distributed.KilledWorker, distributed.CancelledError):
                continue
            return
    raise ConnectionError(f"the Dask cluster at {address} lost its workers {ROUNDS} times")


def _round(client: Any, raster: Raster, windows: Sequence[Window]) -> Iterator[Done]:
    """What the workers return, while they do not lose what they were sent."""
    import distributed  # noqa: PLC0415

    in_turn: Any = distributed.as_completed
    client.wait_for_workers(1, timeout=PATIENCE)
    key, held = raster.digest(), client.scatter(pickle.dumps(raster), broadcast=True, hash=False)
    ahead = AHEAD * max(sum(client.nthreads().values()), 1)
    remaining = iter(windows)

    def send(window: Window) -> Any:
        return client.submit(_work, held, key, window, pure=False)

    running = in_turn([send(window) for window in islice(remaining, ahead)], loop=client.loop)
    for future in running:
        yield future.result()
        for window in islice(remaining, 1):
            running.add(send(window))


_KEPT: dict[str, Raster] = {}
_UNPACKING = Lock()


def _work(packed: bytes, key: str, window: Window) -> Done:
    """On a worker: one window; what was unpacked last is kept for the next."""
    with _UNPACKING:
        if key not in _KEPT:
            _KEPT.clear()
            _KEPT[key] = pickle.loads(packed)  # noqa: S301  a cluster runs the code that it is sent anyway
        raster = _KEPT[key]
    return _done(raster, window)


def _done(raster: Raster, window: Window) -> Done:
    bands, checked = raster.bands(window)
    return window, bands.astype(np.float32), checked
