"""An event that begins with a pick: where it would be, which picks are of it, and the evidence for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detection.association import evidence
from detection.association.fit import Hypocentre, moved
from detection.association.found import Node, may_be_s
from detection.association.grid import Anchor
from detection.association.nucleus import Nucleus
from detection.association.sight import Look
from detection.association.stations import Stations
from detection.location.geometry import displaced
from detection.location.traveltime import DEEPEST_KM, Indices
from detection.plan import Floats

# Parts of the search's step by which picks may be off while the place closes in, and standard deviations besides.
_CLOSING = (1.0, 0.3, 0.0)
_GATE = 3.5
_P_KM_S, _S_KM_S = 6.5, 3.7
# How far around the stations with P others are looked at, in distances from the event, and in distances between them.
_AROUND, _SPACINGS = 2.3, 2.0
# The S of events further away is left to the coda: it is minutes late.
_S_WITHIN_KM = 1500.0
# Of a pick that can be both it is P, unless S fits better by this part of the bounds.
_RATHER_P = 0.15
# Among many stations noise has places and times enough to look like an event: that costs so much. It took synthetic
# days with 10 picks of noise an hour and station from 4 false events to 1.5. A place can be found for any three or four
# onsets: what each of those fewer than this costs besides. Among few stations there are hardly any threes that could be
# taken for one.
_TRIALS, _ENOUGH, _COST, _FEW, _MANY = 3.0, 5, 2.0, 4, 15
# Most earthquakes are in the crust, and noise looks like one at any depth: what a place below costs, from the first
# depth on and in whole from the second.
_DEEP, _CRUST_KM = 1.0, (30.0, 60.0)
# Where the Earth model and the clocks are good the onsets fit better than the tolerance: by this factor then. As there
# are so many unknowns to fit, a few of noise hardly gain by it: of the shocks of synthetic days with 30 picks of noise
# an hour and station 93 % have the evidence instead of 91, at as many chance events.
_BETTER, _N_UNKNOWNS = 0.5, 3
# Where a place closes in depends on the picks that it begins with. One that has nearly the evidence is sought from the
# places around it too, at this part of the stations' distance, with picks off by so many km: three in a hundred shocks
# of synthetic days with 30 picks of noise an hour and station have the evidence only there.
_ASIDE, _ASIDE_OFF_KM = 0.1, 15.0
# Of two channels that read one onset the earlier counts.
_SAME_S = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a hypothesis is judged on.

    Parameters
    ----------
    nodes : picks of stations whose place is known, from the first on, that no event has
    after_s : (n,) after the first of them
    stations : (n,) whose they are
    per_s : (n,) picks a second by chance
    is_alive : (all stations,) chance that they work
    look : which picks have had a part in any hypothesis; filled in
    """

    nodes: Sequence[Node]
    after_s: Floats
    stations: Indices
    per_s: Floats
    is_alive: Floats
    look: Look


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """An event as its picks would have it.

    Parameters
    ----------
    hypocentre : origin time after the first pick
    score : logarithm of how much likelier all picks are with it than without
    p_score : the part of it that P has: S is easily another event's P
    of_p, of_s : numbers of its picks in the scene, one for each station
    reach_km : how far it is seen
    """

    hypocentre: Hypocentre
    score: float
    p_score: float
    of_p: tuple[int, ...]
    of_s: tuple[int, ...]
    reach_km: float


