"""A process whose wall clock is set while it runs (libfaketime); its monotonic clock stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest


class WallClock:
    """The wall clock of the processes that are started with its environment.

    They must not call `time.sleep`: libfaketime 0.9.10 refuses the absolute times that Python gives the kernel there.

    Parameters
    ----------
    folder : for the file that says how far the clock is set off

    The test is skipped where libfaketime is absent.
    """

    def __init__(self, folder: Path) -> None:
        # Without a lock, as in libfaketime.so, one thread reads the true time while another reads the file.
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        if library is None:
            pytest.skip("libfaketime is not installed (Debian: apt install faketime)")
        self._path = folder / "clock"
        self.offset_s = 0
        self.set(0)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, offset_s: int) -> None:
        """Set the clock to so many seconds after the true time."""
        self.offset_s = offset_s
        new = self._path.with_suffix(".new")
        new.write_text(f"{offset_s:+d}\n")
        new.replace(self._path)  # whoever reads it meanwhile reads the one or the other
