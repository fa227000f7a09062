"""The lines of a text file, and numbers in columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engineering.oscillator import Floats
from houfeng.errors import MotionError


@dataclass(frozen=True, slots=True)
class File:
    """A text with the name that messages give it.

    Parameters
    ----------
    name : of the file
    lines : at least one
    """

    name: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, name: str, content: bytes) -> File:
        """Text of any of the eight-bit codes: what is read is ASCII.

        Raises
        ------
        MotionError : if there is nothing in it
        """
        lines = tuple(content.decode("latin-1").splitlines())
        if not lines:
            raise MotionError(f"{name}: is empty")
        return cls(name, lines)

    def fault(self, line: int, text: str) -> MotionError:
        """An error about a line, counted from 0."""
        return MotionError(f"{self.name}: line {line + 1}: {text}")

    def rate_hz(self, line: int, step_s: str | None) -> float:
        """Samples per second, of the interval that a header states.

        Raises
        ------
        MotionError : if it is not a positive number
        """
        try:
            step = float(step_s or "")
        except ValueError:
            step = 0.0
        if not (step > 0 and np.isfinite(1 / step)):
            raise self.fault(line, f"the sampling interval must be more than 0 s, came {step_s!r}")
        return 1 / step

    def columns(self, line: int, n_values: int, width: int) -> tuple[Floats, int]:
        """Numbers in columns of one width, without blanks between them if need be.

        Parameters
        ----------
        line : of the first ones, counted from 0
        n_values, width : how many numbers, and how many characters each has

        Returns
        -------
        values : (n_values,)
        behind : the line behind them

        Raises
        ------
        MotionError : if the file ends before, or there is something that is no number
        """
        values: list[float] = []
        while len(values) < n_values:
            if line >= len(self.lines):
                raise self.fault(line - 1, f"ends after {len(values)} of {n_values} values")
            text = self.lines[line].rstrip()
            here = [text[at : at + width] for at in range(0, len(text), width)]
            try:
                values += [float(cell) for cell in here]
            except ValueError:
                raise self.fault(line, f"expected numbers {width} characters wide, came {text[:60]!r}") from None
            if not here:
                raise self.fault(line, f"is blank after {len(values)} of {n_values} values")
            line += 1
        if len(values) > n_values:
            raise self.fault(line - 1, f"expected {n_values} values in all, came {len(values)}")
        return np.array(values), line
