"""Received bytes -> packets, many at once. Pure: no socket, no clock.

Limits, errors and INFO replies are EarthScope's (`seedlink_client.protocol`). It takes 2 us for one
packet's header, a fifth of what a record may cost from the socket to the disk: data packets are cut here.
"""

from __future__ import annotations

import re
from struct import Struct
from typing import NamedTuple

from seedlink_client import mseed as slmseed
from seedlink_client import protocol as sl

from acquisition.mseed_header import ordinary_length, ordinary_start
from houfeng.errors import AuthError, SourceError

# The 8-byte header of a version 3 packet tells no length; the record behind it does within its first bytes.
_DETECT_BYTES = (64, 128, 256, 512, 4096)
_MAX_LINE = 512
_AUTH_CODES = ("AUTH", "UNAUTHORIZED")
# signature, format, subformat, bytes of payload, sequence number, bytes of station id
_HEADER_V4 = Struct("<2sccIQB")
# A data packet of version 3 whose record tells its length where most do: in one look 1 us, in words 2.4.
_ORDINARY_V3 = re.compile(b"SL([0-9A-Fa-f]{6})" + ordinary_start(), re.DOTALL)


class StreamEndError(SourceError):
    """The server has sent what it owes: the end of a time window, or of a dial-up connection."""


class InfoPacket(NamedTuple):
    """One part of an INFO reply; `more` parts follow in version 3. Or the server's reason not to reply."""

    text: str
    more: bool = False
    is_refusal: bool = False


class Received(NamedTuple):
    """What whole packets there were.

    Parameters
    ----------
    data : sequence number and payload of each; the payload is not looked at
    infos : parts of INFO replies
    n_used : bytes that these packets took
    n_needed : bytes that must be there, counted from the same beginning, before it is worth to look again
    failure : what broke the stream behind them
    """

    data: list[tuple[int, bytes]]
    infos: list[InfoPacket]
    n_used: int
    n_needed: int
    failure: SourceError | None


NOTHING = Received([], [], 0, 0, None)


def cut(content: bytes, version: int, peer: str) -> Received:
    """The whole packets at the beginning of received bytes.

    Parameters
    ----------
    content : received and not used yet
    version : of the protocol, 3 or 4
    peer : who sent it, for messages
    """
    found = Received([], [], 0, 0, None)
    try:
        used, needed = _cut_v4(content, found, peer) if version == 4 else _cut_v3(content, found, peer)
    except SourceError as error:
        return found._replace(failure=error)
    except (sl.SeedLinkError, UnicodeDecodeError) as error:
        return found._replace(failure=SourceError(f"{peer}: {error}"))
    return found._replace(n_used=used, n_needed=needed)


def refusal(peer: str, asked: str, reply: sl.SeedLinkResponse) -> SourceError:
    """What a command that was not answered with OK is raised as."""
    kind = AuthError if reply.code in _AUTH_CODES else SourceError
    answer = " ".join(part for part in (reply.status, reply.code, reply.message) if part)
    return kind(f"{peer}: {asked!r} was answered with {answer!r}, OK was expected")


def _cut_v4(content: bytes, found: Received, peer: str) -> tuple[int, int]:
    at, n_bytes, unpack, add = 0, len(content), _HEADER_V4.unpack_from, found.data.append
    while n_bytes - at >= sl.HEADSIZE_V4:
        signature, kind, subkind, n_payload, sequence, n_station = unpack(content, at)
        if signature != sl.SIGNATURE_V4 or n_payload > sl.MAX_PAYLOAD_SIZE or n_station > sl.MAX_STATIONID:
            if _is_text(content, at, peer):
                break
            sl.parse_header_v4(content[at : at + sl.HEADSIZE_V4])  # says what is wrong
        start = at + sl.HEADSIZE_V4 + n_station
        end = start + n_payload
        if end > n_bytes:
            return at, end - at
        if kind == b"J":
            is_refusal = subkind == b"E"
            text = content[start:end].decode("utf-8", "replace" if is_refusal else "strict")
            found.infos.append(InfoPacket(text, is_refusal=is_refusal))
        else:
            add((sequence, content[start:end]))
        at = end
    return at, _n_needed(content, at, peer, sl.SIGNATURE_V4, sl.HEADSIZE_V4)


def _cut_v3(content: bytes, found: Received, peer: str) -> tuple[int, int]:
    at, n_bytes, ordinary, add = 0, len(content), _ORDINARY_V3.match, found.data.append
    while n_bytes - at >= sl.HEADSIZE_V3:
        if (match := ordinary(content, at)) is not None:  # nearly always
            end = at + sl.HEADSIZE_V3 + (1 << content[match.end() - 1])
            if end > n_bytes:
                return at, end - at
            add((int(match[1], 16), content[at + sl.HEADSIZE_V3 : end]))
            at = end
            continue
        if content[at : at + 2] != sl.SIGNATURE_V3 and _is_text(content, at, peer):
            break
        header = sl.parse_header_v3(content[at : at + sl.HEADSIZE_V3])
        start = at + sl.HEADSIZE_V3
        n_payload = ordinary_length(content, start) or _detected_length(content, start, peer)
        end = start + n_payload
        if not n_payload or end > n_bytes:
            return at, max(end, n_bytes + 1) - at
        payload = content[start:end]
        if header.is_info:
            found.infos.append(InfoPacket(slmseed.extract_info_text(payload), header.info_continues))
        else:
            add((header.seqnum or 0, payload))
        at = end
    return at, _n_needed(content, at, peer, sl.SIGNATURE_V3, sl.HEADSIZE_V3)


def _detected_length(content: bytes, start: int, peer: str) -> int:
    """Bytes of the record that begins here; 0 when more must come before that is known."""
    for n_bytes in _DETECT_BYTES:
        head = content[start : start + n_bytes]
        if len(head) < n_bytes:
            return 0
        detected = slmseed.detect_record_length(head)
        if detected is not None:
            return detected[0]
    raise SourceError(f"{peer}: a version 3 packet holds no miniSEED record")


def _n_needed(content: bytes, at: int, peer: str, signature: bytes, n_header: int) -> int:
    """Bytes that the next look needs, when less than a header is left or the beginning of a text."""
    if content[at : at + 2] == signature or not _is_text(content, at, peer):
        return n_header
    return len(content) - at + 1


def _is_text(content: bytes, at: int, peer: str) -> bool:
    """Whether END or the beginning of an error line stands where a packet should; a whole one is raised."""
    text = content[at : at + _MAX_LINE]
    if text.startswith(b"END"):
        raise StreamEndError(f"{peer}: the server ended the stream with END")
    if not text.startswith(b"ERROR"):
        return b"ERROR".startswith(text) or b"END".startswith(text)
    line, end, _ = text.partition(b"\n")
    if not end and len(text) < _MAX_LINE:
        return True
    raise refusal(peer, "END", sl.parse_reply(line.decode("ascii", "replace")))
