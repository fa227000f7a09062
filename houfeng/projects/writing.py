"""The files of an assessment: results for programs, and a report in each language that was asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from engineering.project import Language
from houfeng.errors import ConfigError
from houfeng.projects.report.content import Results, write
from houfeng.projects.report.html import to_html
from houfeng.projects.report.pdf import to_pdf
from houfeng.projects.report.words import Words
from houfeng.projects.running import Found
from houfeng.projects.shape import project_shape, to_json
from houfeng.report_files import RESULTS, file_name


def write_assessment(found: Found, folder: Path, languages: Sequence[Language] = ()) -> Iterator[tuple[Path, str]]:
    """Write the files into a folder, which is made; each is there whole or not at all.

    All are written under other names before the first gets its own: whenever it is killed, reports are never beside
    results that are not theirs, but for the moment of renaming them.

    Parameters
    ----------
    languages : of reports; those that the project names, if none

    Yields
    ------
    path, remark : of each file; "" or what is wrong with it

    Raises
    ------
    ConfigError : if the folder or a file cannot be written
    """
    remarks: dict[Path, str] = {}
    try:
        for name, content, remark in _contents(found, languages):
            path = folder / name
            remarks[path] = remark
            with _told(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                _part(path).write_bytes(content)
    except ConfigError:
        for path in remarks:  # half a file is of no use, and takes room on a disk that has none
            with suppress(OSError):
                _part(path).unlink()
        raise
    for path, remark in remarks.items():
        with _told(path):
            os.replace(_part(path), path)  # noqa: PTH105 - one call, and atomic
        yield path, remark


def _contents(found: Found, languages: Sequence[Language]) -> Iterator[tuple[str, bytes, str]]:
    """Name, content and remark of each file."""
    shape = project_shape(found)
    text = to_json(shape).encode()
    yield RESULTS, text, ""
    results = Results(found, shape, hashlib.sha256(text).hexdigest())
    for language in dict.fromkeys(languages or found.opened.project.project.languages):
        document = write(results, Words(language))
        yield file_name(language, "html"), to_html(document).encode(), ""
        content, missing = to_pdf(document)
        remark = f"no font has {missing}: a box stands for each" if missing else ""
        yield file_name(language, "pdf"), content, remark


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
