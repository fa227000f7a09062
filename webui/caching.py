"""An answer is as new as the database: until something changes there, it is not made again."""

from __future__ import annotations

import functools
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import ParamSpec

from flask import Response, current_app, g, request
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
# Pages that bring themselves up to date say so, and are given what was made this long ago: while data flow, 300 of them
# would have the same page made 300 times. The page says which state it shows, and asks again after what it missed.
BY_SCRIPT = "X-Refresh"
_SHARED_S = 1.0
_N_TURNS = 64


class Answers:
    """The answers made last, by their entity tag."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: OrderedDict[str, Response] = OrderedDict()
        self._newest: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._turns = [Lock() for _ in range(_N_TURNS)]

    def turn(self, asked: str) -> Lock:
        """To be held by who makes an answer: the others who ask for it wait instead of making it as well."""
        return self._turns[hash(asked) % _N_TURNS]

    def newest(self, asked: str) -> str | None:
        """Tag of the answer to this that was made a moment ago."""
        with self._lock:
            made_s, tag = self._newest.get(asked, (-_SHARED_S, ""))
            return tag if tag in self._answers and time.monotonic() - made_s < _SHARED_S else None

    def get(self, tag: str) -> Response | None:
        """The answer with this tag."""
        with self._lock:
            return self._answers.get(tag)

    def keep(self, asked: str, tag: str, answer: Response) -> None:
        """Keep an answer; the oldest one goes."""
        with self._lock:
            self._answers[tag] = answer
            self._newest.pop(asked, None)
            self._newest[asked] = time.monotonic(), tag
            for kept in (self._answers, self._newest):
                while len(kept) > _MAX_ANSWERS:
                    kept.popitem(last=False)


def revalidated(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer 304 when the browser has this state of the database already, and from memory when another asked."""

    @functools.wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
        answers: Answers = current_app.extensions["answers"]
        asked = _asked()
        tag = _tag(answers, asked)
        if request.if_none_match.contains_weak(tag):
            return labelled(Response(status=304), tag)
        known = answers.get(tag)
        if known is None:
            with answers.turn(asked):
                tag = _tag(answers, asked)
                known = answers.get(tag)
                if known is None:
                    known = view(*args, **kwargs)
                    if known.status_code != 200:
                        return known
                    known = compress(known)
                    answers.keep(asked, tag, known)
        # a copy: what later adds to the headers, such as the compression, is not the next reader's
        made = Response(known.get_data(), known.status_code, Headers(known.headers))
        return labelled(made, tag)

    return answer


def _asked() -> str:
    """What is asked for and by whom, whatever the state of the database."""
    chosen = language.chosen(), zones.chosen(), request.cookies.get("theme")
    return repr((request.full_path, chosen, _understands_gzip(), access.reader()))


def _tag(answers: Answers, asked: str) -> str:
    newest = answers.newest(asked) if BY_SCRIPT in request.headers else None
    if newest is not None:
        return newest
    g.state_version = reading.read(queries.state_version)
    seen = current_app.config["STARTED"], g.state_version, now_ns() // (_FRESH_S * NS_PER_S), asked
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:20]


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
