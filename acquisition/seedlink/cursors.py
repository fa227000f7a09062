"""How far the stations of a server were received. Pure: no socket, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acquisition.seedlink.resume import FLOOR_NS, RESUME_MARGIN_NS
from houfeng.types import Cursor, Packet


def advance(cursors: Mapping[str, Cursor], packets: Sequence[Packet]) -> dict[str, Cursor]:
    """The cursors that these packets move, by station id.

    What is asked for after a reset begins a margin before the end of the newest record, and must begin before the
    outage whatever a broken clock once wrote: a record that is further ahead than the margin leaves that end where it
    was, for it tells nothing of how far the station has come; one that is a little ahead moves it to when it came. Of
    one stream's records only the last counts; when an earlier one ends later, a little more is asked for than would do.

    Parameters
    ----------
    cursors : before the packets, by station id; not changed
    packets : of one server, in the order in which it sent them
    """
    # of the last of each stream: to look at every record took as long as to make all of them
    ends_ns: dict[str, int] = {}
    for packet in {packet.source_id: packet for packet in packets}.values():
        station_id = packet.source_id.station_id
        end_ns = packet.next_ns
        if 0 < packet.received_ns < end_ns - RESUME_MARGIN_NS:
            known = cursors.get(station_id)
            end_ns = FLOOR_NS if known is None else known.last_ns
        elif packet.received_ns:
            end_ns = min(end_ns, packet.received_ns)
        ends_ns[station_id] = max(end_ns, ends_ns.get(station_id, end_ns))
    moved = {}
    for station_id, packet in {packet.source_id.station_id: packet for packet in packets}.items():
        known = cursors.get(station_id)
        last_ns = ends_ns[station_id] if known is None else max(ends_ns[station_id], known.last_ns)
        moved[station_id] = Cursor(packet.sequence or 0, last_ns, packet.start_ns, packet.server_start)
    return moved
