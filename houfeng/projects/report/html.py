"""A report as one HTML file that asks nothing of anybody: no script, no file beside it, and a policy that says so."""

from __future__ import annotations

import hashlib
from base64 import b64encode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from houfeng.projects.report.blocks import Block, Document

_LANG = {"en": "en", "zh": "zh-Hans", "ru": "ru"}


def to_html(document: Document) -> str:
    """The whole file; texts are escaped."""
    environment = Environment(
        loader=PackageLoader("houfeng.projects.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = environment.get_template("report.html")
    style = environment.get_template("report.css").render()
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return template.render(
        document=document,
        lang=_LANG[document.language],
        style=Markup(style),
        digest=digest,
        kind=_kind,
        data=_data,
    )


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def _data(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
