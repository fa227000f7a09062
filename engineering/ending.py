"""Whether a record goes on until the ground is quiet again."""

from __future__ import annotations

import numpy as np

from engineering.chain import TAPER
from engineering.motion import Motion
from engineering.oscillator import Floats
from houfeng.errors import MotionError

WINDOW_S = 5.0
# Set on the M7.1 of Ridgecrest at 11 stations 5 to 37 km away: cut in the middle of strong motion, 25 s behind P, the
# last window had 37 to 99 % of the strongest one; cut 90 s behind it, 2 to 12 % (`pytest -s -m soak -k cut_short`).
FLAGGED, REFUSED = 0.10, 0.30


def still_moving(motion: Motion) -> float:
    """Root mean square of acceleration in the last 5 s over that in the strongest 5 s: the largest of the components.

    Behind the last 5 s are the 5 % that the chain fades out.
    """
    return max(_share(one, motion.rate_hz) for one in motion.acceleration_m_s2)


def check_ending(motion: Motion) -> str:
    """A remark where the record ends before the ground is quiet; "" where it does not.

    Raises
    ------
    MotionError : if it ends in the middle of strong motion, so that its peaks may not be those of the earthquake
    """
    share = still_moving(motion)
    said = f"the last {WINDOW_S:g} s before the record's end have {share:.0%} of its strongest {WINDOW_S:g} s"
    if share > REFUSED:
        raise MotionError(f"{motion.station}: ends while the ground moves: {said}, at most {REFUSED:.0%} are allowed")
    return f"ends early: {said}; durations, Arias intensity and CAV are lower bounds" if share > FLAGGED else ""


def _share(acceleration: Floats, rate_hz: float) -> float:
    n = min(max(round(WINDOW_S * rate_hz), 1), len(acceleration))
    end = max(round(len(acceleration) * (1 - TAPER)), n)
    energy = np.concatenate(([0.0], np.cumsum(acceleration**2)))
    strongest = float((energy[n:] - energy[:-n]).max())
    return float(np.sqrt((energy[end] - energy[end - n]) / strongest)) if strongest > 0 else 0.0
