"""What association costs where a thousand stations trigger by chance, picks taken in every two seconds."""

from __future__ import annotations

import time

import numpy as np
import pytest

from detection.association.associator import Associator
from detection.location.traveltime import published
from detection.settings import AssociationSettings
from houfeng.times import NS_PER_S
from houfeng.types import Pick, SourceId
from stations.inventory import Site
from tests.detection.association.synthetic import T0_NS

pytestmark = pytest.mark.bench

N_STATIONS = 1000
MINUTES, STEP_S = 1, 2


def noise(per_hour: float) -> list[Pick]:
    """Picks of no event."""
    rng = np.random.default_rng(3)
    n = rng.poisson(per_hour * N_STATIONS * MINUTES / 60)
    found = []
    for time_s, station in zip(rng.uniform(0, MINUTES * 60, n), rng.integers(0, N_STATIONS, n), strict=True):
        onset_ns = T0_NS + round(float(time_s) * NS_PER_S)
        source_id = SourceId("XX", f"S{station:04}", "", "HHZ")
        found.append(Pick(onset_ns, source_id, "P", "AIC", 1, 0.1, 2 + rng.exponential(2), "band", onset_ns))
    return sorted(found)


@pytest.mark.parametrize(
    ("per_hour", "expected_per_hour", "most"), [(6.0, 1.5, 0.5), (30.0, 30.0, 0.9), (30.0, 1.5, 0.9)]
)
def test_a_thousand_stations(per_hour: float, expected_per_hour: float, most: float) -> None:
    """A minute: of a network that was only just started, of a noisier one of which the rates are known, and of that
    one only just started, which has them from its first seconds.
    """
    rng = np.random.default_rng(4)
    ids = [f"XX.S{number:04}" for number in range(N_STATIONS)]
    sites = {each: Site(each, rng.uniform(20, 46), rng.uniform(60, 110), 1000.0) for each in ids}
    settings = AssociationSettings(quiet_picks_per_hour=expected_per_hour)
    associator = Associator(settings, sites, published("ak135"))
    picks, at, live = noise(per_hour), 0, set[str]()
    began_s = time.process_time()
    for end_s in range(STEP_S, MINUTES * 60 + STEP_S, STEP_S):
        first = at
        while at < len(picks) and picks[at].onset_ns < T0_NS + end_s * NS_PER_S:
            at += 1
        changes = associator.add(picks[first:at])
        live = (live - set(changes.withdrawn)) | {event.public_id for event in changes.events}
    share = (time.process_time() - began_s) / (MINUTES * 60)
    print(f"{per_hour:g} picks/h/station: {len(picks)} picks, {share:.2f} of a core, {len(live)} events of chance")
    assert at == len(picks)
    assert len(live) <= 1
    assert share < most
