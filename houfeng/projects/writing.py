"""The files of an assessment: results for programs, and a report in each language that was asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
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

    Parameters
    ----------
    languages : of reports; those that the project names, if none

    Yields
    ------
    path, remark : of each file as it is done; "" or what is wrong with it

    Raises
    ------
    ConfigError : if the folder or a file cannot be written
    """
    shape = project_shape(found)
    text = to_json(shape).encode()
    yield _put(folder / RESULTS, text), ""
    results = Results(found, shape, hashlib.sha256(text).hexdigest())
    for language in dict.fromkeys(languages or found.opened.project.project.languages):
        document = write(results, Words(language))
        yield _put(folder / file_name(language, "html"), to_html(document).encode()), ""
        content, missing = to_pdf(document)
        remark = f"no font has {missing}: a box stands for each" if missing else ""
        yield _put(folder / file_name(language, "pdf"), content), remark


def _put(path: Path, content: bytes) -> Path:
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)  # noqa: PTH105 - one call, and atomic
    except OSError as error:
        with suppress(OSError):  # half a file is of no use, and takes room on a disk that has none
            part.unlink()
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    return path
