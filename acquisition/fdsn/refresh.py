"""StationXML of the wanted stations: fetched anew now and then, kept whole beside the archive's years."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from acquisition.archive_files import write_anew
from acquisition.fdsn.documents import document_path
from acquisition.fdsn.metadata import StationService
from acquisition.fdsn.settings import FdsnSettings
from houfeng.errors import HoufengError, InventoryError, SourceError
from houfeng.times import NS_PER_S, now_ns

_log = logging.getLogger(__name__)

_HOUR_NS = 3600 * NS_PER_S
# A station that was closed last month still has records that arrive or are looked at.
_LOOKBACK_NS = 31 * 24 * _HOUR_NS
# Says when the document was made: each one differs in it.
_CREATED = re.compile(rb"<Created>[^<]*</Created>")
_EVERYTHING = "*.*.*.*"


class Refresh:
    """Fetches the StationXML of services when it is old.

    Parameters
    ----------
    services : those with a `refresh_h` are asked
    streams : NET.STA.LOC.CHA patterns of what the network wants; a service that is for everything is asked for these
    root : folder of the archive
    accept : refuses, with an InventoryError, a document that cannot be used: the one before is kept then
    """

    def __init__(
        self,
        services: Iterable[FdsnSettings],
        streams: Collection[str],
        root: Path,
        accept: Callable[[bytes, str], object],
    ) -> None:
        self._services = [service for service in services if service.refresh_h]
        self._streams = tuple(streams)
        self._root = root
        self._accept = accept

    def run(self) -> bool:
        """Fetch what is due; whether a document says something new.

        Raises
        ------
        SourceError : if a service refused, or what came cannot be used; the others were asked all the same
        """
        is_new, failures = False, []
        for service in self._services:
            try:
                is_new |= self._is_due(service) and self._fetch(service)
            except HoufengError as error:
                failures.append(str(error))
        if failures and not is_new:
            raise SourceError("; ".join(failures))
        for failure in failures:
            _log.error("%s", failure)
        return is_new

    def _is_due(self, service: FdsnSettings) -> bool:
        path = document_path(self._root, service)
        return not path.exists() or now_ns() - path.stat().st_mtime_ns >= service.refresh_h * _HOUR_NS

    def _fetch(self, service: FdsnSettings) -> bool:
        path = document_path(self._root, service)
        asked = self._streams if service.streams == (_EVERYTHING,) else service.streams
        patterns = [_split(pattern) for pattern in asked]
        until_ns = now_ns()
        content = StationService(service).document(patterns, until_ns - _LOOKBACK_NS, until_ns, level="response")
        if content is None:
            raise SourceError(f"{service.address}: no station metadata of {', '.join(asked)}; what was known stays")
        try:
            self._accept(content, str(path))
        except InventoryError as error:
            raise SourceError(
                f"{service.address}: its StationXML cannot be used, what was known stays: {error}"
            ) from error
        if path.exists() and _CREATED.sub(b"", path.read_bytes()) == _CREATED.sub(b"", content):
            os.utime(path)
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        write_anew(path, [content])
        _log.info("%s: new StationXML, %d bytes", service.address, len(content))
        return True


def _split(pattern: str) -> tuple[str, str, str, str]:
    network, station, location, channel = pattern.split(".")
    return network, station, location, channel