class Examiner:
    """Judges hypotheses.

    Parameters
    ----------
    stations : of the network
    tolerance_s : standard deviation of a residual near the event
    min_stations : with P
    coda_snr : no S stands out so far of what P left
    """

    def __init__(self, stations: Stations, tolerance_s: float, min_stations: int, coda_snr: float) -> None:
        self._coda_snr = coda_snr
        self._stations = stations
        self._tolerance_s = tolerance_s
        self._min_stations = min_stations

    def examine(self, anchor: Anchor, nucleus: Nucleus, scene: Scene, least: float) -> Hypothesis | None:
        """The best event about a place; None where too few stations have P, or the first has not.

        Or where the evidence would not be the least that is wanted even if all that is there fitted exactly: half of
        the hypotheses of noise end there, before the place closes in.
        """
        at, apart_km = Hypocentre(nucleus.place, -nucleus.lead_s), nucleus.apart_km
        some = np.sort(np.append(anchor.neighbours, anchor.station))
        for closing in _CLOSING:
            view = _View(self._stations, at, some, scene, self._tolerance_s, closing * apart_km)
            picked = self._sensible(view)
            of_p = [pick for pick, phase in picked if phase == 0]
            if len(of_p) < self._min_stations:
                return None
            if closing == _CLOSING[0] and view.at_most(picked, anchor.spacing_km) < least:
                return None
            at = view.moved(picked, max(apart_km * closing, 1.0))
            some = self._around(at, scene.stations[of_p], anchor.spacing_km)
        return self._judge(_View(self._stations, at, some, scene, self._tolerance_s, 0.0), anchor.spacing_km)

    def examine_around(self, anchor: Anchor, hypothesis: Hypothesis, scene: Scene) -> Hypothesis:
        """The best event about the places on all sides of one, above and below it; itself, where none is better."""
        lat, lon, depth_km = hypothesis.hypocentre.place
        aside_km = _ASIDE * anchor.spacing_km * np.vstack((np.eye(3), -np.eye(3)))
        lats, lons = displaced(lat, lon, aside_km[:, 0], aside_km[:, 1])
        places = np.column_stack((lats, lons, np.clip(depth_km + aside_km[:, 2], 0.0, DEEPEST_KM)))
        _, _, arrivals = self._stations.seen_from(places, np.array([anchor.station]))
        nuclei = [
            Nucleus(0.0, place, float(lead_s), _ASIDE_OFF_KM)
            for place, lead_s in zip(places, arrivals.time_s[0, :, 0], strict=True)
        ]
        others = [self.examine(anchor, nucleus, scene, hypothesis.score) for nucleus in nuclei]
        return max((hypothesis, *(one for one in others if one is not None)), key=lambda one: one.score)

    def _sensible(self, view: _View) -> list[tuple[int, int]]:
        """The picks that fit, less those that stand out too far for S."""
        nodes, picked = view.scene.nodes, view.choose()
        p_snr = {nodes[pick].station: nodes[pick].pick.snr for pick, phase in picked if not phase}
        return [
            (pick, phase)
            for pick, phase in picked
            if not phase or may_be_s(nodes[pick].pick.snr, p_snr.get(nodes[pick].station, 0.0), self._coda_snr)
        ]

    def _around(self, at: Hypocentre, members: Indices, spacing_km: float) -> Indices:
        """The stations that may have a part in it."""
        distance_km = self._stations.from_place(at.place)
        far_km = evidence.reach_km(distance_km[members])
        within_km = max(_AROUND * far_km + _SPACINGS * spacing_km, float(distance_km[members].max()))
        return np.flatnonzero(distance_km <= within_km)

    def _judge(self, view: _View, spacing_km: float) -> Hypothesis | None:
        scene, picked = view.scene, self._sensible(view)
        of_p = [pick for pick, phase in picked if phase == 0]
        if len(of_p) < self._min_stations:
            return None
        slot_of = {int(station): slot for slot, station in enumerate(view.some)}
        slots = [slot_of[int(scene.stations[pick])] for pick in of_p]
        far_km = evidence.reach_km(view.distance_km[slots])
        chance = evidence.detected(view.distance_km, far_km, spacing_km)
        members: tuple[list[int], list[int]] = ([], [])
        gains, (has_p, has_s) = np.zeros((2, 2)), np.zeros((2, len(view.some)), bool)
        for pick, phase in picked:
            slot = slot_of[int(scene.stations[pick])]
            likely = chance[slot] * (evidence.S_SHARE if phase else 1.0)
            sigma_s = view.sigma_s[phase, slot] * np.array([1.0, _BETTER])
            gain = evidence.gain(likely, view.residual_s[phase, pick], sigma_s, scene.per_s[pick])
            if gain[0] > 0:
                gains[phase] += gain
                members[phase].append(pick)
                (has_s if phase else has_p)[slot] = True
        if len(members[0]) < self._min_stations or members[0][0] != 0:
            return None
        missing = ~has_p * scene.is_alive[view.some]
        whole = gains.sum(axis=0) + np.array([0.0, _N_UNKNOWNS * np.log(_BETTER)])
        score = float(whole.max()) + evidence.loss(chance * missing) + evidence.loss_of_s(chance[has_p & ~has_s])
        score -= _chance(len(view.some), len(members[0]) + len(members[1])) + _rarity(view.at.place[2])
        of_s_alone = float(gains[1, whole.argmax()])
        return Hypothesis(view.at, score, score - of_s_alone, tuple(members[0]), tuple(members[1]), far_km)


def _chance(n_stations: int, n_picks: int) -> float:
    """What an event's picks are less worth because noise had so many places and times to look like one."""
    crowd = float(np.clip(np.log(n_stations / _FEW) / np.log(_MANY / _FEW), 0.0, 1.0))
    return crowd * (_TRIALS + _COST * max(_ENOUGH - n_picks, 0))


