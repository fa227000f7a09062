"""Short-period body-wave magnitude mb: the largest swing of P waves on a WWSSN seismograph."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

import numpy as np

from detection.magnitude.records import Complexes, Record, check_clipping, restored
from detection.plan import Floats
from houfeng.errors import AmplitudeError
from stations.response import Response

NEAREST_DEG, FARTHEST_DEG = 20.0, 100.0
LONGEST_PERIOD_S = 3.0
NM_PER_M = 1e9
LOWEST_HZ = 0.1

# Poles of the WWSSN short-period seismograph, rad/s; three zeros at 0 for ground displacement.
_POLES = (-3.367788 + 3.731514j, -3.367788 - 3.731514j, -7.037168 + 4.545562j, -7.037168 - 4.545562j)

# Q of vertical P waves by depth (km): one hexadecimal digit a degree from 20 to 100, Q = 6.0 + digit / 10.
_Q = {
    0: "112345556667777665544555678998777788888999aaaaaaaa9999889998789aaa9abaabbcbcdeffd",
    25: "1223344455667777766555556778888777888889999999999999888888888889aaaabbabcccccdddd",
    50: "112233344455667777766555567788888888889999998888877777777887778889aaabbcccccddddd",
    75: "112222334455667777777666667778888888899999987777777777777777777788899aabccccdddde",
    100: "11112233445556677776666666666788888888899887777776666666666666677788899abbccdddee",
    150: "2222334455556555555554444444555556667777777777766666555555555556666788899aabccddd",
    200: "333444555555444444443333322222334445555555666655555555555555555555666778899abbccc",
    250: "333333444444444333332221111112222233344444455555555555555555555566666777889aabbcc",
    300: "1112222233333333322110001111111222222233334455555555555555566666666777777899aabcc",
    350: "1111111111111111111000000000011111122222333445555555555556666666667777778899aabbc",
    400: "22222222111111111111111111111111111112222334445554444445555555555666666778999abbc",
    450: "3333332222222222222222222222221111111222233344444444444444444445555566778899aabcc",
    500: "4444333333333333333333333333222211111112223344444433333332222333445566778899abbcc",
    550: "444444444444444444444333333333322111111112223333333333322222233344556778899aabbcc",
    600: "44444444444444444433333333333332221110000112222333333333322223334455677888aaabbcc",
    650: "223344444444444333332222222222111110000000111122222333333333333444555677899aaabbc",
    700: "00111223333344333333333322222211110000000000111122222333333333333444455677899aaab",
}
_DEPTHS_KM = np.array(list(_Q), np.float64)
_TABLE = np.array([[6.0 + int(digit, 16) / 10 for digit in digits] for digits in _Q.values()])


@dataclass(frozen=True, slots=True)
class Swing:
    """The largest half of a peak to the trough next to it.

    Parameters
    ----------
    amplitude : in the trace's unit
    period_s : twice the time between the two
    """

    amplitude: float
    period_s: float


def wwssn_sp(frequency_hz: Floats) -> Complexes:
    """Trace amplitude of the WWSSN short-period seismograph per ground displacement, 1 at 1 Hz.

    References
    ----------
    IASPEI (2013) Summary of Magnitude Working Group recommendations; poles as in Bormann (2012) NMSOP-2, chapter 3.
    """
    shaped: Complexes = _shape(frequency_hz) / abs(_shape(np.array([1.0]))[0])
    return shaped


def _shape(frequency_hz: Floats) -> Complexes:
    s = 2j * np.pi * frequency_hz
    shaped: Complexes = s * s * s / np.prod(s[:, None] - np.array(_POLES), axis=1)
    return shaped


def amplitude(record: Record, response: Response) -> tuple[float, float, float]:
    """Ground amplitude of the largest swing of P waves on the vertical component.

    Returns
    -------
    amplitude_nm : half of peak to trough, over the seismograph's magnification at its period
    period_s : of that swing
    snr : of the trace, over the largest amplitude of the noise

    Raises
    ------
    AmplitudeError : if the record is clipped, or swings too slowly
    """
    check_clipping(record)
    trace = restored(record, response, wwssn_sp, (LOWEST_HZ, np.inf))
    swing = largest_swing(record.signal(trace), record.rate_hz)
    if not swing.period_s < LONGEST_PERIOD_S:
        raise AmplitudeError(f"period {swing.period_s:.1f} s, less than {LONGEST_PERIOD_S:g} s needed")
    magnification = abs(wwssn_sp(np.array([1 / swing.period_s]))[0])
    noise = float(np.abs(record.noise(trace)).max())
    snr = swing.amplitude / max(noise, np.finfo(float).tiny)
    return swing.amplitude / magnification * NM_PER_M, swing.period_s, snr


def largest_swing(trace: Floats, rate_hz: float) -> Swing:
    """The largest swing of a trace, extremes read off parabolas: at 20 Hz a sample may miss the top of 1 Hz by 1 %.

    Raises
    ------
    AmplitudeError : if it never swings
    """
    rises = np.sign(np.diff(trace))
    turns = np.flatnonzero(rises[:-1] * rises[1:] < 0) + 1
    if len(turns) < 2:
        raise AmplitudeError("no swing in the P waves")
    before, at, after = trace[turns - 1], trace[turns], trace[turns + 1]
    offset = 0.5 * (before - after) / (before - 2 * at + after)
    tops, times = at - 0.25 * (before - after) * offset, turns + offset
    halves = np.abs(np.diff(tops)) / 2
    best = int(halves.argmax())
    return Swing(float(halves[best]), float(2 * (times[best + 1] - times[best]) / rate_hz))


def attenuation(epicentral_deg: float, depth_km: float) -> float:
    """Q of Gutenberg and Richter for vertical P waves, for amplitudes in micrometres; linear between the table's nodes.

    Parameters
    ----------
    epicentral_deg : 20 to 100
    depth_km : 0 to 700; deeper ones as 700

    References
    ----------
    Gutenberg & Richter (1956) Annali di Geofisica 9, 1-15, in the steps of 1 degree and 25 to 50 km of the table that
    NEIC used.
    """
    depth_km = min(max(depth_km, 0.0), float(_DEPTHS_KM[-1]))
    row = min(int(np.searchsorted(_DEPTHS_KM, depth_km, side="right")) - 1, len(_DEPTHS_KM) - 2)
    deep = (depth_km - _DEPTHS_KM[row]) / (_DEPTHS_KM[row + 1] - _DEPTHS_KM[row])
    column = min(int(epicentral_deg - NEAREST_DEG), _TABLE.shape[1] - 2)
    far = epicentral_deg - NEAREST_DEG - column
    upper, lower = (_TABLE[k, column] + far * (_TABLE[k, column + 1] - _TABLE[k, column]) for k in (row, row + 1))
    return float(upper + deep * (lower - upper))


def magnitude(amplitude_nm: float, period_s: float, epicentral_deg: float, depth_km: float) -> float:
    """mb = log10(A / T) + Q - 3.

    Parameters
    ----------
    amplitude_nm : A, ground displacement, half of peak to trough
    period_s : T
    epicentral_deg, depth_km : as of `attenuation`

    References
    ----------
    IASPEI (2013) Summary of Magnitude Working Group recommendations: A in nm, 20 to 100 degrees, T < 3 s.
    """
    return log10(amplitude_nm / period_s) + attenuation(epicentral_deg, depth_km) - 3.0
