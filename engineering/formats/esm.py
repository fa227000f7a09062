"""ASCII of the Engineering Strong-Motion database and of ITACA: one axis a file.

64 lines of `KEY: value`, then a value a line (header DYNA 1.2).
"""

from __future__ import annotations

import re

from engineering.formats.lines import File
from engineering.motion import Component, Published
from houfeng.codes import SourceId
from houfeng.errors import SourceIdError
from houfeng.times import parse_ns

TITLE = "ESM ASCII"
N_HEADER = 64
_M_PER_CM = 0.01
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d(?:\.\d{1,9})?)")
_AZIMUTHS = {"N": 0.0, "E": 90.0, "Z": None}


def is_format(file: File) -> bool:
    """Whether a file begins as these do."""
    return file.lines[0].startswith("EVENT_NAME:")


def read(file: File) -> list[Component]:
    """The one component.

    Raises
    ------
    MotionError : if a key is missing or wrong, or the values are not as many as announced
    """
    header = dict(line.partition(":")[::2] for line in file.lines[:N_HEADER])
    header = {key.strip(): value.strip() for key, value in header.items()}
    for key, wanted in (("UNITS", "cm/s^2"), ("DATA_TYPE", "ACCELERATION")):
        if header.get(key) != wanted:
            raise file.fault(0, f"{key} must be {wanted}, came {header.get(key)!r}")
    values, behind = file.columns(N_HEADER, int(_number(file, header, "NDATA")), 40)
    if any(line.strip() for line in file.lines[behind:]):
        raise file.fault(behind, f"more values than NDATA, {len(values)}")
    name = header.get("STREAM", "")
    if name[-1:] not in _AZIMUTHS:
        raise file.fault(0, f"STREAM must end in N, E or Z, came {name!r}")
    low, high = (header.get(f"{side}_CUT_FREQUENCY_HZ") for side in ("LOW", "HIGH"))
    return [
        Component(
            station=f"{header.get('NETWORK', '')}.{header.get('STATION_CODE', '')}",
            name=name,
            azimuth_deg=_AZIMUTHS[name[-1]],
            rate_hz=file.rate_hz(0, header.get("SAMPLING_INTERVAL_S")),
            acceleration_m_s2=values * _M_PER_CM,
            band_hz=(float(low), float(high)) if low and high else None,
            published=Published(pga_m_s2=abs(_number(file, header, "PGA_CM/S^2")) * _M_PER_CM),
            source_id=_source_id(header),
            start_ns=_start_ns(header),
        )
    ]


def _source_id(header: dict[str, str]) -> SourceId | None:
    """The channel; None where its codes are none of FDSN's, which takes nothing from the record."""
    try:
        return SourceId(*(header.get(key, "") for key in ("NETWORK", "STATION_CODE", "LOCATION", "STREAM")))
    except SourceIdError:
        return None


def _start_ns(header: dict[str, str]) -> int | None:
    found = _TIME.fullmatch(header.get("DATE_TIME_FIRST_SAMPLE_YYYYMMDD_HHMMSS", ""))
    if found is None:
        return None
    try:
        return parse_ns("{}-{}-{}T{}:{}:{}".format(*found.groups()))
    except ValueError:
        return None


def _number(file: File, header: dict[str, str], key: str) -> float:
    try:
        return float(header[key])
    except (KeyError, ValueError):
        raise file.fault(0, f"{key} must be a number, came {header.get(key)!r}") from None
