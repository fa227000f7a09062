"""A report as PDF, with its fonts in it: it looks the same wherever it is opened and printed."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos

from houfeng.projects.report.blocks import Block, Document, Heading, Picture, Signatures, Table, Text
from houfeng.projects.report.plots import HAN_FONT

# Of every report: when it was written is told by whoever signs it, and the same inputs make the same file.
_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_MARGIN_MM, _FOOT_MM = 16.0, 14.0
_SIZES = {1: 14.0, 2: 11.0}
_TEXT, _TABLE, _SMALL = 9.0, 7.0, 7.0
# Below this much room a chapter begins on the next page.
_ROOM_MM = 40.0
_MISSING = "□"
_WARNING = (251, 238, 240)


class _Pages(FPDF):
    """A4 with the document's foot."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.set_creation_date(_DATE)
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(True, margin=_MARGIN_MM + _FOOT_MM / 2)
        fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
        self.add_font("text", "", fonts / "DejaVuSans.ttf")
        self.add_font("text", "B", fonts / "DejaVuSans-Bold.ttf")
        self.add_font("han", "", HAN_FONT)
        self.set_fallback_fonts(["han"], exact_match=False)

    def footer(self) -> None:
        self.set_y(-_FOOT_MM)
        self.set_font("text", "", _SMALL)
        self.set_text_color(90)
        said = self._foot.replace("{page}", str(self.page_no())).replace("{pages}", "{nb}")
        self.cell(0, 5, said, align="C")
        self.set_text_color(0)


def to_pdf(document: Document) -> tuple[bytes, str]:
    """The file, and the characters that no font of it has, which are a box in it."""
    # what metadata of drawings it leaves out, and tables of fonts it drops, is not for who reads our log
    for name in ("fpdf", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    shown = _Shown()
    pages = _Pages(shown(document.foot))
    pages.set_title(shown(document.title))
    pages.set_lang(document.language)
    pages.add_page()
    pages.set_font("text", "B", 18)
    _lines(pages, shown(document.title), 9.0)
    for block in document.blocks:
        _draw(pages, block, shown)
    return bytes(pages.output()), "".join(sorted(shown.missing))


class _Shown:
    """Texts with a box for each character that neither font has."""

    def __init__(self) -> None:
        files = (Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", HAN_FONT)
        self._known: set[int] = set()
        for file in files:
            with TTFont(file, lazy=True) as font:
                self._known.update(font.getBestCmap())
        self.missing: set[str] = set()

    def __call__(self, text: str) -> str:
        lacking = {letter for letter in text if ord(letter) not in self._known and letter.isprintable()}
        self.missing |= lacking
        return "".join(_MISSING if letter in lacking else letter for letter in text)


def _draw(pages: _Pages, block: Block, shown: _Shown) -> None:
    match block:
        case Heading():
            _heading(pages, block, shown)
        case Text():
            _text(pages, block, shown)
        case Table():
            _table(pages, block, shown)
        case Picture():
            _picture(pages, block, shown)
        case Signatures():
            _signatures(pages, block, shown)


def _lines(pages: _Pages, text: str, height_mm: float) -> None:
    pages.multi_cell(0, height_mm, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")


def _heading(pages: _Pages, block: Heading, shown: _Shown) -> None:
    if pages.y > pages.h - _MARGIN_MM - _ROOM_MM:
        pages.add_page()
    pages.ln(5 if block.level == 1 else 3)
    pages.set_font("text", "B", _SIZES[block.level])
    _lines(pages, shown(block.text), 7.0 if block.level == 1 else 5.5)
    pages.ln(1)


def _text(pages: _Pages, block: Text, shown: _Shown) -> None:
    pages.set_font("text", "", _TEXT)
    if block.is_warning:
        pages.set_fill_color(*_WARNING)
        pages.multi_cell(
            0, 4.6, shown(block.text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L", fill=True, padding=1
        )
        pages.set_fill_color(0)  # what drawings leave to the page's colour is black
    else:
        _lines(pages, shown(block.text), 4.6)
    pages.ln(1.5)


def _table(pages: _Pages, block: Table, shown: _Shown) -> None:
    pages.set_font("text", "", _TABLE if len(block.columns) <= 8 else _TABLE - 1)
    aligned = ["LEFT" if number < block.n_left else "RIGHT" for number in range(len(block.columns))]
    with pages.table(
        col_widths=block.widths,
        text_align=aligned,
        borders_layout="HORIZONTAL_LINES",
        cell_fill_mode="NONE",
        headings_style=FontFace(emphasis="BOLD"),
        line_height=3.6,
        padding=0.6,
        wrapmode="CHAR" if "SHA-256" in block.columns else "WORD",
    ) as table:
        for row in (block.columns, *block.rows):
            table.row([shown(cell) for cell in row])
    pages.ln(2)


def _picture(pages: _Pages, block: Picture, shown: _Shown) -> None:
    pages.image(io.BytesIO(block.svg), w=pages.epw, alt_text=shown(block.caption))
    pages.set_font("text", "", _SMALL + 0.5)
    _lines(pages, shown(block.caption), 4.2)
    pages.ln(2)


def _signatures(pages: _Pages, block: Signatures, shown: _Shown) -> None:
    pages.set_font("text", "", _TEXT)
    with pages.table(col_widths=(3, 4, 4, 3), line_height=11.0, text_align="LEFT") as table:
        table.row(["", *(shown(column) for column in block.columns)])
        for role in block.roles:
            table.row([shown(role), *("",) * len(block.columns)])
