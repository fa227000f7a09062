"""Bytes of an untrusted XML document -> its root element, or one clear line about what is wrong.

The text is decoded here, searched for a document type, and exactly that text is parsed: were libxml2 left to
choose the encoding, UTF-7 or UTF-16 could spell `<!DOCTYPE` in bytes that a search doesn't see.
"""

from __future__ import annotations

import codecs
import re
from io import BytesIO
from typing import Any

from lxml import etree

from houfeng.errors import InventoryError

# 24 times the full history of a GSN station (IU.ULN: 64 epochs with responses, 2.8 MB). Whole networks with
# responses are larger; they are fetched station by station.
MAX_DOCUMENT_BYTES = 64 * 2**20

# What StationXML is written in. Python knows codecs that take quadratic time (IDNA) or run escapes; none of them.
ENCODINGS = frozenset(
    "utf-8 ascii iso8859-1 iso8859-2 iso8859-5 iso8859-9 iso8859-15 cp1250 cp1251 cp1252 cp1254 koi8-r "  # noqa: SIM905
    "gb2312 gbk gb18030 big5 euc_kr euc_jp shift_jis".split()
)

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""\A\s*<\?xml\b[^>]{0,100}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*>")


def read_root(xml: bytes, name: str, *, drop: str) -> Any:
    """Root element of a document, without external or internal entities, files or network.

    Parameters
    ----------
    xml : the document as it came
    name : what to call it in messages
    drop : `{namespace}tag` of elements nobody will ask for, emptied while reading to spare memory

    Raises
    ------
    InventoryError : if it is too large, has a DOCTYPE, is not well-formed or not text
    """
    text = _decode(xml, name)
    if "<!DOCTYPE" in text:
        raise InventoryError(f"{name}: has a DOCTYPE, which StationXML never needs; refused unread")
    body = _DECLARATION.sub("", text, count=1).lstrip()
    if not body.startswith("<"):
        raise InventoryError(f"{name}: expected StationXML, came {_quoted(body)}")
    events = etree.iterparse(
        BytesIO(body.encode()),
        tag=drop,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in events:
            element.clear()
    except etree.LxmlError as error:
        raise InventoryError(f"{name}: XML is damaged or cut off: {_one_line(error)}") from error
    return events.root


def _decode(xml: bytes, name: str) -> str:
    if len(xml) > MAX_DOCUMENT_BYTES:
        raise InventoryError(f"{name}: {len(xml)} bytes, at most {MAX_DOCUMENT_BYTES} are read; split it by station")
    if not xml.strip():
        raise InventoryError(f"{name}: expected StationXML, came an empty document")
    encoding = next((encoding for mark, encoding in _BOMS if xml.startswith(mark)), None)
    if encoding is None:
        declared = _DECLARED.match(xml)
        encoding = _allowed(declared.group(1).decode(), name) if declared else "utf-8"
    try:
        return xml.decode(encoding)
    except UnicodeDecodeError as error:
        raise InventoryError(f"{name}: expected {encoding} text, byte {error.start} is not") from error


def _allowed(declared: str, name: str) -> str:
    try:
        encoding = codecs.lookup(declared).name
    except LookupError:
        encoding = ""
    if encoding not in ENCODINGS:
        raise InventoryError(f"{name}: encoding {declared!r} is not read; save the document as UTF-8")
    return encoding


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _quoted(text: str) -> str:
    return repr(text[:40]) + ("..." if len(text) > 40 else "")
