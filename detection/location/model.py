"""How fast P and S waves travel at each depth: published Earth models, and layers of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from obspy.taup import TauPyModel

from detection.location.layers import BOTTOM_KM, PUBLISHED, Layer, check
from detection.plan import Floats
from houfeng.errors import ModelError

EARTH_RADIUS_KM = 6371.0
# Rays that reach the core come back as other phases than P and S: a model ends at the core's boundary.
_CORE_KM = 2889.0


@dataclass(frozen=True, slots=True, eq=False)
class EarthModel:
    """Velocities of spherical shells, from the surface down; inside a shell they change as a power of the radius.

    Parameters
    ----------
    name : what it is called
    top_km, bottom_km : (n,) depths of each shell's boundaries
    p_top_km_s, p_bottom_km_s, s_top_km_s, s_bottom_km_s : (n,) velocities at these
    """

    name: str
    top_km: Floats
    bottom_km: Floats
    p_top_km_s: Floats
    p_bottom_km_s: Floats
    s_top_km_s: Floats
    s_bottom_km_s: Floats

    @classmethod
    def published(cls, name: str) -> Self:
        """The crust and mantle of `ak135` or `iasp91`, as ObsPy has them.

        Raises
        ------
        ModelError : if there is no such model

        References
        ----------
        Kennett & Engdahl (1991) GJI 105, 429-465 (iasp91); Kennett et al. (1995) GJI 122, 108-124 (ak135).
        """
        if name not in PUBLISHED:
            raise ModelError(f"Earth model: one of {', '.join(PUBLISHED)} is needed, {name!r} came")
        rows = _taup_rows(name)
        return cls(
            name,
            rows["top_depth"],
            rows["bot_depth"],
            rows["top_p_velocity"],
            rows["bot_p_velocity"],
            rows["top_s_velocity"],
            rows["bot_s_velocity"],
        )

    @classmethod
    def layered(cls, name: str, layers: Sequence[Layer]) -> Self:
        """Layers of constant velocity, such as a regional crust; the last goes on below.

        Parameters
        ----------
        layers : top (km), P and S velocity (km/s) of each, from 0 km down

        Raises
        ------
        ModelError : if the tops do not begin at 0 and increase, or a velocity is not plausible
        """
        check(name, tuple(layers))
        top, p, s = np.array(layers, dtype=np.float64).T
        bottom = np.append(top[1:], BOTTOM_KM)
        return cls(name, top, bottom, p, p, s, s)

    def velocities(self, phase: str) -> tuple[Floats, Floats]:
        """At the top and at the bottom of each shell, km/s, of P or S waves."""
        if phase == "P":
            return self.p_top_km_s, self.p_bottom_km_s
        return self.s_top_km_s, self.s_bottom_km_s


@cache
def _taup_rows(name: str) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    rows = TauPyModel(name).model.s_mod.v_mod.layers
    kept: np.ndarray[tuple[int], np.dtype[np.void]] = rows[rows["bot_depth"] <= _CORE_KM + 5]
    return kept
