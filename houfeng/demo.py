"""The demo's feed: real records played into the SeedLink server's ring as if they happened now."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from acquisition.server import Ring
from houfeng.demo_records import (
    Recording,
    builtin_recording,
    data_start_ns,
    due_ns,
    folder_recording,
    schedule,
)
from houfeng.errors import ConfigError, RecordError
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from stations.settings import SiteSettings

# The clock may be set while the feed waits: it looks again at least this often.
_LOOK_S = 0.25

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StationFault:
    """How one station misbehaves, so that the health page has something to show.

    From the demo's start it loses `gap_s` seconds of records in every `gap_every_s`, none if that is 0; after
    `silent_after_s` it sends nothing for `silent_s`, then all begins anew. The station chosen, UH4, is not needed: all
    three earthquakes are on the other three stations.

    Raises
    ------
    ConfigError : if a time is not positive, or the gap longer than its period
    """

    station_id: str = "BW.UH4"
    gap_s: float = 4.0
    gap_every_s: float = 20.0
    silent_after_s: float = 90.0
    silent_s: float = 120.0

    def __post_init__(self) -> None:
        if not self.gap_s >= 0:
            raise ConfigError(f"demo.fault.gap_s: 0 s or more is needed, {self.gap_s} came")
        for key in ("gap_every_s", "silent_after_s", "silent_s"):
            if not getattr(self, key) > 0:
                raise ConfigError(f"demo.fault.{key}: more than 0 s is needed, {getattr(self, key)} came")
        if self.gap_s >= self.gap_every_s:
            raise ConfigError(
                f"demo.fault.gap_s: less than gap_every_s ({self.gap_every_s:g} s) is needed, {self.gap_s:g} s came"
            )

    def drops(self, source_id: SourceId, elapsed_s: float) -> bool:
        """Whether a record that is complete `elapsed_s` seconds after the start gets lost."""
        if source_id.station_id != self.station_id:
            return False
        phase_s = elapsed_s % (self.silent_after_s + self.silent_s)
        if phase_s >= self.silent_after_s:
            return True
        return phase_s % self.gap_every_s >= self.gap_every_s - self.gap_s


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What the demo plays and how.

    Parameters
    ----------
    data : folder of miniSEED and StationXML; empty plays the records that come with ObsPy, in a loop
    speed : data seconds per second; only with `data`, the loop runs in real time
    record_s : longest record, seconds
    faults : how stations misbehave; none leaves all well. Only stations that are played can misbehave.

    Raises
    ------
    ConfigError : if speed or record length is not positive, or speed is given without data
    """

    data: str = ""
    speed: float = 1.0
    record_s: float = 1.0
    faults: tuple[StationFault, ...] = (StationFault(),)

    def __post_init__(self) -> None:
        if not 0 < self.speed < float("inf"):
            raise ConfigError(f"demo.speed: more than 0 is needed, {self.speed} came")
        if not 0 < self.record_s < float("inf"):
            raise ConfigError(f"demo.record_s: more than 0 s is needed, {self.record_s} came")
        if self.speed != 1 and not self.data:
            raise ConfigError(
                f"demo.speed: {self.speed:g} has no effect without data: the demo's own records run in real time"
            )


class DemoFeed:
    """Plays a recording into a ring, in a thread of its own, until it ends or the feed is closed.

    Every record enters the ring at the wall-clock moment at which its last sample happens (see
    `demo_records.data_start_ns` for other speeds than 1), so that latency downstream is real.

    Parameters
    ----------
    ring : where the records go
    settings : what to play
    recording : to be played in place of the settings' data

    Raises
    ------
    SourceError : if there is nothing to play; the message names the folder

    Examples
    --------
    >>> with DemoFeed(ring) as feed:  # doctest: +SKIP
    ...     feed.finished.wait()
    """

    def __init__(self, ring: Ring, settings: DemoSettings | None = None, recording: Recording | None = None) -> None:
        self.settings = settings or DemoSettings()
        self.recording = recording or (
            folder_recording(Path(self.settings.data)) if self.settings.data else builtin_recording()
        )
        self.finished = threading.Event()
        self._ring = ring
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-feed", daemon=True)

    def start(self) -> None:
        """Begin to play: data time starts now."""
        self._thread.start()

    def close(self) -> None:
        """Stop playing and wait for the thread; calling it twice is allowed."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            self._play()
        except Exception:
            _log.exception("the demo's feed stopped")
        finally:
            self.finished.set()

    def _play(self) -> None:
        settings = self.settings
        wall_ns = now_ns()
        start_ns = data_start_ns(self.recording, wall_ns, settings.speed)
        for timed in schedule(self.recording, start_ns, settings.record_s):
            elapsed_s = (timed.end_ns - start_ns) / NS_PER_S
            if any(fault.drops(timed.source_id, elapsed_s) for fault in settings.faults):
                continue
            if not self._wait_until(due_ns(timed.end_ns, start_ns, wall_ns, settings.speed)):
                return
            try:
                self._ring.append(timed.raw)
            except RecordError as error:
                _log.warning("not played: %s", error)
        _log.info("the recording has been played to its end")

    def _wait_until(self, t_ns: int) -> bool:
        """Wait for a moment; False when the feed is closed before it."""
        while (left_ns := t_ns - now_ns()) > 0:
            if self._stop.wait(min(left_ns / NS_PER_S, _LOOK_S)):
                return False
        return not self._stop.is_set()


# Sediments over the rock that the geothermal wells of Unterhaching reach 3.4 km down: round figures, of no study.
DEMO_CRUST = {"model": "sediments over rock", "layers": [[0.0, 3.5, 1.9], [3.4, 5.8, 3.3]], "default_depth_km": 4.5}


def demo_sites() -> tuple[SiteSettings, ...]:
    """The stations of the demo's own records.

    References
    ----------
    Coordinates: obspy/io/nlloc/tests/data/nlloc_custom.hyp (EPSG:31468), converted to WGS 84.
    """
    places = (
        ("UH1", 48.08151, 11.63604),
        ("UH2", 48.05787, 11.68201),
        ("UH3", 48.03080, 11.63876),
        ("UH4", 48.03229, 11.53557),
    )
    return tuple(
        SiteSettings(
            code=f"BW.{code}",
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            elevation_m=400.0,
            name=f"Unterhaching {code[-1]}",
            country="DE",
        )
        for code, latitude_deg, longitude_deg in places
    )
