"""What a replay was given, channel by channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from database.run_records import RunChannel
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId


class Tally:
    """Counts records, samples and gaps: the same however the records are cut into batches.

    Parameters
    ----------
    channels : what was counted before
    """

    def __init__(self, channels: Sequence[RunChannel] = ()) -> None:
        self._of: dict[SourceId, list[int]] = {}
        self._vetoed: dict[SourceId, Mapping[str, int]] = {}
        self.take(channels)

    def take(self, channels: Sequence[RunChannel]) -> None:
        """Take over what somebody else has counted of channels, from their beginning on."""
        for each in channels:
            source_id = SourceId.parse(each.source_id)
            counts = (each.n_records, each.n_samples, each.start_ns, each.end_ns, each.n_gaps, each.gap_ns)
            self._of[source_id], self._vetoed[source_id] = list(counts), each.vetoed

    def count(self, packets: Iterable[Packet]) -> None:
        """Take in records, of each channel in the order of its files; those without samples are none of its.

        Of joined records the first one alone can follow a gap.
        """
        known = self._of
        for packet in packets:
            n_samples, start_ns = packet.n_samples, packet.start_ns
            if not n_samples:
                continue
            next_ns, of_channel = packet.next_ns, known.get(packet.source_id)
            if of_channel is None:
                known[packet.source_id] = [packet.n_records, n_samples, start_ns, next_ns, 0, 0]
                continue
            of_channel[0] += packet.n_records
            of_channel[1] += n_samples
            missing_ns = start_ns - of_channel[3]
            if missing_ns > 0 and missing_ns * packet.sample_rate_hz > NS_PER_S / 2:
                of_channel[4] += 1
                of_channel[5] += missing_ns
            if start_ns < of_channel[2]:
                of_channel[2] = start_ns
            if next_ns > of_channel[3]:
                of_channel[3] = next_ns

    def refused(self, vetoed: Mapping[SourceId, Mapping[str, int]]) -> None:
        """Take in how many triggers of each channel were no onsets, by reason, from its beginning on."""
        self._vetoed.update(vetoed)

    def channels(self) -> list[RunChannel]:
        """Each channel with what is counted of it, by name."""
        found = []
        for source_id, (n_records, n_samples, start_ns, end_ns, n_gaps, gap_ns) in sorted(self._of.items()):
            vetoed = dict(sorted(self._vetoed.get(source_id, {}).items()))
            found.append(RunChannel(str(source_id), n_records, n_samples, start_ns, end_ns, n_gaps, gap_ns, vetoed))
        return found

    @property
    def n_records(self) -> int:
        """Of all channels."""
        return sum(each[0] for each in self._of.values())

    @property
    def n_samples(self) -> int:
        """Of all channels."""
        return sum(each[1] for each in self._of.values())

    @property
    def span(self) -> tuple[int | None, int | None]:
        """From when to when there are samples, ns UTC; None where there are none."""
        starts, ends = ([each[at] for each in self._of.values()] for at in (2, 3))
        return min(starts, default=None), max(ends, default=None)
