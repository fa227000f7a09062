"""The words of reports in their languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from engineering.project import Language

_FOLDER = Path(__file__).parent / "words"
# Reasons come as whole English sentences, with a station or channel before them and numbers in them.
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


class Words:
    """Texts of one language; the English text is the key.

    Parameters
    ----------
    language : of the report
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._known: dict[str, str] = {}
        if language is not Language.ENGLISH:
            self._known = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))

    def __call__(self, text: str, **values: Any) -> str:
        """The text in this language, with its `{names}` filled.

        Raises
        ------
        KeyError : if this language lacks it
        """
        said = text if self.language is Language.ENGLISH else self._known[text]
        return said.format(**values) if values else said

    def own(self, text: str) -> str:
        """The text in this language where it is one of ours, as it came where a project wrote it."""
        return self._known.get(text, text)

    def every(self) -> tuple[str, ...]:
        """All texts of this language: what its font must have the characters of."""
        return tuple(self._known.values())

    def reason(self, text: str) -> str:
        """A reason that a record was refused for, in this language; as it came where nobody has translated it."""
        if self.language is Language.ENGLISH:
            return text
        return "; ".join(self._reason(part) for part in text.split("; "))

    def _reason(self, text: str) -> str:
        for english, said in self._known.items():
            if not english.startswith("~"):
                continue
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(english[1:]))
            found = re.fullmatch(pattern, text)
            if found is not None:
                return said.format(**{name: self._known.get(part, part) for name, part in found.groupdict().items()})
        return text


def number(value: float | None, n_digits: int = 3) -> str:
    """A number of few significant digits; a dash for none."""
    if value is None:
        return "—"
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.{n_digits - 1}e}"
    return f"{float(f'{value:.{n_digits}g}'):.10g}"
