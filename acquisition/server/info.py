"""INFO documents: XML for version 3, JSON for version 4."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from acquisition.server.frames import SEQUENCE_MASK_V3, frame_v4, info_packets_v3
from acquisition.server.ring import StreamSpan
from houfeng.times import format_ns

# What HELLO offers: extended error replies and station wildcards (version 3), sequence numbers with wildcards and
# time windows (version 4).
CAPABILITIES = ("SLPROTO:3.1", "SLPROTO:4.0", "CAP", "EXTREPLY", "NSWILDCARD", "SEQWILDCARD", "TIME")
_CAPABILITIES_V3 = (
    "dialup",
    "multistation",
    "window-extraction",
    "info:id",
    "info:capabilities",
    "info:stations",
    "info:streams",
)
_FORMATS = {
    "2": {
        "mimetype": "application/vnd.fdsn.mseed",
        "subformat": {
            "D": "data",
            "E": "event detection",
            "C": "calibration",
            "T": "timing exception",
            "L": "log",
            "O": "opaque",
        },
    },
    "3": {"mimetype": "application/vnd.fdsn.mseed3", "subformat": {"D": "data"}},
    "J": {"mimetype": "application/json", "subformat": {"I": "INFO", "E": "error"}},
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the server says it is.

    Parameters
    ----------
    software : name and version, such as Houfeng/0.1.0
    organization : data centre or network that runs it
    started_ns : when it started, ns UTC
    """

    software: str
    organization: str
    started_ns: int

    @property
    def hello(self) -> str:
        """First line of the answer to HELLO; clients read the version from its second word."""
        return f"SeedLink v4.0 ({self.software}) :: {' '.join(CAPABILITIES)}"


def info_v3(identity: Identity, level: str, spans: Iterable[StreamSpan], t_ns: int) -> bytes:
    """Packets that answer `INFO level`: station INFO, or ERROR when the level is not offered."""
    root = Element(
        "seedlink",
        software=identity.hello,
        organization=identity.organization,
        started=_time_v3(identity.started_ns),
    )
    station, channel = "INFO", "INF"
    if level == "CAPABILITIES":
        for name in _CAPABILITIES_V3:
            SubElement(root, "capability", name=name)
    elif level in ("STATIONS", "STREAMS"):
        _add_stations(root, (span for span in spans if span.key.legacy), with_streams=level == "STREAMS")
    elif level != "ID":
        station, channel = "ERROR", "ERR"
        SubElement(root, "error", code="UNSUPPORTED", message=f"INFO {level} is not offered")
    return info_packets_v3('<?xml version="1.0"?>' + tostring(root, "unicode"), station, channel, t_ns)


def _add_stations(root: Element, spans: Iterable[StreamSpan], *, with_streams: bool) -> None:
    for _, group in groupby(spans, key=lambda span: span.key.station):
        streams = list(group)
        source_id = streams[0].key.source_id
        element = SubElement(
            root,
            "station",
            name=source_id.station,
            network=source_id.network,
            description=source_id.station_id,
            begin_seq=_sequence_v3(min(span.first_sequence for span in streams)),
            end_seq=_sequence_v3(max(span.last_sequence for span in streams)),
            stream_check="enabled",
        )
        for span in streams if with_streams else ():
            SubElement(
                element,
                "stream",
                location=span.key.source_id.location,
                seedname=span.key.source_id.channel,
                type=span.key.kind[1],
                begin_time=_time_v3(span.start_ns),
                end_time=_time_v3(span.end_ns),
            )


def info_v4(identity: Identity, level: str, patterns: tuple[str, ...], spans: Iterable[StreamSpan]) -> bytes:
    """Packet that answers `INFO level [station [stream[.format]]]`; `spans` are those the patterns match."""
    document: dict[str, Any] = {"software": identity.hello, "organization": identity.organization}
    if level == "ID":
        document["server_start"] = format_ns(identity.started_ns)
    elif level == "FORMATS":
        document |= {"format": _FORMATS, "filter": {"native": "records as they are"}}
    elif level == "CAPABILITIES":
        document["capability"] = list(CAPABILITIES)
    elif level in ("STATIONS", "STREAMS"):
        document["station"] = _stations(spans, with_streams=level == "STREAMS")
    else:
        return error_v4(identity, "ARGUMENTS", f"INFO {' '.join((level, *patterns)).strip()} is not offered")
    return frame_v4("JI", 0, "", json.dumps(document).encode("ascii"))


def error_v4(identity: Identity, code: str, message: str) -> bytes:
    """Packet that says a request was refused."""
    document = {
        "software": identity.hello,
        "organization": identity.organization,
        "error": {"code": code, "message": message},
    }
    return frame_v4("JE", 0, "", json.dumps(document).encode("ascii"))


def _stations(spans: Iterable[StreamSpan], *, with_streams: bool) -> list[dict[str, Any]]:
    stations = []
    for name, group in groupby(spans, key=lambda span: span.key.station):
        streams = list(group)
        station: dict[str, Any] = {
            "id": name,
            "description": streams[0].key.source_id.station_id,
            "start_seq": min(span.first_sequence for span in streams),
            "end_seq": max(span.last_sequence for span in streams),
        }
        if with_streams:
            station["stream"] = [
                {
                    "id": span.key.stream,
                    "format": span.key.kind[0],
                    "subformat": span.key.kind[1],
                    "start_time": format_ns(span.start_ns),
                    "end_time": format_ns(span.end_ns),
                }
                for span in streams
            ]
        stations.append(station)
    return stations


def _sequence_v3(sequence: int) -> str:
    return f"{sequence & SEQUENCE_MASK_V3:06X}"


def _time_v3(t_ns: int) -> str:
    """`2014/05/23 13:38:36.0246`, as SeisComP writes it."""
    return format_ns(t_ns, digits=4)[:-1].replace("-", "/").replace("T", " ")
