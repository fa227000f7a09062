"""An answer is as new as the database: until something changes there, it is not made again."""

from __future__ import annotations

import functools
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import ParamSpec

from flask import Response, current_app, request
from werkzeug.datastructures import Headers

from database import queries
from houfeng.times import NS_PER_S, now_ns
from webui import access, language, reading, zones

P = ParamSpec("P")

_GZIP_TYPES = (
    "text/html",
    "text/css",
    "text/javascript",
    "text/csv",
    "application/json",
    "application/geo+json",
    "image/svg+xml",
)
# Below one network packet nothing is gained.
_GZIP_MIN_BYTES = 1400

# An unchanged answer is made anew this often: ages grow, and a status that nobody renews turns UNKNOWN.
_FRESH_S = 5
# A page with 1000 stations is 0.6 MB.
_MAX_ANSWERS = 64


class Answers:
    """The answers made last, by their entity tag."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: OrderedDict[str, Response] = OrderedDict()

    def get(self, tag: str) -> Response | None:
        """The answer with this tag."""
        with self._lock:
            return self._answers.get(tag)

    def keep(self, tag: str, answer: Response) -> None:
        """Keep an answer; the oldest one goes."""
        with self._lock:
            self._answers[tag] = answer
            while len(self._answers) > _MAX_ANSWERS:
                self._answers.popitem(last=False)


def revalidated(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer 304 when the browser has this state of the database already, and from memory when another asked."""

    @functools.wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
        tag = _tag()
        if request.if_none_match.contains_weak(tag):
            return labelled(Response(status=304), tag)
        answers: Answers = current_app.extensions["answers"]
        known = answers.get(tag)
        if known is None:
            known = view(*args, **kwargs)
            if known.status_code != 200:
                return known
            known = compress(known)
            answers.keep(tag, known)
        # a copy: what later adds to the headers, such as the compression, is not the next reader's
        made = Response(known.get_data(), known.status_code, Headers(known.headers))
        return labelled(made, tag)

    return answer


def _tag() -> str:
    version = reading.read(queries.state_version)
    what = (
        current_app.config["STARTED"],
        version,
        now_ns() // (_FRESH_S * NS_PER_S),
        request.full_path,
        language.chosen(),
        zones.chosen(),
        request.cookies.get("theme"),
        _understands_gzip(),
        access.reader(),
    )
    return hashlib.sha256(repr(what).encode()).hexdigest()[:20]


def compress(response: Response) -> Response:
    """Compress an answer once, where that helps and the browser understands it."""
    if response.mimetype not in _GZIP_TYPES or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    small = response.is_streamed or (response.content_length or 0) < _GZIP_MIN_BYTES
    if small or response.status_code != 200 or not _understands_gzip():
        return response
    response.set_data(gzip.compress(response.get_data(), compresslevel=7, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    return response


def _understands_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def labelled(response: Response, tag: str) -> Response:
    """With its entity tag, by which a browser asks whether it is still this one."""
    # weak: the same answer may come compressed
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.update(("Accept-Language", "Cookie", "Accept-Encoding"))
    return response
