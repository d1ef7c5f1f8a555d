"""Compiled loops run on all processors, one loop at a time.

Numba's own pool of threads ends the process when two threads enter it at once, and where OpenMP is missing it is all
there is: whoever starts a parallel loop holds this lock.
"""

from __future__ import annotations

from threading import Lock

ONE_AT_A_TIME = Lock()
