"""Command lines: cutting them out of the bytes that arrive, and reading their arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass

from houfeng.times import parse_ns

# FDSN SeedLink 4.0: a command line has at most 255 characters, its terminator included.
MAX_LINE_BYTES = 255

_TERMINATOR = re.compile(rb"[\r\n]")
# Tab and the printable characters; anything else is not a command but noise.
_PRINTABLE = re.compile(rb"[\t\x20-\x7e]+")
_TIME_V3 = re.compile(r"(\d{4}),(\d{1,2}),(\d{1,2}),(\d{1,2}),(\d{1,2}),(\d{1,2})(?:\.0*)?", re.ASCII)
_HEX = re.compile(r"(?:0x)?[0-9a-f]{1,16}", re.ASCII | re.IGNORECASE)
_DECIMAL = re.compile(r"\d{1,20}", re.ASCII)


class CommandError(Exception):
    """A command that is refused: one of the protocol's error codes and a reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Command:
    """A verb in capitals and its arguments; the verb is empty when the line was no text or too long."""

    verb: str
    arguments: tuple[str, ...] = ()
    fault: str = ""

    @property
    def fault_code(self) -> str:
        """The protocol's code for a line that is no command."""
        return "LIMIT" if "bytes" in self.fault else "UNSUPPORTED"


class LineReader:
    """Cuts commands out of a stream of bytes; CR LF, LF and CR end a line, empty lines count for nothing.

    A line that is too long is dropped up to its end and reported once, so memory stays bounded whatever arrives.
    """

    def __init__(self) -> None:
        self._kept = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[Command]:
        """Commands completed by these bytes, in order."""
        *whole, rest = _TERMINATOR.split(data)
        commands = []
        for part in whole:
            self._extend(part)
            command = self._finish()
            if command is not None:
                commands.append(command)
        self._extend(rest)
        return commands

    def _extend(self, part: bytes) -> None:
        if len(self._kept) + len(part) >= MAX_LINE_BYTES:
            self._too_long = True
            self._kept.clear()
        else:
            self._kept += part

    def _finish(self) -> Command | None:
        line, too_long = bytes(self._kept), self._too_long
        self._kept.clear()
        self._too_long = False
        if too_long:
            return Command("", fault=f"a line of {MAX_LINE_BYTES} bytes or more")
        if not line.strip():
            return None
        if not _PRINTABLE.fullmatch(line):
            return Command("", fault="a line that is not ASCII text")
        verb, *arguments = line.decode("ascii").split()
        return Command(verb.upper(), tuple(arguments))


def sequence_v3(text: str) -> int:
    """Hexadecimal sequence number, 24 bits; ObsPy sends `0x` before it and 0x1000000 after 0xFFFFFF.

    Raises
    ------
    CommandError : if it is not hexadecimal
    """
    if not _HEX.fullmatch(text):
        raise CommandError("ARGUMENTS", f"a hexadecimal sequence number is needed, {text} came")
    return int(text, 16) & 0xFFFFFF


def sequence_v4(text: str) -> int | None:
    """Decimal sequence number, None for ALL.

    Raises
    ------
    CommandError : if it is neither
    """
    if text.upper() == "ALL":
        return None
    if not _DECIMAL.fullmatch(text):
        raise CommandError("ARGUMENTS", f"ALL or a decimal sequence number is needed, {text} came")
    return int(text)


def time_v3(text: str) -> int:
    """`2010,5,27,16,24,3` as ns UTC.

    Raises
    ------
    CommandError : if it is no such time
    """
    match = _TIME_V3.fullmatch(text)
    if match is None:
        raise CommandError("ARGUMENTS", f"a time YYYY,MM,DD,hh,mm,ss is needed, {text} came")
    year, month, day, hour, minute, second = match.groups()
    return _time(f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute:0>2}:{second:0>2}Z")


def time_v4(text: str) -> int:
    """`2010-05-27T16:24:03.5Z` as ns UTC.

    Raises
    ------
    CommandError : if it is no such time
    """
    return _time(text)


def _time(text: str) -> int:
    try:
        return parse_ns(text)
    except (ValueError, OverflowError) as error:
        raise CommandError("ARGUMENTS", str(error)) from error
