"""The response of one channel epoch: units, gains and rates from stage to stage; rules 401 to 425."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from stations.check.rates import check_rates
from stations.check.scope import Scope
from stations.check.stage import Stage
from stations.check.units import COUNTS, is_known, plain, same
from stations.response import TOLERANCE


def check_response(response: Scope, rate_hz: float | None) -> None:
    """Findings of one response.

    Parameters
    ----------
    response : element Response
    rate_hz : of the channel; None where it has none
    """
    stages = [Stage(replace(each, where=f"{each.where}/Stage[{_number(each)}]")) for each in response.children("Stage")]
    numbers = [_number(stage.scope) for stage in stages]
    if numbers != [str(number) for number in range(1, len(stages) + 1)]:
        response.say("401", "Stage/@number", ", ".join(numbers), f"1 to {len(stages)} in order")
    _check_units(response, stages)
    _check_kinds(response, stages)
    polynomial = response.child("InstrumentPolynomial") is not None
    for stage in stages:
        _check_gain(stage)
    if not polynomial:
        _check_sensitivity(response, stages, rate_hz)
        check_rates(response, stages, rate_hz)


def _number(stage: Scope) -> str:
    return stage.code("number") or "?"


def _check_units(response: Scope, stages: list[Stage]) -> None:
    whole = response.child("InstrumentSensitivity") or response.child("InstrumentPolynomial")
    places = [(stage.scope, stage.tag, tag, unit) for stage in stages for tag, unit in stage.units]
    if whole is not None:
        places += [(whole, "", tag, whole.text(f"{tag}/Name")) for tag in ("InputUnits", "OutputUnits")]
    for scope, inner, tag, unit in places:
        if unit and not is_known(unit):
            scope.say(
                "402", "/".join(filter(None, (inner, tag, "Name"))), repr(unit), "a known unit such as M/S, V, COUNTS"
            )
    with_units = [stage for stage in stages if any(unit for _, unit in stage.units)]
    for before, stage in pairwise(with_units):
        if not same(before.output, stage.input):
            expected = f"{before.output!r}, which stage {_number(before.scope)} gives out"
            stage.scope.say("403", f"{stage.tag}/InputUnits/Name", repr(stage.input), expected)
    if whole is None or not with_units:
        return
    first, last = with_units[0], with_units[-1]
    for rule, stage, tag, unit in (
        ("407", first, "InputUnits", first.input),
        ("406", last, "OutputUnits", last.output),
    ):
        stated = whole.text(f"{tag}/Name")
        if stated and not same(stated, unit):
            stage.scope.say(rule, f"{stage.tag}/{tag}/Name", repr(unit), f"{stated!r} as the whole states")


def _check_kinds(response: Scope, stages: list[Stage]) -> None:
    tags = [stage.tag for stage in stages if stage.tag]
    if tags == ["ResponseList"]:
        response.say("405", "Stage", "a ResponseList alone", "stages that make the response, beside it")
    as_polynomial, stated = "Polynomial" in tags, response.child("InstrumentPolynomial") is not None
    if as_polynomial and not stated:
        response.say("415", "InstrumentPolynomial", "none, with a Polynomial stage", "an InstrumentPolynomial")
    if stated and not as_polynomial and len(tags) <= 1:
        # a sensor that is a polynomial, followed by filters, is the last stage's business: one stage must say which
        response.say("416", "Stage/Polynomial", "none, with an InstrumentPolynomial", "a Polynomial stage")
    is_digital = False
    for stage in stages:
        if is_digital and stage.is_digital and stage.output and plain(stage.output) not in COUNTS:
            stage.scope.say("424", f"{stage.tag}/OutputUnits/Name", repr(stage.output), "COUNTS after the digitizer")
        is_digital = is_digital or plain(stage.output) in COUNTS


def _check_gain(stage: Stage) -> None:
    gain, frequency_hz = stage.gain, stage.gain_hz
    if gain == 0:
        stage.scope.say("413", "StageGain/Value", "0", "output per input unit, not 0")
    if frequency_hz is not None and stage.is_blind_at(frequency_hz):
        found = f"{frequency_hz:g} Hz, at which poles and zeros let nothing through"
        stage.scope.say("414", "StageGain/Frequency", found, "a frequency in the pass-band")


def _check_sensitivity(response: Scope, stages: list[Stage], rate_hz: float | None) -> None:
    whole = response.child("InstrumentSensitivity")
    if whole is None:
        return
    value, frequency_hz = whole.number("Value", "", needed=True), whole.number("Frequency", "Hz")
    if value == 0:
        whole.say("410", "Value", "0", "counts per unit, not 0")
    if frequency_hz is not None and rate_hz and frequency_hz >= rate_hz / 2:
        whole.say("411", "Frequency", f"{frequency_hz:g} Hz", f"below {rate_hz / 2:g} Hz, half the sampling rate")
    gains = [stage.gain for stage in stages if stage.gain is not None]
    if not value or not gains or any(stage.tag == "Polynomial" for stage in stages):
        return
    # Gains at other frequencies than the sensitivity's need the filters between them: `Response` computes that.
    if any(stage.gain_hz not in (None, frequency_hz) for stage in stages if stage.tag == "PolesZeros"):
        return
    product = 1.0
    for gain in gains:
        product *= gain
    if not abs(product / value - 1) <= TOLERANCE:
        whole.say("412", "Value", f"{value:g}", f"{product:g}, the product of the stages' gains, within 5 %")
