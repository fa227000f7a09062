"""Packets of one channel -> stretches of samples, whatever order the packets come in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detection.blocks import LARGEST_COUNT
from detection.plan import Floats
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Packet


def stretches(packets: Iterable[Packet], start_ns: int, end_ns: int) -> tuple[Stretch, ...]:
    """Samples between two times without those that came twice.

    A packet that starts within half a sample of where the one before it ended continues it, as in detection. Of samples
    that two packets have, those of the packet that starts first are kept, of two that start together those of the
    longer one: the same packets in any other order give the same. Values that are no count (NaN, infinite, beyond
    1e15) end a stretch.

    Parameters
    ----------
    packets : of one channel
    start_ns, end_ns : samples at or after start and before end, ns UTC

    Returns
    -------
    stretches : earliest first
    """
    found: list[_Growing] = []
    for packet in sorted(packets, key=_order):
        if packet.n_samples and not (found and found[-1].takes(packet)):
            found.append(_Growing(packet))
    cut = (stretch for each in found for stretch in each.cut(start_ns, end_ns))
    return tuple(sorted(cut, key=lambda stretch: stretch.start_ns))


def _order(packet: Packet) -> tuple[int, float, int, bytes]:
    return packet.start_ns, packet.sample_rate_hz, -packet.n_samples, packet.raw


class _Growing:
    """A stretch that the next packet may continue."""

    def __init__(self, packet: Packet) -> None:
        self._start_ns = packet.start_ns
        self._rate_hz = packet.sample_rate_hz
        self._parts = [packet.samples]
        self._n = packet.n_samples

    def takes(self, packet: Packet) -> bool:
        """Whether the packet, which starts no earlier than those before it, goes on where they ended or sooner."""
        if packet.sample_rate_hz != self._rate_hz:
            # a digitiser that was set anew: what overlaps is not told apart, the stretches are both there
            return False
        next_ns = self._start_ns + samples_ns(self._n, self._rate_hz)
        ahead = (packet.start_ns - next_ns) * self._rate_hz / NS_PER_S
        if ahead > 0.5:
            return False
        new = packet.samples[max(round(-ahead), 0) :]
        if len(new):
            self._parts.append(new)
            self._n += len(new)
        return True

    def cut(self, start_ns: int, end_ns: int) -> Iterable[Stretch]:
        """What lies between two times, without values that are none."""
        first = max(-((self._start_ns - start_ns) * self._rate_hz // NS_PER_S), 0)
        last = min(-((self._start_ns - end_ns) * self._rate_hz // NS_PER_S), self._n)
        if last <= first:
            return
        # copied once: of a day of 100 Hz that is 70 MB
        samples = np.concatenate(self._parts, dtype=np.float64)[int(first) : int(last)]
        for begin, end in _sound(samples):
            # of a day of 100 Hz a copy takes 30 ms
            kept = samples if end - begin == len(samples) else samples[begin:end].copy()
            kept.flags.writeable = False
            yield Stretch(self._start_ns + samples_ns(int(first) + begin, self._rate_hz), self._rate_hz, kept)


def _sound(samples: Floats) -> list[tuple[int, int]]:
    """Begin and end of each run of values that are counts."""
    if samples.min() > -LARGEST_COUNT and samples.max() < LARGEST_COUNT:  # neither is true of NaN
        return [(0, len(samples))]
    is_sound = np.abs(samples) < LARGEST_COUNT
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_sound, [False]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
