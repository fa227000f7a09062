"""One TCP connection that speaks SeedLink: command and reply lines, packets, INFO. No decisions are taken here.

Framing and reply parsing are EarthScope's (`seedlink_client.protocol`, which does no I/O); the socket is ours.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seedlink_client import protocol as sl

from acquisition.seedlink.frames import NOTHING, Received, cut, refusal
from houfeng.errors import SourceError

_RECEIVE_BYTES = 262_144
# Commands under way at once: their answers fit any socket buffer, so neither side can wait for the other.
_PIPELINED = 50


class InfoRefusedError(SourceError):
    """The server does not answer this INFO; the connection goes on."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """How a server introduces itself: its software, and what it can do."""

    software: str
    capabilities: frozenset[str]


class Connection:
    """A connected SeedLink server.

    Parameters
    ----------
    host, port : address
    timeout_s : longest wait for a connection, a reply line or the rest of a packet
    tls : encrypts, and checks the server's certificate against the host's name; None talks in the clear

    Raises
    ------
    SourceError : from every method, when the server does not answer, closes or breaks the protocol; it names
        host and port
    """

    def __init__(self, host: str, port: int, *, timeout_s: float, tls: ssl.SSLContext | None = None) -> None:
        self.name = f"{host}:{port}"
        self.version = 3
        self._buffer = bytearray()
        self._n_needed = 1
        try:
            plain = socket.create_connection((host, port), timeout=timeout_s)
        except OSError as error:
            raise SourceError(f"{self.name}: cannot connect: {error.strerror or error}") from error
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = plain if tls is None else self._encrypt(plain, tls, host)

    def hello(self) -> Greeting:
        """Greet. Chooses protocol 4 where the server speaks it."""
        self.send("HELLO")
        software, _, capabilities, majors = sl.parse_hello(self._line(), self._line())
        if "4" in majors:
            self.command("SLPROTO 4.0")
            self.version = 4
        return Greeting(software, frozenset(capabilities))

    def command(self, text: str, *, shown: str = "") -> None:
        """Send a command that the server must answer with OK.

        Parameters
        ----------
        shown : what an error calls the command, when its text is secret

        Raises
        ------
        AuthError : if the server refused for lack of rights
        """
        self.send(text)
        reply = sl.parse_reply(self._line())
        if not reply:
            raise refusal(self.name, shown or text, reply)

    def commands(self, texts: Sequence[str]) -> list[SourceError | None]:
        """Send commands that are each answered; the refusals, None where the answer was OK.

        Version 4 allows the next command before the answer to the last: a thousand stations over a link of 300 ms
        would otherwise take a quarter of an hour.
        """
        refusals: list[SourceError | None] = []
        step = _PIPELINED if self.version == 4 else 1
        for first in range(0, len(texts), step):
            ahead = texts[first : first + step]
            self.send("\r\n".join(ahead))
            for text in ahead:
                reply = sl.parse_reply(self._line())
                refusals.append(None if reply else refusal(self.name, text, reply))
        return refusals

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
            received = self.packets()
            for part in received.infos:
                if part.is_refusal:
                    raise InfoRefusedError(f"{self.name}: the server says {part.text!r}")
                text += part.text
                if not part.more:
                    return self._parse_info(level, text)
            if received.failure is not None:
                raise received.failure
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
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._buffer += self._socket.recv(_RECEIVE_BYTES)  # decrypted already: no poll would tell of it
        return True

    def fileno(self) -> int:
        return self._socket.fileno()

    def set_timeout(self, timeout_s: float) -> None:
        """Change the longest wait."""
        self._socket.settimeout(timeout_s)

    def packets(self) -> Received:
        """Whole packets received so far; what is behind the last one stays for the next call."""
        if len(self._buffer) < self._n_needed:  # a large packet that trickles in is not copied for every byte
            return NOTHING
        # cut from bytes: slices of a bytearray or a view take four times as long as this one copy of it all
        received = cut(bytes(self._buffer), self.version, self.name)
        del self._buffer[: received.n_used]
        self._n_needed = received.n_needed
        return received

    def shutdown(self) -> None:
        """Wake a thread that waits in `receive`: it sees the connection closed."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # not connected any more: nobody waits

    def close(self) -> None:
        self._socket.close()

    def _encrypt(self, plain: socket.socket, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        try:
            return tls.wrap_socket(plain, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            plain.close()
            raise SourceError(
                f"{self.name}: the server's certificate is not trusted: {error.verify_message}"
            ) from error
        except OSError as error:
            plain.close()
            raise SourceError(f"{self.name}: TLS failed: {error.strerror or error}; is this its TLS port?") from error

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
                self._n_needed = 1
                return line
            searched = max(0, len(self._buffer) - 1)
            if not self.receive():
                raise SourceError(f"{self.name}: no reply in time; is it a SeedLink server?")
