"""What an Earth model may be called, and what layers of one's own must be."""

from __future__ import annotations

from houfeng.errors import ModelError

PUBLISHED = ("ak135", "iasp91")
# A crust of one's own goes down to where the deepest earthquakes are.
BOTTOM_KM = 800.0

# Top (km), P and S velocity (km/s).
Layer = tuple[float, float, float]


def check(name: str, layers: tuple[Layer, ...]) -> None:
    """Refuse what cannot be the Earth.

    Raises
    ------
    ModelError : if the tops do not begin at 0 and increase, or a velocity is not plausible
    """
    tops = [top for top, _, _ in layers]
    if not tops or tops[0] != 0 or sorted(set(tops)) != tops or tops[-1] >= BOTTOM_KM:
        raise ModelError(
            f"{name}: tops of layers that begin at 0 km and increase, above {BOTTOM_KM:g} km, are needed, "
            f"{', '.join(f'{km:g}' for km in tops) or 'none'} came"
        )
    for top, p, s in layers:
        if not 0 < s < p <= 15:
            raise ModelError(f"{name}: at {top:g} km 0 < S < P <= 15 km/s is needed, S {s:g} and P {p:g} came")
