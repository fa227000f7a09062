"""One TCP connection that speaks SeedLink: command and reply lines, packets, INFO. No decisions are taken here.

Framing and reply parsing are EarthScope's (`seedlink_client.protocol`, which does no I/O); the socket is ours.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seedlink_client import mseed as slmseed
from seedlink_client import protocol as sl

from houfeng.errors import AuthError, SourceError

_RECEIVE_BYTES = 262_144
# The 8-byte header of a version 3 packet tells no length; the record behind it does within its first bytes.
_DETECT_BYTES = (64, 128, 256, 512, 4096)


@dataclass(frozen=True, slots=True)
class DataPacket:
    """A payload with the server's sequence number; the bytes are not looked at."""

    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class InfoPacket:
    """One part of an INFO reply; `more` parts follow in version 3."""

    text: str
    more: bool


class Connection:
    """A connected SeedLink server.

    Parameters
    ----------
    host, port : address
    timeout_s : longest wait for a connection, a reply line or the rest of a packet

    Raises
    ------
    SourceError : from every method, when the server does not answer, closes or breaks the protocol; it names
        host and port
    """

    def __init__(self, host: str, port: int, *, timeout_s: float) -> None:
        self.name = f"{host}:{port}"
        self.version = 3
        self._buffer = bytearray()
        try:
            self._socket = socket.create_connection((host, port), timeout=timeout_s)
        except OSError as error:
            raise SourceError(f"{self.name}: cannot connect: {error.strerror or error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def hello(self) -> frozenset[str]:
        """Greet; the server's capabilities. Chooses protocol 4 where the server speaks it."""
        self.send("HELLO")
        _, _, capabilities, majors = sl.parse_hello(self._line(), self._line())
        if "4" in majors:
            self.command("SLPROTO 4.0")
            self.version = 4
        return frozenset(capabilities)

    def command(self, text: str) -> None:
        """Send a command that the server must answer with OK.

        Raises
        ------
        AuthError : if the server refused for lack of rights
        """
        self.send(text)
        reply = sl.parse_reply(self._line())
        if not reply:
            kind = AuthError if reply.code in ("AUTH", "UNAUTHORIZED") else SourceError
            refusal = " ".join(part for part in (reply.status, reply.code, reply.message) if part)
            raise kind(f"{self.name}: {text!r} was answered with {refusal!r}, OK was expected")

    def send(self, text: str) -> None:
        """Send a command that is not answered, or whose answer is a packet."""
        try:
            self._socket.sendall(text.encode("ascii") + b"\r\n")
        except OSError as error:
            raise SourceError(f"{self.name}: connection lost: {error.strerror or error}") from error

    def info(self, level: str) -> dict[str, Any]:
        """An INFO reply as a dictionary: JSON of version 4, or the XML tree of version 3 (tag -> elements)."""
        self.send(f"INFO {level}")
        text = ""
        while True:
            for packet in self.frames():
                if isinstance(packet, InfoPacket):
                    text += packet.text
                    if not packet.more:
                        return self._parse_info(level, text)
            if not self.receive():
                raise SourceError(f"{self.name}: INFO {level} was not answered in time")

    def receive(self) -> bool:
        """Wait for bytes, at most the timeout; whether some came."""
        try:
            chunk = self._socket.recv(_RECEIVE_BYTES)
        except TimeoutError:
            return False
        except OSError as error:
            raise SourceError(f"{self.name}: connection lost: {error.strerror or error}") from error
        if not chunk:
            raise SourceError(f"{self.name}: the server closed the connection")
        self._buffer += chunk
        return True

    def set_timeout(self, timeout_s: float) -> None:
        """Change the longest wait."""
        self._socket.settimeout(timeout_s)

    def frames(self) -> Iterator[DataPacket | InfoPacket]:
        """Whole packets received so far; what is behind the last one stays for the next call."""
        offset = 0
        try:
            while True:
                step = self._frame_v4(offset) if self.version == 4 else self._frame_v3(offset)
                if step is None:
                    return
                packet, length = step
                offset += length
                yield packet
        except (sl.SeedLinkError, UnicodeDecodeError) as error:
            raise SourceError(f"{self.name}: {error}") from error
        finally:
            del self._buffer[:offset]

    def shutdown(self) -> None:
        """Wake a thread that waits in `receive`: it sees the connection closed."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # not connected any more: nobody waits

    def close(self) -> None:
        self._socket.close()

    def _parse_info(self, level: str, text: str) -> dict[str, Any]:
        try:
            parsed = json.loads(text) if self.version == 4 else sl.parse_info_xml(text)
        except (ValueError, sl.SeedLinkError) as error:
            raise SourceError(f"{self.name}: the answer to INFO {level} cannot be read: {error}") from error
        if not isinstance(parsed, dict):
            raise SourceError(f"{self.name}: the answer to INFO {level} is not an object")
        return parsed

    def _line(self) -> str:
        searched = 0
        while True:
            try:
                found = sl.scan_line(self._buffer, 0, len(self._buffer), searched)
            except sl.SeedLinkError as error:
                raise SourceError(f"{self.name}: {error}") from error
            if found is not None:
                line, end = found
                del self._buffer[:end]
                return line
            searched = max(0, len(self._buffer) - 1)
            if not self.receive():
                raise SourceError(f"{self.name}: no reply in time; is it a SeedLink server?")

    def _frame_v4(self, offset: int) -> tuple[DataPacket | InfoPacket, int] | None:
        head = bytes(self._buffer[offset : offset + sl.HEADSIZE_V4])
        self._refuse_text(head)
        if len(head) < sl.HEADSIZE_V4:
            return None
        header = sl.parse_header_v4(head)
        length = sl.HEADSIZE_V4 + header.station_id_length + header.payload_length
        if len(self._buffer) - offset < length:
            return None
        payload = bytes(self._buffer[offset + length - header.payload_length : offset + length])
        if header.payload_format == sl.FORMAT_JSON:
            if header.payload_subformat == sl.SUBFORMAT_JSON_ERROR:
                raise SourceError(f"{self.name}: the server says {payload.decode('utf-8', 'replace')!r}")
            return InfoPacket(payload.decode("utf-8"), more=False), length
        return DataPacket(header.seqnum, payload), length

    def _frame_v3(self, offset: int) -> tuple[DataPacket | InfoPacket, int] | None:
        head = bytes(self._buffer[offset : offset + sl.HEADSIZE_V3])
        self._refuse_text(head)
        if len(head) < sl.HEADSIZE_V3:
            return None
        header = sl.parse_header_v3(head)
        start = offset + sl.HEADSIZE_V3
        n_payload = self._record_length(start)
        if n_payload is None or len(self._buffer) - start < n_payload:
            return None
        payload = bytes(self._buffer[start : start + n_payload])
        length = sl.HEADSIZE_V3 + n_payload
        if header.is_info:
            return InfoPacket(slmseed.extract_info_text(payload), header.info_continues), length
        return DataPacket(header.seqnum or 0, payload), length

    def _record_length(self, start: int) -> int | None:
        for n_bytes in _DETECT_BYTES:
            head = bytes(self._buffer[start : start + n_bytes])
            if len(head) < n_bytes:
                return None
            detected = slmseed.detect_record_length(head)
            if detected is not None:
                return detected[0]
        raise SourceError(f"{self.name}: a version 3 packet holds no miniSEED record")

    def _refuse_text(self, head: bytes) -> None:
        for word in (b"END", b"ERROR"):
            if head.startswith(word):
                raise SourceError(f"{self.name}: the server ended the stream with {word.decode()}")
