"""Which language a page speaks: the address says (`?lang=ru`), else the cookie, else the browser."""

from __future__ import annotations

from flask import Flask, request
from flask_babel import Babel, get_locale

# How each language names itself in the top bar, and what <html lang> calls it (it decides the shapes of Han characters).
LANGUAGES = {"en": "EN", "zh": "中文", "ru": "РУ"}
HTML_LANG = {"en": "en", "zh": "zh-Hans", "ru": "ru"}


def init_app(app: Flask) -> None:
    """Let the request's language decide what gettext gives."""
    Babel(app, locale_selector=chosen, default_locale="en", default_translation_directories="translations")


def chosen() -> str:
    """The request's language, one of `LANGUAGES`."""
    for asked in (request.args.get("lang"), request.cookies.get("lang")):
        if asked in LANGUAGES:
            return asked
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def territory(code: str) -> str:
    """A country's name in the page's language; the code itself when nobody knows it."""
    locale = get_locale()
    return code if locale is None else locale.territories.get(code, code)
