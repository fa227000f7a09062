"""What can be replayed: miniSEED, and SAC and strong motion made into it; what cannot is named with the reason."""

from __future__ import annotations

import os
import struct
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.records import pack
from acquisition.replay import RecordFile, inspect
from engineering.formats import csmip_raw
from engineering.formats import read as read_motion
from engineering.formats.csmip_raw import Uncorrected
from engineering.formats.lines import File
from engineering.motion import Component
from houfeng.codes import SourceId
from houfeng.errors import MotionError, RecordError, SourceError, SourceIdError
from houfeng.station_files import is_station_file
from stations.inventory import Site

_SAC_HEADER = 632  # bytes; the version of the header is its 77th word (SAC manual, "SAC data file format")
_SAC_VERSION_AT, _SAC_VERSIONS = 304, (6, 7)
# Displacement, velocity and acceleration; volts and "unknown" may be counts.
_SAC_PHYSICAL = {6: "displacement in nm", 7: "velocity in nm/s", 8: "acceleration in nm/s/s"}
_STRONG_MOTION = (".asc", ".v1", ".v2", ".v1a", ".v2a")
_CHANNEL_LETTERS = 3
_MOST_NAMED = 3
_RECORD_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class _Converted:
    """Records that were made of a file.

    Parameters
    ----------
    source_ids : channels
    start_ns : time of the first sample, ns UTC
    records : miniSEED 3
    remark : what the samples are if not counts
    site : where the station stands, if the file says so
    """

    source_ids: list[SourceId]
    start_ns: int
    records: list[bytes]
    remark: str
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What is to be replayed.

    Parameters
    ----------
    files : of records; those that were converted are somewhere else than what they were made from
    documents : StationXML and dataless SEED
    folder : all that was named lies in it
    originals : converted file -> what it was made from
    physical : channels whose samples are no counts: the metadata's response is not theirs
    remarks : a line for each file that was left out or needs to be explained
    sites : where stations stand by the headers of their records; whatever else is known of them has the last word
    """

    files: tuple[RecordFile, ...]
    documents: tuple[Path, ...]
    folder: Path
    originals: Mapping[Path, Path] = field(default_factory=dict)
    physical: frozenset[SourceId] = frozenset()
    remarks: tuple[str, ...] = ()
    sites: Mapping[str, Site] = field(default_factory=dict)


def find_sources(paths: Sequence[Path], scratch: Path) -> Sources:
    """What files and folders hold; the quarantine of an SDS archive is left out.

    Parameters
    ----------
    paths : files of miniSEED 2 or 3, SAC, strong motion, StationXML or dataless SEED, and folders of them, mixed
    scratch : an empty folder that receives what is made from others; it must last as long as the replay

    Raises
    ------
    SourceError : if one is not there, or none of them holds records; with the reasons
    """
    made = _Made(scratch)
    for path in _walked(paths):
        made.take(path, is_named=path in paths)
    folders = [path if path.is_dir() else path.parent for path in paths]
    if not made.files:
        said = "".join(f"; {remark}" for remark in made.remarks[:5])
        raise SourceError(
            f"{', '.join(map(str, paths))}: holds no miniSEED, SAC or strong-motion file that can be replayed{said}"
        )
    return Sources(
        tuple(made.files),
        tuple(made.documents),
        folders[0] if len(folders) == 1 else Path(os.path.commonpath([folder.absolute() for folder in folders])),
        made.originals,
        frozenset(made.physical),
        tuple(made.remarks),
        made.sites,
    )


def _walked(paths: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise SourceError(f"{path}: a file or folder of records is needed, there is none of this name")
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            if file.is_file() and "quarantine" not in file.relative_to(path).parts and file.absolute() not in seen:
                seen.add(file.absolute())
                yield file


class _Made:
    """What was found so far; see `Sources`."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self.files: list[RecordFile] = []
        self.documents: list[Path] = []
        self.originals: dict[Path, Path] = {}
        self.physical: set[SourceId] = set()
        self.sites: dict[str, Site] = {}
        self.explained: list[str] = []
        self._left_out: dict[str, list[Path]] = {}
        self._taken: dict[tuple[SourceId, int], Path] = {}

    @property
    def remarks(self) -> list[str]:
        """A line for each file that was left out, or for all with one reason where they are many; and what was made."""
        said = []
        for why, paths in self._left_out.items():
            if len(paths) > _MOST_NAMED:
                said.append(f"{paths[0]} and {len(paths) - 1} more files: left out: {why}")
            else:
                said += [f"{path}: left out: {why}" for path in paths]
        return said + self.explained

    def take(self, path: Path, *, is_named: bool) -> None:
        """Take in a file; one that was named by itself is never passed over in silence."""
        if is_station_file(path):
            self.documents.append(path)
        elif (file := inspect(path)) is not None:
            self.files.append(file)
        elif is_sac(path):
            self._take_made(path, _from_sac)
        elif path.suffix.lower() in _STRONG_MOTION:
            self._take_made(path, _from_strong_motion)
        elif is_named:
            why = "it holds no sound record of miniSEED, SAC or strong motion, and describes no station"
            self._left_out.setdefault(why, []).append(path)

    def _take_made(self, path: Path, make: Callable[[Path], _Converted]) -> None:
        target = self._scratch / f"{len(self.originals)}.mseed3"
        try:
            made = make(path)
            keys = [(each, made.start_ns) for each in made.source_ids]
            same = next((self._taken[key] for key in keys if key in self._taken), None)
            if same is not None:
                raise SourceError(f"{made.source_ids[0]} begins at the same time in {same.name}, which is taken")
        except (MotionError, RecordError, SourceIdError, SourceError) as error:
            self._left_out.setdefault(str(error).removeprefix(f"{path.name}: "), []).append(path)
            return
        target.write_bytes(b"".join(made.records))
        self._taken.update(dict.fromkeys(keys, path))
        self.files.append(RecordFile(made.source_ids[0], made.start_ns, target, target.stat().st_size))
        self.originals[target] = path
        if made.site is not None:
            self.sites.setdefault(made.site.station_id, made.site)
        if made.remark:
            self.physical.update(made.source_ids)
            said = ", ".join(map(str, made.source_ids))
            self.explained.append(f"{path}: {said}: samples are {made.remark}: onsets are read, no magnitudes made")


