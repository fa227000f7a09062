"""S onsets of an event's stations, read on the horizontals of the sensor that has P."""

from __future__ import annotations

from collections.abc import Mapping

from detection.inspection.sensors import horizontals
from detection.onset.s import METHOD, VERSION, SOnset, find_s
from detection.plan import Floats
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import Pick, SourceId
from stations.inventory import Inventory

# Amplitude ratio of S to what is before it at which its time is believed although no origin tells it.
_CLEAR_SNR = 3.0


def read_s(
    pick: Pick,
    s_ns: tuple[tuple[int, int], ...],
    traces: Mapping[SourceId, tuple[Stretch, ...]],
    inventory: Inventory,
) -> Pick | None:
    """The S onset that follows a P onset; None where it is not clear, or not recorded from P to behind it.

    Parameters
    ----------
    pick : P
    s_ns : earliest and latest time of S, ns UTC; where there are several, the first with a clear onset counts
    traces : of the sensor's components, what is recorded in the window (`Window`) and nothing else
    inventory : for the directions of components
    """
    pair = horizontals(traces, pick.source_id, inventory, pick.onset_ns)
    if pair is None:
        return None
    for earliest_ns, latest_ns in s_ns:
        both = _together([_around(traces[channel], pick.onset_ns, latest_ns) for channel in pair])
        if both is None:
            break
        start_ns, rate_hz, north, east = both
        n_p, *expected = (
            round((t_ns - start_ns) * rate_hz / NS_PER_S) for t_ns in (pick.onset_ns, earliest_ns, latest_ns)
        )
        onset = find_s(north, east, n_p, rate_hz, (expected[0], expected[1]))
        if onset is not None and (len(s_ns) == 1 or onset.snr >= _CLEAR_SNR):
            return _pick(pick, pair[0], start_ns + samples_ns(onset.index, rate_hz), onset)
    return None


def _pick(p_pick: Pick, source_id: SourceId, onset_ns: int, onset: SOnset) -> Pick:
    return Pick(
        onset_ns=onset_ns,
        source_id=source_id,
        phase="S",
        method=METHOD,
        version=VERSION,
        uncertainty_s=onset.uncertainty_s,
        snr=onset.snr,
        band=p_pick.band,
        trigger_ns=p_pick.trigger_ns,
        spread_s=onset.spread_s,
    )


def _around(found: tuple[Stretch, ...], p_ns: int, needed_ns: int) -> Stretch | None:
    """The stretch that has P, and goes on as long as is needed."""
    for stretch in found:
        if stretch.start_ns < p_ns and stretch.end_ns >= needed_ns:
            return stretch
    return None


def _together(pair: list[Stretch | None]) -> tuple[int, float, Floats, Floats] | None:
    """The same samples of two components: time of the first, rate, and both."""
    first, second = pair
    if first is None or second is None or first.rate_hz != second.rate_hz:
        return None
    start_ns = max(first.start_ns, second.start_ns)
    begins = [stretch.index(start_ns) for stretch in (first, second)]
    n = min(len(stretch.samples) - begin for stretch, begin in zip((first, second), begins, strict=True))
    parts = [stretch.samples[begin : begin + n] for stretch, begin in zip((first, second), begins, strict=True)]
    return first.start_ns + samples_ns(begins[0], first.rate_hz), first.rate_hz, parts[0], parts[1]
