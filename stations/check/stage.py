"""One stage of a response, as the rules look at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from stations.check.scope import Scope
from stations.check.units import COUNTS, plain

_TAGS = ("PolesZeros", "Coefficients", "ResponseList", "FIR", "Polynomial")


@dataclass(frozen=True)
class Stage:
    """Parameters
    ----------
    scope : element Stage
    """

    scope: Scope

    @cached_property
    def tag(self) -> str:
        """What it describes its filter with; "" of a stage that has a gain alone."""
        return next((tag for tag in _TAGS if self.scope.child(tag) is not None), "")

    @cached_property
    def units(self) -> list[tuple[str, str]]:
        """Tags and names of its units, in and out."""
        if not self.tag:
            return []
        return [(tag, self.scope.text(f"{self.tag}/{tag}/Name")) for tag in ("InputUnits", "OutputUnits")]

    @property
    def input(self) -> str:
        return self.units[0][1] if self.units else ""

    @property
    def output(self) -> str:
        return self.units[1][1] if self.units else ""

    @cached_property
    def gain(self) -> float | None:
        return self.scope.number("StageGain/Value", "")

    @cached_property
    def gain_hz(self) -> float | None:
        return self.scope.number("StageGain/Frequency", "Hz")

    @property
    def is_digital(self) -> bool:
        """Whether it works on samples, by its kind."""
        if self.tag in ("Coefficients", "FIR"):
            return not self.scope.text("Coefficients/CfTransferFunctionType").upper().startswith("ANALOG")
        return self.tag == "PolesZeros" and self._transfer.startswith("DIGITAL")

    @property
    def is_analogue(self) -> bool:
        """Whether it works on volts or motion, by its kind."""
        transfer = (
            self._transfer if self.tag == "PolesZeros" else self.scope.text("Coefficients/CfTransferFunctionType")
        )
        return transfer.upper().startswith(("LAPLACE", "ANALOG"))

    @property
    def is_digitizer(self) -> bool:
        """Whether counts come out of it that did not go in."""
        return plain(self.output) in COUNTS and plain(self.input) not in COUNTS

    @cached_property
    def decimation(self) -> Scope | None:
        return self.scope.child("Decimation")

    @cached_property
    def rate_in_hz(self) -> float | None:
        return None if self.decimation is None else self.decimation.number("InputSampleRate", "Hz", needed=True)

    @cached_property
    def factor(self) -> float | None:
        return None if self.decimation is None else self.decimation.number("Factor", "", needed=True)

    @property
    def rate_out_hz(self) -> float | None:
        """None where it does not say."""
        return self.rate_in_hz / self.factor if self.rate_in_hz and self.factor else None

    def is_blind_at(self, frequency_hz: float) -> bool:
        """Whether an analogue stage has a zero at this frequency that no pole takes away."""
        if self.tag != "PolesZeros" or not self.is_analogue or frequency_hz != 0:
            return False
        return self._n_at_origin("Zero") > self._n_at_origin("Pole")

    @property
    def _transfer(self) -> str:
        return self.scope.text("PolesZeros/PzTransferFunctionType").upper()

    def _n_at_origin(self, tag: str) -> int:
        poles_zeros = self.scope.child("PolesZeros")
        roots = [] if poles_zeros is None else poles_zeros.children(tag)
        return sum(root.number("Real", "") == 0 and root.number("Imaginary", "") == 0 for root in roots)
