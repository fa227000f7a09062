"""Sampling rates from stage to stage: rules 404 and 420 to 425 but 424."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from stations.check.scope import Scope
from stations.check.stage import Stage

# Rates are written with few digits: 33.3 Hz for a third of 100.
_TOLERANCE = 0.01


def check_rates(response: Scope, stages: Sequence[Stage], rate_hz: float | None) -> None:
    """Findings about decimation.

    Parameters
    ----------
    response : element Response
    stages : of it, in order
    rate_hz : of the channel; None where it has none
    """
    decimating = [stage for stage in stages if stage.decimation is not None]
    for stage in stages:
        _check_stage(stage)
    if any(stage.is_digital or stage.is_digitizer for stage in stages) and not decimating:
        response.say("420", "Stage/Decimation", "none in any stage", "the rate at which the digitizer samples")
    for before, stage in pairwise(decimating):
        if _differ(stage.rate_in_hz, before.rate_out_hz):
            expected = f"{before.rate_out_hz:g} Hz, which the decimation before it gives out"
            stage.scope.say("422", "Decimation/InputSampleRate", f"{stage.rate_in_hz:g} Hz", expected)
    if decimating and rate_hz and _differ(decimating[-1].rate_out_hz, rate_hz):
        expected = f"{rate_hz:g} Hz, the channel's SampleRate"
        decimating[-1].scope.say("421", "Decimation", f"{decimating[-1].rate_out_hz:g} Hz after the last one", expected)


def _check_stage(stage: Stage) -> None:
    if stage.decimation is None:
        if stage.is_digital or stage.is_digitizer:
            stage.scope.say("404", "Decimation", "none", "InputSampleRate and Factor of a digital stage")
        return
    if stage.is_analogue:
        stage.scope.say("425", "Decimation", "one in an analogue stage", "none, or a digital stage")
    elif not stage.is_digital:
        expected = "Coefficients, FIR or digital PolesZeros beside Decimation"
        stage.scope.say("423", "Decimation", f"a stage with {stage.tag or 'no filter'}", expected)


def _differ(one: float | None, other: float | None) -> bool:
    return bool(one and other) and not abs(one / other - 1) <= _TOLERANCE  # type: ignore[operator]
