"""Arrays used again and again: a new one of some megabytes costs as much in page faults as a filter in arithmetic."""

from __future__ import annotations

import math

import numpy as np

from detection.matrices import Floats


class Workspace:
    """Memory by name; what is taken under a name is good until that name is taken again."""

    def __init__(self) -> None:
        self._arrays: dict[str, Floats] = {}

    def take(self, name: str, *shape: int) -> Floats:
        """An array of this shape; it holds whatever was left in it."""
        n = math.prod(shape)
        array = self._arrays.get(name)
        if array is None or len(array) < n:
            array = self._arrays[name] = np.zeros(n)
        return array[:n].reshape(shape)
