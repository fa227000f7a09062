"""A wide network whose picks come one by one is associated as if they had come at once."""

from __future__ import annotations

import random

import numpy as np
import pytest

from detection.association.associator import Associator
from detection.association.sight import mask_of
from detection.location.traveltime import published
from detection.settings import AssociationSettings
from houfeng.types import Event, Pick
from stations.inventory import Site
from tests.detection.association.synthetic import network_day

TIMES = published("ak135")


def events_of(associator: Associator, batches: list[list[Pick]]) -> dict[str, Event]:
    known: dict[str, Event] = {}
    for batch in batches:
        changes = associator.add(batch)
        for public_id in changes.withdrawn:
            del known[public_id]
        known |= {event.public_id: event for event in changes.events}
    return known


@pytest.mark.parametrize("n_unlocated", [0, 3])
def test_one_by_one_and_late(n_unlocated: int) -> None:
    """What far stations do is not gone over again for each pick, and makes no difference that is missed.

    With a tenth of the picks up to ten minutes late, and with stations whose place is not known.
    """
    rng = np.random.default_rng(8)
    places = zip(rng.uniform(36, 46, 60).tolist(), rng.uniform(68, 90, 60).tolist(), strict=True)
    sites = [Site(f"XX.S{number:02d}", lat, lon, 1500.0) for number, (lat, lon) in enumerate(places)]
    _, picks = network_day(sites, TIMES, seed=9, n_shocks=3, hours=0.45, false_per_hour=1.5)
    assert len(picks) > 30
    known = {site.station_id: site for site in sites[n_unlocated:]}
    at_once = events_of(Associator(AssociationSettings(), known, TIMES), [list(picks)])
    late = {pick.public_id: pick.onset_ns for pick in picks}
    for pick in random.Random(1).sample(picks, len(picks) // 10):
        late[pick.public_id] += random.Random(pick.onset_ns).randrange(600 * 10**9)
    ordered = sorted(picks, key=lambda pick: late[pick.public_id])
    one_by_one = events_of(Associator(AssociationSettings(), known, TIMES), [[pick] for pick in ordered])
    assert len(at_once) >= 1
    assert one_by_one == at_once


def test_masks() -> None:
    assert mask_of([]) == 0
    assert mask_of([-1, 0, 5]) == 0b1000011
    assert mask_of([63]) & mask_of([62, 64]) == 0
