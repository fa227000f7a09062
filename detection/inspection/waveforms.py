"""Recorded ground motion around an event, wherever it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from houfeng.stretch import Stretch
from houfeng.types import SourceId


class Waveforms(Protocol):
    """Where samples can be read again: the archive of a daemon, the files of a replay."""

    def read(
        self, source_ids: Collection[SourceId], start_ns: int, end_ns: int
    ) -> Mapping[SourceId, tuple[Stretch, ...]]:
        """What is recorded of channels in a window: the same for the same records, in whatever order they came.

        Parameters
        ----------
        source_ids : channels
        start_ns, end_ns : samples at or after start and before end, ns UTC

        Returns
        -------
        stretches : by channel, earliest first, none shared by two; a channel without samples is left out

        Raises
        ------
        HoufengError, OSError : if what is kept cannot be read just now
        """
        ...
