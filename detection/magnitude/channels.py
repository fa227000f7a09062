"""Which of a station's channels a magnitude is read on."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from detection.magnitude.station import Sight
from houfeng.types import SourceId

# Seismometers of high and low gain, accelerometers.
_INSTRUMENTS = "HLN"
_HORIZONTAL, _VERTICAL = "NE12", "Z"
# Of instruments at one site: the band codes that see most first, seismometers before accelerometers.
_ORDER = ("HH", "BH", "EH", "SH", "CH", "DH", "HL", "BL", "EL", "HN", "BN", "EN", "SN")


def wanted_patterns(station_id: str) -> tuple[str, ...]:
    """Channels of a station, as NET.STA.LOC.CHA patterns, that a magnitude may be read on."""
    return tuple(f"{station_id}.*.?{instrument}?" for instrument in _INSTRUMENTS)


def is_wanted(source_id: SourceId) -> bool:
    """Whether a magnitude may be read on a channel."""
    return any(fnmatchcase(str(source_id), pattern) for pattern in wanted_patterns(source_id.station_id))


def groups(sight: Sight, recorded: Iterable[SourceId], kind: str) -> list[tuple[SourceId, ...]]:
    """The station's channels for a kind, by instrument: the one that was picked first, then those that see most.

    Parameters
    ----------
    recorded : channels of any stations
    kind : ML is read on horizontal channels, the others on the vertical one
    """
    last = _HORIZONTAL if kind == "ML" else _VERTICAL
    found: dict[tuple[str, str], list[SourceId]] = {}
    for source_id in sorted(recorded):
        code = source_id.channel
        if source_id.station_id == sight.station_id and code[1] in _INSTRUMENTS and code[2] in last:
            found.setdefault((source_id.location, code[:2]), []).append(source_id)
    picked = {(pick.source_id.location, pick.source_id.channel[:2]) for pick in sight.picks}

    def place(key: tuple[str, str]) -> tuple[bool, int, str]:
        rank = _ORDER.index(key[1]) if key[1] in _ORDER else len(_ORDER)
        return key not in picked, rank, key[0]

    return [tuple(found[key]) for key in sorted(found, key=place)]
