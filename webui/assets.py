"""Styles, scripts and pictures, under an address that changes with their content: browsers keep them for a year."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Response, abort, url_for

blueprint = Blueprint("assets", __name__)

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}

# One for all: a script imports its neighbours by relative address.
VERSION = hashlib.sha256(b"".join(name.encode() + content for name, content in _FILES.items())).hexdigest()[:12]


@blueprint.get("/static/<version>/<name>")
def file(version: str, name: str) -> Response:
    """One file, or styles behind each other.

    An address of another version, from a page left open over an update, gives today's but is not kept.
    """
    content = _FILES.get(name) or _joined(name)
    if not content:
        abort(404)
    kept = "public, max-age=31536000, immutable" if version == VERSION else "no-cache"
    return Response(content, mimetype=_TYPES[Path(name).suffix], headers={"Cache-Control": kept})


def _joined(name: str) -> bytes:
    """Styles by their names, as in `page+table.css`: a page waits for one answer; empty where one is not there."""
    stem, _, kind = name.rpartition(".")
    parts = [_FILES.get(f"{part}.css", b"") for part in stem.split("+")]
    return b"".join(parts) if kind == "css" and all(parts) and len(set(parts)) == len(parts) else b""


@blueprint.app_template_global("asset")
def address(name: str) -> str:
    """Where a page finds a file, or the styles whose joined names begin so."""
    return url_for("assets.file", version=VERSION, name=name)
