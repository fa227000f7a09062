"""In front of the application: what was answered a moment ago is answered again without asking it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, NamedTuple

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# The application takes 1.5 ms to find an answer that it has. A change in the database is seen this much later.
_KEPT_S = 0.2
_MAX_KEPT = 256
# Whoever brings another cookie may have signed in: such answers are nobody else's.
_COMMON_COOKIES = {"lang", "theme", "tz"}


class _Answer(NamedTuple):
    made_s: float
    status: str
    headers: list[tuple[str, str]]
    content: bytes


class Front:
    """A WSGI application around another.

    Answers with an entity tag, which say of themselves that they are the same for the same request, are given again
    for a fifth of a second to requests with the same headers from the same address.

    Parameters
    ----------
    application : is asked for everything else
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._lock = Lock()
        self._kept: dict[tuple[str, ...], _Answer] = {}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """As PEP 3333 has it."""
        if not _is_common(environ):
            return self._application(environ, start_response)
        key = _key(environ)
        known = self._kept.get(key)
        if known is None or time.monotonic() - known.made_s > _KEPT_S:
            return self._asked(environ, start_response, key)
        start_response(known.status, list(known.headers))
        return [known.content]

    def _asked(self, environ: Environ, start_response: Callable[..., Any], key: tuple[str, ...]) -> Iterable[bytes]:
        began_s = time.monotonic()
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            said.append((status, headers))
            return start_response(status, headers, *rest)

        content = self._application(environ, start)
        status, headers = said[-1]
        names = {name.lower() for name, _ in headers}
        if status[:3] not in ("200", "304") or "etag" not in names or "set-cookie" in names:
            return content
        try:
            parts = list(content)
        finally:
            getattr(content, "close", lambda: None)()
        with self._lock:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[key] = _Answer(began_s, status, list(headers), b"".join(parts))
        return parts


def _is_common(environ: Environ) -> bool:
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_AUTHORIZATION" in environ:
        return False
    cookies = environ.get("HTTP_COOKIE", "")
    return all(part.partition("=")[0].strip() in _COMMON_COOKIES for part in cookies.split(";") if part.strip())


def _key(environ: Environ) -> tuple[str, ...]:
    headers = sorted(f"{name}: {value}" for name, value in environ.items() if name.startswith("HTTP_"))
    address = environ.get("REMOTE_ADDR", ""), environ.get("wsgi.url_scheme", "")
    return (*address, environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""), *headers)
