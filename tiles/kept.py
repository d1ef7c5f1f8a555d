"""Arrays kept in memory, the ones used last, shared by all threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bands = NDArray[np.float32]


class KeptBands:
    """Bands by any key, within `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Bands] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[..., Bands], *arguments: Any) -> Bands:
        """What is kept under a key, made of the arguments where there is nothing; two threads may both make it."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = make(*arguments)
        self._put(key, made)
        return made

    def peek(self, key: Hashable) -> Bands | None:
        """What is kept under a key."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def _put(self, key: Hashable, bands: Bands) -> None:
        bands.flags.writeable = False
        with self._lock:
            if key not in self._kept:
                self._kept[key] = bands
                self._bytes += bands.nbytes
            while self._bytes > self._most and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
