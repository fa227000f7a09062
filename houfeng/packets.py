"""One record's samples on their way through the system; `houfeng.types` is where the rooms import it from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from houfeng.codes import SourceId
from houfeng.times import format_ns, samples_ns

Samples = NDArray[Any]
# The samples of a record's bytes; raises RecordError when they cannot be unpacked.
Unpack = Callable[[bytes], Samples]
# The same of many records, behind ROOM samples of anything.
UnpackAll = Callable[[memoryview], Samples]
ROOM = 4096


class _Making:
    # a packet while it is made: this one can be assigned to
    __slots__ = (
        *("source_id", "start_ns", "sample_rate_hz", "n_samples", "raw", "timing_quality"),
        *("sequence", "server_start", "received_ns", "_samples"),
    )
    source_id: SourceId
    start_ns: int
    sample_rate_hz: float
    n_samples: int
    raw: bytes
    timing_quality: int | None
    sequence: int | None
    server_start: str
    received_ns: int
    _samples: Samples | Unpack


class Packet(_Making):
    """One miniSEED record: what its header says, its bytes, and its samples when somebody asks for them.

    Immutable, compared by identity. A frozen dataclass of the same fields takes 2.5 times as long to make.

    Parameters
    ----------
    source_id : stream it belongs to
    start_ns : time of the first sample, ns UTC
    sample_rate_hz : samples per second; 0 for a log record, which has no samples
    samples : (n,) counts, int32, float32 or float64; read-only. Or what unpacks them from `raw` on their first use:
        most records are archived and looked at by their header alone
    raw : the record's bytes as received; what the archive keeps
    timing_quality : 0-100 % (blockette 1001 or FDSN.Time.Quality), None when the record has none
    sequence : number the server had it under, None when it did not come from a server
    server_start : when that server was started, as it writes it: the same number of another run of the server may be
        another packet. Empty where it does not say
    received_ns : when it arrived; for health only, detection never reads it
    n_samples : how many there are, when they are not unpacked yet
    """

    __slots__ = ()

    def __new__(
        cls,
        source_id: SourceId,
        start_ns: int,
        sample_rate_hz: float,
        samples: Samples | Unpack,
        raw: bytes,
        timing_quality: int | None = None,
        sequence: int | None = None,
        server_start: str = "",
        received_ns: int = 0,
        n_samples: int | None = None,
    ) -> Self:
        made = _Making()
        made.source_id, made.start_ns, made.sample_rate_hz = source_id, start_ns, sample_rate_hz
        made._samples, made.raw, made.timing_quality = samples, raw, timing_quality
        made.sequence, made.server_start, made.received_ns = sequence, server_start, received_ns
        made.n_samples = len(samples) if n_samples is None else n_samples  # type: ignore[arg-type]  # an array then
        made.__class__ = cls  # from here on nothing can be assigned
        return made  # type: ignore[return-value]

    @property
    def samples(self) -> Samples:
        """(n_samples,) counts; read-only.

        Raises
        ------
        RecordError : if they cannot be unpacked; `acquisition.unpacking` sorts out such records before detection
        """
        samples = self._samples
        if callable(samples):  # two threads that ask at once unpack twice, and keep one of two equal arrays
            samples = samples(self.raw)
            self.keep(samples)
        return samples

    def keep(self, samples: Samples) -> None:
        """Take samples that somebody unpacked from `raw`, many records at once: read-only, `n_samples` of them."""
        object.__setattr__(self, "_samples", samples)

    @property
    def records(self) -> Sequence[Packet]:
        """A packet of each record; of most it is this one alone, see `JoinedRecords`."""
        return (self,)

    @property
    def n_records(self) -> int:
        """How many there are."""
        return 1

    @property
    def n_bytes(self) -> int:
        """Length of the record."""
        return len(self.raw)

    @property
    def next_ns(self) -> int:
        """When the following packet should start; the end of the time this packet covers."""
        if not self.sample_rate_hz:
            return self.start_ns
        return self.start_ns + samples_ns(self.n_samples, self.sample_rate_hz)

    def __setattr__(self, name: str, value: object = None) -> None:
        raise FrozenInstanceError(f"{self}: cannot assign to {name!r}")

    __delattr__ = __setattr__

    def __repr__(self) -> str:
        extent = f"{self.n_samples} samples at {self.sample_rate_hz:g} Hz"
        return f"Packet({self.source_id}, {format_ns(self.start_ns)}, {extent})"


class JoinedRecords(Packet):
    """Records of one stream that adjoin, as one packet: a replay of small records spends more on each than on samples.

    Parameters
    ----------
    source_id, sample_rate_hz : of all of them
    starts_ns : (k,) time of each record's first sample, ns UTC
    n_each : (k,) samples of each
    content : the bytes of all, each record of the same length
    unpack : of one of these records
    unpack_all : of the bytes of all
    timing_qualities : of each, as of `Packet`; None where they have none
    """

    __slots__ = ("_roomy", "_unpack", "_unpack_all", "content", "n_each", "starts_ns", "timing_qualities")
    content: memoryview
    n_each: NDArray[np.int64]
    starts_ns: NDArray[np.int64]
    timing_qualities: Sequence[int] | None
    _roomy: Samples | None
    _unpack: Unpack
    _unpack_all: UnpackAll

    def __new__(
        cls,
        source_id: SourceId,
        sample_rate_hz: float,
        starts_ns: NDArray[np.int64],
        n_each: NDArray[np.int64],
        content: memoryview,
        unpack: Unpack,
        unpack_all: UnpackAll,
        timing_qualities: Sequence[int] | None,
    ) -> Self:
        made = object.__new__(cls)
        fields = {
            "source_id": source_id,
            "start_ns": int(starts_ns[0]),
            "sample_rate_hz": sample_rate_hz,
            "n_samples": int(n_each.sum()),
            "timing_quality": None if timing_qualities is None else min(timing_qualities),
            "sequence": None,
            "server_start": "",
            "received_ns": 0,
            "content": content,
            "starts_ns": starts_ns,
            "n_each": n_each,
            "timing_qualities": timing_qualities,
            "_samples": unpack,
            "_unpack": unpack,
            "_unpack_all": unpack_all,
            "_roomy": None,
        }
        for name, value in fields.items():
            object.__setattr__(made, name, value)
        return made

    @property
    def raw(self) -> bytes:  # type: ignore[override]  # nobody assigns to it: a packet is immutable
        """A copy of the bytes of all."""
        return bytes(self.content)

    @property
    def n_bytes(self) -> int:
        """Length of all records."""
        return len(self.content)

    @property
    def samples(self) -> Samples:
        """(n_samples,) counts of all; as `Packet.samples`."""
        if not callable(self._samples):
            return self._samples
        roomy = self._unpack_all(self.content)
        samples = roomy[ROOM:]
        samples.flags.writeable = False
        object.__setattr__(self, "_roomy", roomy)
        self.keep(samples)
        return samples

    def forget(self) -> None:
        """Give up the samples; whoever asks for them again has them unpacked again."""
        object.__setattr__(self, "_roomy", None)
        object.__setattr__(self, "_samples", self._unpack)

    def behind(self, before: Samples) -> Samples:
        """The samples behind others, in one array: a copy, but for the first who asks if there is room before them."""
        samples, roomy = self.samples, self._roomy
        if roomy is None or len(before) > ROOM or before.dtype != roomy.dtype:
            return np.concatenate((before, samples))
        object.__setattr__(self, "_roomy", None)
        joined = roomy[ROOM - len(before) :]
        joined[: len(before)] = before
        return joined

    @property
    def records(self) -> Sequence[Packet]:
        """A packet of each record; its samples are unpacked if those of all are."""
        length, samples = self.n_bytes // self.n_records, self._samples
        ends = self.n_each.cumsum()
        made = []
        for number, (start_ns, end, n) in enumerate(
            zip(self.starts_ns.tolist(), ends.tolist(), self.n_each.tolist(), strict=True)
        ):
            raw = bytes(self.content[number * length : (number + 1) * length])
            quality = None if self.timing_qualities is None else self.timing_qualities[number]
            own = samples if callable(samples) else samples[end - n : end]
            made.append(Packet(self.source_id, start_ns, self.sample_rate_hz, own, raw, quality, n_samples=n))
        return made

    @property
    def n_records(self) -> int:
        """How many there are."""
        return len(self.starts_ns)

    @property
    def next_ns(self) -> int:
        """When what follows the last record should start."""
        return int(self.starts_ns[-1]) + samples_ns(int(self.n_each[-1]), self.sample_rate_hz)


def readonly(samples: Samples) -> Samples:
    """A copy that nobody can write to: packets outlive the decoder's buffer and are shared between rooms."""
    kept = np.array(samples)
    kept.flags.writeable = False
    return kept
