"""Responses against evalresp, and what is refused."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest

from houfeng.errors import InventoryError
from houfeng.times import parse_ns
from houfeng.types import SourceId
from stations.inventory import merge, parse_stationxml
from stations.reading import parse_inventory
from stations.response import Analog, Response, complexes
from stations.responsexml import Responses, parse_responses

OBSPY = Path(obspy.__file__).parent
PACKAGED = {
    "IUANMO.xml": OBSPY / "signal/tests/data/IUANMO.xml",
    "BW_RTSH.xml": OBSPY / "signal/tests/data/BW_RTSH.xml",
    "IU_ANMO_00_BHZ.xml": OBSPY / "core/tests/data/IU_ANMO_00_BHZ.xml",
    "AU.MEEK.xml": OBSPY / "core/tests/data/AU.MEEK.xml",
}


def worst(path: Path) -> tuple[int, float]:
    """Channels of a document that have a response, and the largest relative difference of amplitude to evalresp's."""
    document = parse_inventory(path.read_bytes(), path.name).documents[0]
    n, off = 0, 0.0
    at = functools.cache(lambda start_ns: parse_responses(document, start_ns))
    for network in obspy.read_inventory(str(path)):
        for station in network:
            for channel in station:
                key = SourceId(network.code, station.code, channel.location_code, channel.code), channel.start_date.ns
                response = at(channel.start_date.ns).get(key)
                if not isinstance(response, Response):
                    continue
                frequency_hz = np.geomspace(2e-3, 0.4 * channel.sample_rate, 60)
                wanted = channel.response.get_evalresp_response_for_frequencies(frequency_hz, output="DISP")
                off = max(off, float(np.abs(np.abs(response.counts_per_metre(frequency_hz) / wanted) - 1).max()))
                n += 1
    return n, off


@pytest.mark.parametrize("name", PACKAGED)
def test_packaged_responses_are_as_evalresp_has_them(name: str) -> None:
    n, off = worst(PACKAGED[name])
    assert n >= 1
    # AU.MEEK states its gain to three digits: 0.15 %
    assert off < (2e-3 if name == "AU.MEEK.xml" else 1e-5)


@pytest.mark.parametrize("name", ["dataless.seed.BW_FURT", "dataless.seed.BW_DHFO", "CL.AIO.dataless"])
def test_volumes_of_seed_are_as_evalresp_has_them(name: str) -> None:
    n, off = worst(OBSPY / "io/xseed/tests/data" / name)
    assert n >= 3
    # DHFO states the gain of a stage to five digits
    assert off < 3e-5


@pytest.mark.parametrize("name", ["CI.CCC.xml", "CI.LRL.xml", "CI.WNM.xml"])
def test_accelerometers_are_as_evalresp_has_them(name: str, shared_data: Callable[[str], Path]) -> None:
    n, off = worst(shared_data("ridgecrest2019") / name)
    assert n >= 3
    assert off < 2e-3


def test_a_history_of_epochs_is_as_evalresp_has_it(shared_data: Callable[[str], Path]) -> None:
    n, off = worst(shared_data("asia_gsn") / "IU_ULN.xml")
    assert n == 57
    assert off < 1e-5


def test_the_epoch_of_the_time_answers(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("asia_gsn") / "IU_ULN.xml"
    inventory = parse_stationxml(path.read_bytes(), path.name)
    responses = Responses(merge([inventory]))
    channel = SourceId.parse("IU.ULN.00.BHZ")
    epochs = [epoch for epoch in inventory.epochs if epoch.source_id == channel]
    assert len(epochs) == 5
    sensitivities = [responses.at(channel, epoch.start_ns).sensitivity for epoch in epochs]
    assert sensitivities == [epoch.gain for epoch in epochs]
    with pytest.raises(InventoryError, match=r"IU\.ULN\.00\.BHZ: no metadata of this time"):
        responses.at(channel, epochs[0].start_ns - 1)


def test_a_real_faulty_response_is_refused(shared_data: Callable[[str], Path]) -> None:
    """TM.SKLT leaves a stage of gain 0.538 out of its sensitivity."""
    path = shared_data("asia_gsn") / "TM.SKLT.__.BHZ_faulty_response.xml"
    responses = Responses(parse_stationxml(path.read_bytes(), "SKLT.xml"))
    said = "SKLT.xml: TM.SKLT..BHZ: response: the sensitivity is stated as 9.46428e+08 at 1 Hz, the stages give 5.09"
    with pytest.raises(InventoryError, match=re.escape(said)):
        responses.at(SourceId.parse("TM.SKLT..BHZ"), parse_ns("2012-08-11"))


def changed(*replacements: tuple[str, str]) -> Responses:
    """The response of BW.RTSH with parts of its document replaced."""
    text = PACKAGED["BW_RTSH.xml"].read_text()
    for old, new in replacements:
        assert re.search(old, text), old
        text = re.sub(old, new, text)
    return Responses(parse_stationxml(text.encode(), "RTSH.xml"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r"(<InstrumentSensitivity>\s*<Value>)[^<]+", r"\g<1>0", "sensitivity must be more than 0, came 0"),
        (r"(<InstrumentSensitivity>\s*<Value>)", r"\g<1>-", "sensitivity must be more than 0, came -"),
        (r"(<InputUnits>\s*<Name>)M/S", r"\g<1>PA", "it must be of ground motion in M, M/S or M/S**2, came 'PA'"),
        (r"(<NormalizationFactor>)[^<]+", r"\g<1>17", "the normalisation factor is stated as 17 at"),
        (r"(?s)<Stage .*?</Stage>", "", "a sensitivity and no stage"),
        (r"(<StageGain>\s*<Value>)[^<]+", r"\g<1>3", "the stages give"),
    ],
)
def test_what_cannot_be_true_is_refused(old: str, new: str, said: str) -> None:
    responses = changed((old, new))
    with pytest.raises(InventoryError, match=re.escape(said)):
        responses.at(SourceId.parse("BW.RTSH..EHZ"), parse_ns("2009-07-20"))


def test_a_channel_without_a_response_says_so() -> None:
    responses = changed((r"(?s)<Response>.*?</Response>", ""))
    with pytest.raises(InventoryError, match=r"BW\.RTSH\.\.EHZ: no response in the metadata"):
        responses.at(SourceId.parse("BW.RTSH..EHZ"), parse_ns("2009-07-20"))


def test_a_grid_is_computed_once_and_cannot_be_spoilt() -> None:
    pole = 2 * np.pi * complex(-0.7, 0.714)
    stage = Analog(complexes([0, 0]), complexes([pole, pole.conjugate()]), 1e9, 20.0)
    response = Response("test", "M/S", (stage,), 1e9, 1e9, 20.0)
    grid = response.on_grid(1024, 100.0)
    assert response.on_grid(1024, 100.0) is grid
    with pytest.raises(ValueError, match="read-only"):
        grid[0] = 1
