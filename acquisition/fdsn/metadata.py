"""StationXML from an FDSN station service: whole documents or none."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable

from acquisition.fdsn.client import FdsnClient
from acquisition.fdsn.rules import Reply, backoff_s
from acquisition.fdsn.settings import FdsnSettings
from houfeng.errors import SourceError

_log = logging.getLogger(__name__)

_NO_DATA = (204, 404)
_LASTING = (400, 401, 403, 405, 410, 413, 414, 422, 451, 501)


class StationService:
    """Asks for StationXML, again where the server or the link fails.

    Parameters
    ----------
    settings : address and patience
    """

    def __init__(self, settings: FdsnSettings) -> None:
        self._settings = settings
        self._client = FdsnClient(settings)

    @property
    def address(self) -> str:
        """Where the service is, with http:// or https://."""
        return self._client.address

    def document(
        self, patterns: Iterable[tuple[str, str, str, str]], start_ns: int, end_ns: int, *, level: str
    ) -> bytes | None:
        """One StationXML document; None when the server has no such stations, or no station service (404).

        Parameters
        ----------
        patterns : network, station, location, channel; * and ? allowed
        start_ns, end_ns : ns UTC; epochs that hold within this time
        level : "station", "channel" or "response"

        Raises
        ------
        SourceError : if the server refuses, or sends no whole document however often it is asked
        """
        patterns = list(patterns)
        return self._ask(lambda: self._client.stations(patterns, start_ns, end_ns, level=level))

    def _ask(self, request: Callable[[], Reply]) -> bytes | None:
        settings = self._settings
        reason = ""
        for n_failures in range(1, settings.tries + 1):
            reply = request()
            if reply.status in _NO_DATA:
                return None
            # A document that broke off does not end with its root, whatever the status says.
            if reply.status == 200 and not reply.fault and reply.body.rstrip().endswith(b"FDSNStationXML>"):
                return reply.body
            reason = reply.explanation if reply.fault or reply.status != 200 else _no_document(reply)
            asked_s = reply.retry_after_s or 0.0
            if reply.status in _LASTING or asked_s > settings.max_wait_s:
                break
            if n_failures < settings.tries:
                pause_s = backoff_s(n_failures, settings.retry_min_s, settings.retry_max_s, random.random())
                _log.info("%s: %s; asking again in %.1f s", self.address, reason, max(pause_s, asked_s))
                time.sleep(max(pause_s, asked_s))
        raise SourceError(f"{self.address}: no station metadata came: {reason}")


def _no_document(reply: Reply) -> str:
    return f"a whole StationXML document was expected, {len(reply.body)} bytes came that end with {reply.body[-40:]!r}"
