"""A report as PDF, with its fonts in it: it looks the same wherever it is opened and printed."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos
from fpdf.line_break import TextLine

from houfeng.projects.report.blocks import Block, Document, Heading, Picture, Signatures, Table, Text
from houfeng.projects.report.plots import HAN_FONT

# Of every report: when it was written is told by whoever signs it, and the same inputs make the same file.
_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_MARGIN_MM, _FOOT_MM = 16.0, 14.0
_SIZES = {1: 14.0, 2: 11.0}
_TEXT, _SMALL = 9.0, 7.0
_TABLE_SIZES = (7.0, 6.5, 6.0, 5.5)  # the largest in which no word is broken, the smaller half for many columns
# Below this much room a chapter begins on the next page.
_ROOM_MM = 40.0
_LINES_BEFORE = 2  # headings and texts between a heading and the picture it is of
_MISSING = "□"
# Chinese has no blanks to break lines at: they may break behind its punctuation, and between it and Latin. A space of
# no width is where fpdf2 breaks; between any two characters it would make every one of them a font change of its own.
_BREAKS = re.compile(
    r"(?<=[、。，；：）])(?=[^、。，；：）\s])|(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9(])|(?<=[A-Za-z0-9)%])(?=[\u4e00-\u9fff])"
)
_NO_WIDTH = "\u200b"
_PADDING_MM = 0.6  # of cells
_WARNING, _NOTICE = (251, 238, 240), (176, 0, 32)
_NOTICE_MM = 8.0  # from the upper edge


class _Pages(FPDF):
    """A4 with the document's foot."""

    def __init__(self, foot: str, notice: str) -> None:
        super().__init__(format="A4")
        self._foot, self._notice = foot, notice
        self.set_creation_date(_DATE)
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(True, margin=_MARGIN_MM + _FOOT_MM / 2)
        fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
        self.add_font("text", "", fonts / "DejaVuSans.ttf")
        self.add_font("text", "B", fonts / "DejaVuSans-Bold.ttf")
        self.add_font("han", "", HAN_FONT)
        self.set_fallback_fonts(["han"], exact_match=False)

    def _render_styled_text_line(self, text_line: TextLine, *arguments: Any, **options: Any) -> bool:
        # fpdf2 2.8.9 sets the font of a line that begins in the fallback font within that line alone, and takes it for
        # set on the page: the next line that began in Latin came out in the font and the codes of the last heading.
        if not self.current_font_is_set_on_page and self.current_font is not None:
            self._out(self._set_font_for_page(self.current_font, self.font_size_pt))
        return super()._render_styled_text_line(text_line, *arguments, **options)

    def header(self) -> None:
        if not self._notice:
            return
        self.set_y(_NOTICE_MM)
        self.set_font("text", "B", _SMALL)
        self.set_fill_color(*_NOTICE)
        self.set_text_color(255)
        self.multi_cell(0, 4.0, self._notice, align="C", fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)
        self.set_fill_color(0)
        self.set_y(max(self.y, _MARGIN_MM) + 1)

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
    pages = _Pages(shown(document.foot), shown(document.notice))
    pages.set_title(shown(document.title))
    pages.set_lang(document.language)
    pages.add_page()
    pages.set_font("text", "B", 18)
    _lines(pages, shown(document.title), 9.0)
    for number, block in enumerate(document.blocks):
        if isinstance(block, Heading):
            _keep_together(pages, document.blocks[number:])
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
        return _BREAKS.sub(_NO_WIDTH, "".join(_MISSING if letter in lacking else letter for letter in text))


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


def _keep_together(pages: _Pages, blocks: Sequence[Block]) -> None:
    """Begin a page where a heading would stand without what it is of: some lines, or the picture behind them."""
    needed_mm = _ROOM_MM
    first = next((block for block in blocks if not isinstance(block, Heading | Text)), None)
    if isinstance(first, Picture) and blocks.index(first) <= _LINES_BEFORE:
        needed_mm += _height_mm(pages, first)
    if pages.y > pages.h - pages.b_margin - min(needed_mm, pages.eph):
        pages.add_page()


def _height_mm(pages: _Pages, picture: Picture) -> float:
    """Of a picture as wide as the text."""
    found = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture.svg)
    return pages.epw * float(found[2]) / float(found[1]) if found else 0.0


def _heading(pages: _Pages, block: Heading, shown: _Shown) -> None:
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
    aligned = ["LEFT" if number < block.n_left else "RIGHT" for number in range(len(block.columns))]
    rows = [[shown(cell) for cell in row] for row in (block.columns, *block.rows)]
    widths_mm: tuple[float, ...] = ()
    for size_pt in _TABLE_SIZES if len(block.columns) <= 8 else _TABLE_SIZES[2:]:
        widths_mm = widths_mm or _widths_mm(pages, rows, block.widths, size_pt)
    with pages.table(
        col_widths=widths_mm or block.widths,
        text_align=aligned,
        borders_layout="HORIZONTAL_LINES",
        cell_fill_mode="NONE",
        headings_style=FontFace(emphasis="BOLD"),
        line_height=3.6,
        padding=_PADDING_MM,
        wrapmode="WORD" if widths_mm else "CHAR",
    ) as table:
        for row in rows:
            table.row(row)
    pages.ln(2)


def _widths_mm(
    pages: _Pages, rows: Sequence[Sequence[str]], asked: Sequence[float], size_pt: float
) -> tuple[float, ...]:
    """Widths in which no word is broken, near the ones that were asked for; none where there is no room for that."""
    needed = [0.0] * len(asked)
    for number, row in enumerate(rows):
        pages.set_font("text", "" if number else "B", size_pt)
        for column, cell in enumerate(row):
            words = [pages.get_string_width(word) for word in re.split(rf"[ {_NO_WIDTH}]", cell)]
            needed[column] = max(needed[column], *words)
    pages.set_font("text", "", size_pt)
    needed = [width_mm + 2 * (_PADDING_MM + pages.c_margin) for width_mm in needed]
    spare_mm = pages.epw - sum(needed)
    if spare_mm < 0:
        return ()
    wished = [
        max(share / sum(asked) * pages.epw - least_mm, 0.0) for share, least_mm in zip(asked, needed, strict=True)
    ]
    every = sum(wished) or 1.0
    return tuple(least_mm + wish / every * spare_mm for least_mm, wish in zip(needed, wished, strict=True))


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
