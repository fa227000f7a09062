"""Names of places, as seismologists have them."""

from __future__ import annotations

from functools import cache

from obspy.geodetics import FlinnEngdahl


def region(latitude_deg: float, longitude_deg: float) -> str:
    """Name of the Flinn-Engdahl region.

    References
    ----------
    Young et al. (1996) Phys. Earth Planet. Inter. 96, 223-297.
    """
    return str(_names().get_region(longitude_deg, latitude_deg))


@cache
def _names() -> FlinnEngdahl:
    return FlinnEngdahl()
