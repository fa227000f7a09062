"""Which records a day file holds, in four bytes a record: the file itself is asked for the rest."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from houfeng.times import NS_PER_S

_DAY_NS = 86_400 * NS_PER_S
# The coarsest unit of a day that 32 bits can count; records that begin closer together share a number.
_UNIT_NS = -(-_DAY_NS // 2**32)


class RecordIndex:
    """Finds the records that may begin at a time.

    3,000 channels of 4-s records make 65 million a day: as a dictionary of times and checksums they took more than
    10 GB, as numbers of 20-microsecond units since midnight they take 260 MB. Offsets follow from the lengths, which
    are nearly always the same: a new run begins where they are not. `newest_ns` is the latest time noted, ns UTC.
    """

    def __init__(self) -> None:
        self._units = array("I")
        self._run_first = array("Q")  # number of the first record of each run
        self._run_offset = array("Q")
        self._run_length = array("Q")
        self.newest_ns = -(2**63)
        self._end = -1

    def __len__(self) -> int:
        return len(self._units)

    def add(self, start_ns: int, offset: int, length: int) -> None:
        """Note a record behind those noted before.

        Parameters
        ----------
        start_ns : ns UTC
        offset, length : bytes
        """
        if offset != self._end or length != self._run_length[-1]:
            self._run_first.append(len(self._units))
            self._run_offset.append(offset)
            self._run_length.append(length)
        self._end = offset + length
        self._units.append(start_ns % _DAY_NS // _UNIT_NS)
        if start_ns > self.newest_ns:
            self.newest_ns = start_ns

    def candidates(self, start_ns: int) -> Iterator[tuple[int, int]]:
        """Offset and length of each record that may begin at this time: all that do, rarely another."""
        if start_ns > self.newest_ns:  # nearly always: records come in order
            return
        units = np.frombuffer(self._units, dtype=np.uint32)
        found = np.flatnonzero(units == start_ns % _DAY_NS // _UNIT_NS).tolist()
        del units  # an array that is looked at cannot grow
        for number in found:
            run = bisect_right(self._run_first, number) - 1
            length = self._run_length[run]
            yield self._run_offset[run] + (number - self._run_first[run]) * length, length
