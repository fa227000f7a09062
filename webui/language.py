"""Which language a page speaks: the address says (`?lang=ru`), else the cookie, else the browser.

The only module that knows Flask-Babel, which has no types.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime

import babel.dates
import flask_babel  # type: ignore[import-untyped]
from flask import Flask, g, request

from stations.inventory import SIMULATED

# How each language names itself in the top bar, and what <html lang> calls it: the shapes of Han characters hang on it.
LANGUAGES = {"en": "EN", "zh": "中文", "ru": "РУ"}
HTML_LANG = {"en": "en", "zh": "zh-Hans", "ru": "ru"}


def init_app(app: Flask) -> None:
    """Let the request's language decide what gettext gives."""
    flask_babel.Babel(app, locale_selector=chosen, default_translation_directories="translations")


def chosen() -> str:
    """The request's language, one of `LANGUAGES`."""
    if "language" not in g:
        g.language = _asked()
    return str(g.language)


def _asked() -> str:
    for asked in (request.args.get("lang"), request.cookies.get("lang")):
        if asked in LANGUAGES:
            return asked
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def gettext(text: str, **values: object) -> str:
    """The text in the page's language, with its `%(name)s` filled."""
    return str(flask_babel.gettext(text, **values))


@dataclass(frozen=True, slots=True)
class Lazy:
    """A text that is translated when it is shown: `str()` of it, in a request."""

    text: str

    def __str__(self) -> str:
        return _said(chosen(), self.text)


def lazy_gettext(text: str) -> Lazy:
    """A text of a module, which is loaded once for all languages."""
    return Lazy(text)


@functools.cache
def _said(language: str, text: str) -> str:
    # A table has thousands of units; looking each of them up through the request took half of its time.
    with flask_babel.force_locale(language):
        return gettext(text)


def day_and_month(day: datetime) -> str:
    """`22 Nov` in the page's language."""
    return str(flask_babel.format_datetime(day, gettext("d MMM"), rebase=False))


def city(zone: str) -> str:
    """The city that a time zone is named after, in the page's language: `Asia/Almaty` is `Алматы`."""
    said = str(babel.dates.get_timezone_location(zone, locale=flask_babel.get_locale(), return_city=True))
    return said.rpartition("/")[2].replace("_", " ")


def site_name(name: str) -> str:
    """A station's name in its own script; that the simulator made it is said in the page's language."""
    made = name.removeprefix(SIMULATED)
    return name if made == name else f"{_said(chosen(), 'synthetic')}: {made}"


def territory(code: str) -> str:
    """A country's name in the page's language; the code itself when nobody knows it."""
    return str(flask_babel.get_locale().territories.get(code, code))
