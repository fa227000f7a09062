"""Triggers of several stations at once: how often the network as a whole would be called up by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detection.association.overlaps import coincidences
from detection.tuning.scoring import Truth
from houfeng.times import seconds_ns
from houfeng.types import Pick


@dataclass(frozen=True, slots=True)
class Together:
    """What stations triggered on together.

    Parameters
    ----------
    n : coincidences
    n_false : those of which most triggers are of nothing known
    """

    n: int
    n_false: int


def together(picks: Sequence[Pick], truths: Mapping[str, Truth], least: int, window_s: float) -> Together:
    """Coincidences of the P picks of a network.

    Parameters
    ----------
    picks : of one combination of settings
    truths : by station; picks of others do not count
    least : stations
    window_s : so long a trigger is taken to last
    """
    station_ids = sorted(truths)
    index = {station_id: number for number, station_id in enumerate(station_ids)}
    some = [pick for pick in picks if pick.phase == "P" and pick.source_id.station_id in index]
    on_ns = np.array([pick.onset_ns for pick in some], np.int64)
    stations = np.array([index[pick.source_id.station_id] for pick in some], np.int64)
    found = coincidences(on_ns, on_ns + seconds_ns(window_s), stations, np.ones(len(station_ids)), least)
    n_false = 0
    for members in found.members:
        explained = [truths[station_ids[stations[one]]].explains(int(on_ns[one])) for one in members.tolist()]
        n_false += 2 * sum(explained) < len(explained)
    return Together(len(found), n_false)
