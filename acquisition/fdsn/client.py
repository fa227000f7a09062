"""Requests to an FDSN web service: ObsPy's Client with a transfer that ends in time and hides nothing."""

from __future__ import annotations

import io
import urllib.request
import zlib
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError

from obspy.clients.fdsn import Client
from obspy.clients.fdsn.header import URL_MAPPINGS, FDSNRedirectException

from acquisition.fdsn.connections import CutHttpHandler, CutHttpsHandler
from acquisition.fdsn.deadline import Cut
from acquisition.fdsn.rules import Reply
from acquisition.fdsn.settings import FdsnSettings
from acquisition.secret import read_secret
from houfeng import __version__
from houfeng.errors import AuthError, SourceError
from houfeng.times import NS_PER_S, now_ns, to_utcdatetime
from houfeng.types import Gap

# Most bytes of one answer: ten times what the largest planned request brings at 100 Hz. More is cut off and asked
# for in smaller parts.
MAX_BODY_BYTES = 128 << 20
_READ_BYTES = 1 << 16
# endtime is inclusive; without this the sample on the border between two requests would come with both.
_JUST_BEFORE_NS = 1_000

_NslcPattern = tuple[str, str, str, str]


class FdsnClient:
    """Asks one FDSN web service.

    ObsPy's Client knows the data centres, builds addresses and request bodies and follows redirects. Its transfer is
    replaced at the one method all requests go through: `get_waveforms` decodes and trims, so the records would have to
    be encoded again; `filename=` keeps them, but its transfer drops Retry-After and the bytes of a broken-off answer,
    and its timeout begins anew with every byte.

    Parameters
    ----------
    settings : address and patience

    Raises
    ------
    SourceError : if the address is neither a URL nor a name that ObsPy knows
    """

    def __init__(self, settings: FdsnSettings) -> None:
        try:
            self._client = _Client(settings)
        except ValueError as error:
            raise SourceError(
                f"{settings.address}: an address such as https://geofon.gfz.de, with a port of two digits or more, or "
                f"a name that ObsPy knows is needed: {', '.join(sorted(URL_MAPPINGS))}"
            ) from error

    @property
    def address(self) -> str:
        """Where the service is, with http:// or https://."""
        return str(self._client.base_url)

    @property
    def patience_s(self) -> float:
        """`dataselect` returns within this, seconds: a password that is refused is asked with again, a token too."""
        settings = self._client.settings
        return settings.deadline_s * {"none": 1, "userpass": 2, "eida": 4}[settings.auth]

    def dataselect(self, gaps: Iterable[Gap]) -> Reply:
        """The records of these gaps, as they lie in the server's archive.

        Raises
        ------
        AuthError : if the password or token cannot be read, or is refused
        """
        lines = [_line(gap) for gap in gaps]
        is_fresh = self._client.log_in()
        self._client.get_waveforms_bulk(lines, filename=io.BytesIO())
        if self._client.is_refused and not is_fresh:  # what a token was exchanged for holds for some hours
            self._client.log_out()
            self._client.log_in()
            self._client.get_waveforms_bulk(lines, filename=io.BytesIO())
        if self._client.is_refused:
            self._client.log_out()
            raise AuthError(f"{self.address}: the data centre refuses our password or token (HTTP 401)")
        return self._client.reply

    def stations(
        self, patterns: Iterable[_NslcPattern], start_ns: int, end_ns: int, *, level: str, layout: str = "xml"
    ) -> Reply:
        """Station metadata of channels, * and ? allowed in their codes.

        Parameters
        ----------
        patterns : network, station, location, channel of each
        start_ns, end_ns : ns UTC; epochs that hold within this time
        level : "station", "channel" or "response"
        layout : "xml" is StationXML, "text" a table
        """
        window = (to_utcdatetime(start_ns), to_utcdatetime(end_ns))
        bulk = [(*pattern, *window) for pattern in patterns]
        self._client.get_stations_bulk(bulk, level=level, format=layout, filename=io.BytesIO())
        return self._client.reply

    def availability(self, gaps: Iterable[Gap]) -> Reply:
        """What the server says it holds within these gaps (fdsnws-availability 1, text); few servers offer it."""
        # ObsPy 1.5 does not know this service: only the address is taken from it.
        lines = ["format=text", *(" ".join(str(word) for word in _line(gap)) for gap in gaps)]
        url = str(self._client._build_url("dataselect", "query")).replace("/dataselect/1/", "/availability/1/")
        self._client._download(url, data="\n".join(lines).encode("ascii"), content_type="text/plain")
        return self._client.reply

    def close(self) -> None:
        """End the request that is under way in another thread, and refuse further ones."""
        self._client.cut.close()


def _line(gap: Gap) -> tuple[Any, ...]:
    source_id = gap.source_id
    codes = (source_id.network, source_id.station, source_id.location or "--", source_id.channel)
    return (*codes, to_utcdatetime(gap.start_ns), to_utcdatetime(gap.end_ns - _JUST_BEFORE_NS))