def _rarity(depth_km: float) -> float:
    """What an event is less worth because so few are so deep."""
    return _DEEP * float(np.interp(depth_km, _CRUST_KM, (0.0, 1.0)))


class _View:
    """The picks of some stations as a hypocentre explains them.

    Attributes
    ----------
    distance_km, sigma_s : (m,), (2, m) of the stations
    residual_s : (2, n) of the scene's picks as P and S; infinite for other stations
    """

    def __init__(
        self, stations: Stations, at: Hypocentre, some: Indices, scene: Scene, tolerance_s: float, off_km: float
    ) -> None:
        self.at, self.some, self.scene = at, some, scene
        distance_km, azimuth_deg, arrivals = stations.seen_from(at.place[np.newaxis], some)
        self.distance_km, time_s = distance_km[0], arrivals.time_s[:, 0]
        self._azimuth, self._arrivals = np.radians(azimuth_deg[0]), arrivals
        time_s[1, self.distance_km > _S_WITHIN_KM] = np.inf
        time_s[np.isnan(time_s)] = np.inf
        self.arrival_s = time_s + at.origin_s
        self.sigma_s = evidence.sigma_s(self.distance_km, tolerance_s)
        slots = np.full(len(stations), -1)
        slots[some] = np.arange(len(some))
        slot = self._slot = slots[scene.stations]
        self.residual_s = np.where(slot >= 0, scene.after_s - self.arrival_s[:, slot], np.inf)
        gate_s = _GATE * self.sigma_s + off_km / 2 / np.array([[_P_KM_S], [_S_KM_S]])
        self._size = np.abs(self.residual_s) / gate_s[:, slot]
        scene.look.add(some, self.arrival_s, gate_s)

    def choose(self) -> list[tuple[int, int]]:
        """(pick, phase) of those that fit: of each station one P and one S at most, in order of the picks."""
        best: dict[tuple[int, int], int] = {}
        for pick in np.flatnonzero(self._size.min(axis=0) <= 1).tolist():
            phase = int(self._size[1, pick] + _RATHER_P < self._size[0, pick])
            whose = (int(self.scene.stations[pick]), phase)
            other = best.get(whose)
            if other is None or self._is_better(pick, other, phase):
                best[whose] = pick
        return sorted((pick, phase) for (_, phase), pick in best.items())

    def moved(self, picked: Sequence[tuple[int, int]], off_km: float) -> Hypocentre:
        """The hypocentre that the chosen picks rather have."""
        numbers, phases = (np.array(column) for column in zip(*picked, strict=True))
        slots = self._slot[numbers]
        per_km, per_depth_km = self._arrivals.per_km[phases, 0, slots], self._arrivals.per_depth_km[phases, 0, slots]
        azimuth = self._azimuth[slots]
        columns = (np.ones(len(slots)), -per_km * np.cos(azimuth), -per_km * np.sin(azimuth), per_depth_km)
        sigma_s = self.sigma_s[phases, slots]
        return moved(self.at, self.residual_s[phases, numbers], sigma_s, np.column_stack(columns), off_km)

    def at_most(self, picked: Sequence[tuple[int, int]], spacing_km: float) -> float:
        """The evidence of the chosen picks if they fitted exactly."""
        numbers, phases = (np.array(column) for column in zip(*picked, strict=True))
        slots = self._slot[numbers]
        has_p = np.zeros(len(self.some), bool)
        has_p[slots[phases == 0]] = True
        chance = evidence.detected(self.distance_km, evidence.reach_km(self.distance_km[has_p]), spacing_km)
        likely = np.where(phases == 0, 1.0, evidence.S_SHARE) * chance.max(initial=0.0)
        sigma_s = _BETTER * self.sigma_s[phases, slots]
        gains = evidence.gain(likely, np.zeros(len(numbers)), sigma_s, self.scene.per_s[numbers])
        missing = ~has_p * self.scene.is_alive[self.some]
        whole = float(np.maximum(gains, 0.0).sum()) + _N_UNKNOWNS * np.log(_BETTER)
        return float(whole + evidence.loss(chance * missing) - _chance(len(self.some), len(picked)))

    def _is_better(self, pick: int, earlier: int, phase: int) -> bool:
        if self.scene.after_s[pick] - self.scene.after_s[earlier] <= _SAME_S:
            return False
        return bool(self._size[phase, pick] < self._size[phase, earlier])
