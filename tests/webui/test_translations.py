"""Every word of the pages in Chinese and Russian, and the compiled catalogues as the written ones say."""

from __future__ import annotations

import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parents[2] / "webui"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
LANGUAGES = ("zh", "ru")


@pytest.fixture(scope="module")
def used() -> set[tuple[str | None, str]]:
    """Context and text of everything that the code and the templates hand to gettext."""
    found = extract_from_dir(FOLDER, METHODS, keywords=KEYWORDS, strip_comment_tags=True)
    return {(context, message[0] if isinstance(message, tuple) else message) for _, _, message, _, context in found}


def catalogue(language: str) -> Catalog:
    with (FOLDER / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def text(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated_and_no_other(language: str, used: set[tuple[str | None, str]]) -> None:
    messages = [message for message in catalogue(language) if message.id]
    assert {(message.context, text(message)) for message in messages} == used
    for message in messages:
        assert all(strings(message)), message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_filled_in_is_kept(language: str) -> None:
    names = re.compile(r"%\((\w+)\)s|\{(age|n|time)\}")
    for message in catalogue(language):
        for string in strings(message) if message.id else ():
            assert sorted(names.findall(string)) == sorted(names.findall(text(message))), message.id
            # what scripts print bold stands first, in braces
            if text(message).startswith("{"):
                assert string.startswith("{") or "{n}" in string, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_the_written_one(language: str) -> None:
    with (FOLDER / "translations" / language / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for message in catalogue(language):
        if message.context:
            assert [compiled.pgettext(message.context, text(message))] == strings(message)
        elif isinstance(message.id, str) and message.id:
            assert [compiled.gettext(message.id)] == strings(message)
        elif message.id:
            forms = {compiled.ngettext(*message.id, n) for n in range(30)}
            assert forms == set(strings(message))