class _Client(Client):  # type: ignore[misc]  # ObsPy has no types
    """ObsPy's Client whose transfers keep what came: `reply` is that of the last request."""

    def __init__(self, settings: FdsnSettings) -> None:
        self.reply = Reply(0)
        self.cut = Cut()
        self.settings = settings
        self._is_logged_in = settings.auth == "none"
        # Discovery would ask for five documents first, each in a thread without a deadline.
        super().__init__(
            settings.address,
            timeout=settings.silence_s,
            user_agent=f"Houfeng/{__version__}",
            _discover_services=False,
        )
        self._deadline_s = settings.deadline_s

    @property
    def is_refused(self) -> bool:
        """Whether the last answer says that it does not know us; 403 is about the records."""
        return self.settings.auth != "none" and self.reply.status == 401

    def log_in(self) -> bool:
        """Ask for restricted records too from now on, where the settings say how; whether that was not so before.

        Raises
        ------
        AuthError : if there is no password or token to be read, or the token is refused
        """
        if self._is_logged_in:
            return False
        settings = self.settings
        secret = read_secret(settings.secret, f"fdsn[{settings.address}].secret")
        if settings.auth == "eida":
            self._exchange(secret)
        else:
            self.set_credentials(settings.user, secret)
        self._is_logged_in = True
        return True

    def log_out(self) -> None:
        """Read and exchange the secret anew for the next request."""
        self._is_logged_in = False

    def _exchange(self, token: str) -> None:
        """Have EIDA's authentication service make a name and a password of a token."""
        self.services["eida-auth"] = True  # discovery would have asked for it
        self.set_credentials(None, None)
        self.reply = Reply(0)
        try:
            self.set_eida_token(token)
        except ValueError:  # whose text would show what came
            is_exchanged = False
        else:
            is_exchanged = self.reply.status == 200
        if not is_exchanged:
            self.set_credentials(None, None)
            raise AuthError(f"{self.base_url}: the token could not be exchanged for a password: {self._no_exchange()}")

    def _no_exchange(self) -> str:
        if self.reply.status == 200:
            return "no user:password came"
        return self.reply.explanation if self.reply.status or self.reply.fault else "it is no PGP message"

    def _set_opener(self, user: str | None, password: str | None) -> None:
        super()._set_opener(user, password)
        for handler in (CutHttpHandler(self.cut), CutHttpsHandler(self.cut)):
            self._url_opener.add_handler(handler)

    def _download(
        self,
        url: str,
        return_string: bool = False,
        data: bytes | None = None,
        use_gzip: bool | None = None,
        content_type: str | None = None,
    ) -> bytes | io.BytesIO:
        # miniSEED is compressed already; StationXML shrinks to a twentieth.
        headers = dict(self.request_headers)
        if "/station/" in url:
            headers["Accept-Encoding"] = "gzip"
        if content_type:
            headers["Content-Type"] = content_type
        with self.cut.after(self._deadline_s):
            self.reply = self._transfer(urllib.request.Request(url, data, headers))
        return self.reply.body if return_string else io.BytesIO(self.reply.body)

    def _transfer(self, request: urllib.request.Request) -> Reply:
        body = bytearray()
        status, content_type = 0, ""
        try:
            with self._url_opener.open(request, timeout=self.timeout) as response:
                status, content_type = response.status, response.headers.get_content_type()
                fault = self._read(response, body)
                content = _unpacked(response, body)
        except HTTPError as error:
            with error:
                body += _error_text(error)
            return Reply(error.code, bytes(body), retry_after_s=_retry_after_s(error.headers.get("Retry-After")))
        except FDSNRedirectException:
            return Reply(status, fault="the server redirects, and a password is sent to no other address than ours")
        # ValueError: a redirect to what is no address at all
        except (OSError, HTTPException, ValueError, zlib.error) as error:
            content, fault = bytes(body), self.cut.reason or _reason(error)
        return Reply(status, content, fault, content_type=content_type)

    def _read(self, response: HTTPResponse, body: bytearray) -> str:
        """Read to the end; why that was not the end the server had announced."""
        announced = response.headers.get("Content-Length", "")
        n_bytes = int(announced) if announced.isdecimal() else None
        while n_bytes is None or len(body) < n_bytes:
            try:
                part = response.read1(_READ_BYTES)
            except (OSError, HTTPException) as error:
                return self.cut.reason or _reason(error)
            if not part:
                break
            body += part
            if len(body) > MAX_BODY_BYTES:
                return f"more than {MAX_BODY_BYTES >> 20} MiB came; cut off"
        # A connection that we cut looks to the reader like one that the server ended.
        if self.cut.reason:
            return self.cut.reason
        if n_bytes is not None and len(body) < n_bytes:
            return f"the connection ended after {len(body)} of {n_bytes} bytes"
        return ""


def _error_text(error: HTTPError) -> bytes:
    try:
        text = error.read(_READ_BYTES)
    except (OSError, HTTPException):
        return b""
    # urllib gives up a refused password with an error without body, which Python 3.11.2 reads as "" and 3.11.7 as b"".
    return text or b""


def _unpacked(response: HTTPResponse, body: bytearray) -> bytes:
    if response.headers.get("Content-Encoding", "").lower() != "gzip":
        return bytes(body)
    return zlib.decompressobj(wbits=31).decompress(bytes(body), MAX_BODY_BYTES)


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if isinstance(inner, TimeoutError):
        return "nothing came for too long"
    return f"{type(inner).__name__}: {inner}" if str(inner) else type(inner).__name__


def _retry_after_s(text: str | None) -> float | None:
    """Seconds from now of a Retry-After header (RFC 9110, 10.2.3: seconds or a date)."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, at.timestamp() - now_ns() / NS_PER_S)