def is_sac(path: Path) -> bool:
    """Whether a file has the header of binary SAC, in either order of bytes."""
    if path.stat().st_size <= _SAC_HEADER:
        return False
    with path.open("rb") as handle:
        head = handle.read(_SAC_HEADER)
    return any(struct.unpack_from(f"{order}i", head, _SAC_VERSION_AT)[0] in _SAC_VERSIONS for order in "<>")


def _from_sac(path: Path) -> _Converted:
    import obspy  # takes a second to import, and few replay SAC

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sample spacing read from SAC", UserWarning)
        try:
            (trace,) = obspy.read(str(path), format="SAC")
        except Exception as error:
            raise SourceError(f"it is no sound SAC file: {error}") from error
    header = trace.stats
    if not header.network:
        raise SourceError("KNETWK is blank: the code of a network is needed")
    if len(header.channel) != _CHANNEL_LETTERS:
        raise SourceError(f"KCMPNM is {header.channel!r}: a channel of three letters, such as HHZ, is needed")
    source_id = SourceId.parse(f"{header.network}.{header.station}.{header.location}.{header.channel}")
    if not np.isfinite(trace.data).all():
        raise SourceError(f"{source_id}: some of its samples are no numbers")
    counts = np.rint(trace.data)
    is_whole = bool((counts == trace.data).all()) and float(np.abs(counts).max(initial=0)) < 2**31
    said = _SAC_PHYSICAL.get(int(header.sac.get("idep", 5)), "" if is_whole else "numbers that are no counts")
    samples = counts.astype(np.int32) if is_whole else trace.data.astype(np.float32)
    records = pack(source_id, header.starttime.ns, float(header.sampling_rate), samples, _RECORD_LENGTH, version=3)
    return _Converted([source_id], header.starttime.ns, records, said, _site(source_id.station_id, header.sac))


def _site(station_id: str, header: Mapping[str, Any]) -> Site | None:
    """Where the header says that the station stands; an elevation that it leaves open is that of the sea."""
    latitude, longitude = (float(header.get(key, np.nan)) for key in ("stla", "stlo"))
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # also where one is none
        return None
    return Site(station_id, latitude, longitude, float(header.get("stel", 0.0)))


def _from_strong_motion(path: Path) -> _Converted:
    """Of a format whose files say, or let tell, which channels they are of and when their samples were taken."""
    file, wanted = File.of(path.name, path.read_bytes()), "`houfeng assess records` or a project's [[record]] takes it"
    axes: Sequence[Component | Uncorrected] = csmip_raw.read(file) if csmip_raw.is_format(file) else read_motion(file)
    records: list[tuple[int, bytes]] = []
    source_ids = []
    for axis in axes:
        if axis.source_id is None:
            raise SourceError(
                f"{axis.label}: no FDSN channel follows from its header: a known owner (CGS, GNS Science), azimuths"
                f" and one sensor of three axes at most are needed; {wanted}"
            )
        if axis.start_ns is None:
            raise SourceError(f"{axis.label}: its header does not say when it begins, in UTC; {wanted}")
        sign = -1 if axis.name == "Down" else 1  # Z is upwards
        samples = (sign * axis.acceleration_m_s2).astype(np.float32)
        packed = pack(axis.source_id, axis.start_ns, axis.rate_hz, samples, _RECORD_LENGTH, version=3)
        records += enumerate(packed)
        source_ids.append(axis.source_id)
    # in turns, as a recorder would have sent them: what is compared between axes is then read together
    records.sort(key=lambda numbered: numbered[0])
    start_ns = min(axis.start_ns for axis in axes if axis.start_ns is not None)
    return _Converted(source_ids, start_ns, [record for _, record in records], "acceleration in m/s/s")
