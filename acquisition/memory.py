"""Memory for unpacked samples, used again as soon as nobody looks at them any more."""

from __future__ import annotations

from weakref import finalize

import numpy as np
from numpy.typing import NDArray

_LEAST = 4096  # samples; there are four sizes of memory to every power of two, so that the next packet's fits


class SampleMemory:
    """Gives out arrays; the memory of each is given out again when it and all that was cut from it are gone.

    New memory of this size is taken from the system page by page, which cleans each, and what is given back to it is
    cleaned again. As much is kept as was needed at one time.
    """

    def __init__(self) -> None:
        self._free: dict[int, list[memoryview]] = {}

    def take(self, n: int) -> NDArray[np.int32]:
        """(n,) of anything."""
        step = max(1 << n.bit_length() - 3, _LEAST)
        size = -(-n // step) * step
        free = self._free.setdefault(size, [])
        memory = free.pop() if free else np.empty(size, dtype=np.int32).data
        # Slices hold on to this array, because what it looks into is none: it ends with the last of them.
        array = np.frombuffer(memory, np.int32, n)
        finalize(array, free.append, memory).atexit = False
        return array
