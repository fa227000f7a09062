"""What an event's stations say, why they say nothing, and that nothing but samples matters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pytest

from detection.magnitude.magnitudes import Magnitudes
from detection.magnitude.settings import MagnitudeSettings
from houfeng.errors import ConfigError, InventoryError
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Event, SourceId, StationMagnitude
from stations.inventory import Inventory, Site
from stations.responsexml import Responses
from tests.detection.magnitude.conftest import Ridgecrest, Waveforms, make_event, make_origin, stretches

MAIN = "2019-07-06T03:19:53"
CLC = "CI.CLC"


def of(event: Event, station_id: str, kind: str = "ML") -> StationMagnitude:
    (found,) = (each for each in event.station_magnitudes if (each.station_id, each.kind) == (station_id, kind))
    return found


def measured(ridgecrest: Ridgecrest, time: str = MAIN, *, waveforms: Waveforms | None = None, **keys: object) -> Event:
    settings = MagnitudeSettings(**keys)  # type: ignore[arg-type]
    records = ridgecrest.waveforms if waveforms is None else waveforms
    return Magnitudes(settings, ridgecrest.responses).measure(ridgecrest.event(time), records)


def test_ten_accelerometers_tell_the_main_shock_as_far_as_ml_can(ridgecrest: Ridgecrest) -> None:
    """Mw is 7.1; ML saturates below 7. One station stands on the rupture."""
    event = measured(ridgecrest, kinds=("ML",))
    (ml,) = event.magnitudes
    assert (ml.kind, ml.remark) == ("ML", "")
    assert ml.value == pytest.approx(6.5, abs=0.3)
    assert of(event, "CI.MPM").reason == ""
    assert ml.n_stations == sum(each.is_used for each in event.station_magnitudes)


def test_an_event_without_an_origin_has_no_magnitude(ridgecrest: Ridgecrest) -> None:
    event = replace(ridgecrest.event(MAIN), origin=None, arrivals=())
    magnitudes = Magnitudes(MagnitudeSettings(), ridgecrest.responses)
    assert magnitudes.measure(event, ridgecrest.waveforms) is event
    assert magnitudes.windows(event) == {}


def cut(ridgecrest: Ridgecrest, begin_s: float, end_s: float, change: Callable[[Stretch], Stretch]) -> Waveforms:
    """Records with those of one station changed: cut, in seconds from the main shock."""
    t0 = parse_ns(MAIN + ".040Z")
    found = dict(ridgecrest.waveforms)
    for key, (stretch,) in ridgecrest.waveforms.items():
        if key.station_id == CLC:
            first, last = (stretch.index(t0 + round(s * NS_PER_S)) for s in (begin_s, end_s))
            start_ns = stretch.start_ns + round(first * NS_PER_S / stretch.rate_hz)
            found[key] = (change(Stretch(start_ns, stretch.rate_hz, stretch.samples[first:last])),)
    return found


@pytest.mark.parametrize(
    ("begin_s", "end_s", "change", "said"),
    [
        (5, 100, None, "no record of the onset"),
        (-29, 12, None, "the record ends 6.8 s before the window does"),
        (-2, 100, None, "the record begins 3.2 s before the onset"),
        (-29, 100, lambda s: replace(s, samples=np.clip(s.samples, -4e4, 4e4)), "clipped at -40000 counts"),
        (-29, 100, lambda s: replace(s, rate_hz=10.0), "10 samples per second, 20 needed"),
    ],
)
def test_a_record_that_cannot_be_used_says_why(
    ridgecrest: Ridgecrest, begin_s: float, end_s: float, change: Callable[[Stretch], Stretch] | None, said: str
) -> None:
    changed = cut(ridgecrest, begin_s, end_s, change or (lambda stretch: stretch))
    event = measured(ridgecrest, waveforms=changed, kinds=("ML",))
    clc = of(event, CLC)
    assert (clc.value, clc.is_used) == (None, False)
    assert said in clc.reason
    assert clc.channels == "HNE HNN"
    assert {each.station_id for each in event.station_magnitudes if each.is_used}.isdisjoint({CLC})


def test_an_event_in_the_coda_of_a_larger_one_is_not_used(ridgecrest: Ridgecrest) -> None:
    event = measured(ridgecrest, "2019-07-06T03:20:36", kinds=("ML",))
    station = of(event, "CI.WRV2")
    assert station.value is not None
    assert not station.is_used
    assert station.reason.startswith("signal 0.")
    assert station.reason.endswith("times the noise, 3 needed")
    assert event.magnitudes == ()


def test_distances_beyond_the_formulas_are_shown_and_not_used(ridgecrest: Ridgecrest) -> None:
    event = measured(ridgecrest, kinds=("ML",), ml_nearest_km=33.0)
    near = of(event, CLC)
    assert near.value is not None
    assert near.reason.startswith("hypocentral distance")
    assert near.reason.endswith("33 to 700 km needed")


def test_corrections_are_added_to_their_station_and_kind(ridgecrest: Ridgecrest) -> None:
    plain = measured(ridgecrest, kinds=("ML",))
    event = measured(ridgecrest, kinds=("ML",), corrections=((CLC, "ML", -0.3), (CLC, "Md", 5.0)))
    was, now = of(plain, CLC), of(event, CLC)
    assert was.value is not None
    assert now.value == pytest.approx(was.value - 0.3)
    assert now.amplitude == was.amplitude
    others = [each for each in event.station_magnitudes if each.station_id != CLC]
    assert others == [each for each in plain.station_magnitudes if each.station_id != CLC]


def test_samples_elsewhere_and_the_order_of_channels_change_nothing(ridgecrest: Ridgecrest) -> None:
    event = ridgecrest.event(MAIN)
    magnitudes = Magnitudes(MagnitudeSettings(), ridgecrest.responses)
    wanted = magnitudes.windows(event)
    trimmed: Waveforms = {}
    for key, (stretch,) in sorted(ridgecrest.waveforms.items(), reverse=True):
        first, last = (stretch.index(t_ns) for t_ns in wanted[key.station_id])
        first = max(first, 0)
        start_ns = stretch.start_ns + round(first * NS_PER_S / stretch.rate_hz)
        trimmed[key] = (Stretch(start_ns, stretch.rate_hz, stretch.samples[first : last + 1]),)
    assert magnitudes.measure(event, trimmed) == magnitudes.measure(event, ridgecrest.waveforms)


def test_where_a_seismometer_is_clipped_the_accelerometer_beside_it_speaks(ridgecrest: Ridgecrest) -> None:
    both = dict(ridgecrest.waveforms)
    for code in "EN":
        (stretch,) = both[SourceId.parse(f"{CLC}..HN{code}")]
        clipped = replace(stretch, samples=np.clip(stretch.samples * 30, -8e5, 8e5))
        both[SourceId.parse(f"{CLC}..HH{code}")] = (clipped,)

    class Both:
        def at(self, source_id: SourceId, t_ns: int) -> object:
            return ridgecrest.responses.at(SourceId.parse(str(source_id).replace("HH", "HN")), t_ns)

    picks = tuple(
        replace(pick, source_id=SourceId.parse(str(pick.source_id).replace("HN", "HH")))
        if pick.source_id.station_id == CLC
        else pick
        for pick in ridgecrest.event(MAIN).picks
    )
    event = replace(ridgecrest.event(MAIN), picks=picks)
    settings = MagnitudeSettings(kinds=("ML",))
    found = Magnitudes(settings, Both()).measure(event, both)  # type: ignore[arg-type]
    assert of(found, CLC) == of(measured(ridgecrest, kinds=("ML",)), CLC)


def test_a_station_without_metadata_gives_no_magnitude_and_says_so(shared_data: Callable[[str], Path]) -> None:
    """IC.MDJ recorded the explosion of 2013-02-12 370 km away; nobody gave its response."""
    records = stretches(obspy.read(str(shared_data("asia_gsn") / "IC.MDJ.2013.043.mseed")))
    (source_id,) = records
    origin = make_origin(parse_ns("2013-02-12T02:57:51.3"), 41.30, 129.07, 0.0)
    event = make_event(origin, {source_id: Site("IC.MDJ", 44.617, 129.591, 270.0)})
    horizontal = {
        SourceId.parse(f"IC.MDJ.00.BH{code}"): stretch
        for code, stretch in zip("12", 2 * [records[source_id]], strict=True)
    }
    magnitudes = Magnitudes(MagnitudeSettings(kinds=("ML",)), Responses(Inventory({})))
    assert of(magnitudes.measure(event, records), "IC.MDJ").reason == "no record of a horizontal channel"
    said = of(magnitudes.measure(event, records | horizontal), "IC.MDJ")
    assert (said.value, said.reason) == (None, "IC.MDJ.00.BH1: no metadata of this time")


def test_a_refused_response_is_the_reason(ridgecrest: Ridgecrest) -> None:
    class Faulty:
        def at(self, source_id: SourceId, t_ns: int) -> object:
            raise InventoryError(f"X.xml: {source_id}: response: the sensitivity must be more than 0, came 0")

    found = Magnitudes(MagnitudeSettings(), Faulty()).measure(ridgecrest.event(MAIN), ridgecrest.waveforms)  # type: ignore[arg-type]
    assert of(found, CLC).reason == "X.xml: CI.CLC..HNE: response: the sensitivity must be more than 0, came 0"
    assert [each.kind for each in found.magnitudes if each.kind != "Md"] == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"kinds": ("Ms",)}, "kinds: ML, mb, Mwp, Md or K is needed, 'Ms' came"),
        ({"corrections": (("KR", "ML", 0.1),)}, "corrections: NETWORK.STATION such as BW.UH1 is needed, 'KR' came"),
        ({"corrections": (("KR.NRN", "K", 0.1),)}, "corrections: one of ML, mb, Mwp, Md is needed, 'K' came"),
        ({"min_snr": 0.0}, "min_snr: more than 0"),
        ({"ml_farthest_km": 5.0}, "ml_farthest_km: more than ml_nearest_km"),
        ({"md_min_snr": 2.0}, "md_min_snr: more than md_coda_ratio"),
        ({"md_coda_ratio": 1.0}, "md_coda_ratio: more than 1"),
    ],
)
def test_settings_that_make_no_sense(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        MagnitudeSettings(**keys)  # type: ignore[arg-type]
