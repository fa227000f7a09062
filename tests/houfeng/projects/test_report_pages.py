"""Pages of a report: fonts, columns, map; the same document is the same file."""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from matplotlib.path import Path as Outline

from engineering.project import Language
from houfeng.geography import outlines, within
from houfeng.projects.report import maps, plots
from houfeng.projects.report.blocks import Block, Document, Heading, Picture, Table, Text
from houfeng.projects.report.han_font import characters
from houfeng.projects.report.pdf import to_pdf
from houfeng.projects.report.plots import HAN_FONT
from houfeng.projects.report.words import Words

PLACES: dict[str, Any] = {
    "routes": [],
    "sites": [{"name": "Yangon", "longitude_deg": 96.2, "latitude_deg": 16.8}],
    "stations": [],
    "events": [{"name": "M7.7", "longitude_deg": 95.9, "latitude_deg": 22.0}],
}


def pdf_of(*blocks: Block) -> bytes:
    return to_pdf(Document("zh", "报告", "{page}/{pages}", blocks))[0]


def shown(pdf: bytes) -> list[tuple[str, str]]:
    """Font with its size, and codes, of each piece of text in the order of the file; q and Q keep and restore fonts."""
    found = []
    for packed in re.findall(rb"Decode.*?stream\n(.*?)\nendstream", pdf, re.S):
        try:
            stream = zlib.decompress(packed).decode("latin-1")
        except zlib.error:
            continue
        font, kept = "", []
        for part in re.findall(r"(?<!\S)q(?!\S)|(?<!\S)Q(?!\S)|/F\d+ [\d.]+ Tf|\((?:\\.|[^\\)])*\) Tj", stream, re.S):
            if part == "q":
                kept.append(font)
            elif part == "Q":
                font = kept.pop()
            elif part.endswith("Tf"):
                font = part.removesuffix(" Tf")
            else:
                found.append((font, part))
    return found


def test_latin_behind_a_line_that_began_in_chinese_has_the_font_of_its_text() -> None:
    pieces = shown(pdf_of(Heading("Block"), Text("纬度 36 度"), Text("Block valve", is_warning=True), Text("Block")))
    sizes = [float(font.split()[1]) for font, _ in pieces]
    # the title, the heading, texts, and the foot of the page
    assert (sizes[0], sizes[1], sizes.count(14.0)) == (18.0, 14.0, 1)
    assert set(sizes[2:]) == {9.0, 7.0}
    heading, *texts = (font.split()[0] for font, _ in pieces[1:] if not font.endswith(" 7.00"))
    assert heading not in texts


def test_no_word_of_a_table_is_broken() -> None:
    columns = ("наибольшее отношение", "период с", "превышен на периодах с")
    table = Table(columns, (("2.16", "0.856", "0.0271–0.199"),), (1.0, 1.0, 30.0))
    texts = [text for _, text in shown(pdf_of(table))]
    # a heading of five words and a row: no more pieces than words, title and foot
    assert len(texts) <= 2 + 1 + 3 + 3 + 3
    broken = shown(pdf_of(Table(("x" * 250, "y"), (("a", "b"),), (1, 1))))
    assert len(broken) > 2 + 4  # where nothing helps it is broken and not lost


def test_the_same_document_is_the_same_file() -> None:
    pieces = [{"from_km": 0, "to_km": 5, "events": [{"event": "M5", "strain": 1e-4}]}]
    route = {"segments": pieces, "strain_limit": 1e-3}

    def again() -> bytes:
        picture = Picture(plots.draw_strain(route, Words(Language.CHINESE)), "图")
        return pdf_of(Heading("摘要"), Text("未测得 Far", is_warning=True), picture, Table(("a",), (("1",),), (1,)))

    assert again() == again()


def test_a_map_has_land_where_land_is_and_holds_every_place() -> None:
    box = (90.0, 14.0, 100.0, 24.0)
    pieces = [Outline(np.concatenate((piece, piece[:1]))) for piece in within(outlines(), box)]
    for longitude_deg, latitude_deg, is_land in ((96.0, 21.0, True), (92.0, 16.0, False), (99.9, 23.9, True)):
        n_around = sum(piece.contains_point((longitude_deg, latitude_deg)) for piece in pieces)
        assert n_around % 2 == is_land
    svg = maps.draw_map(PLACES, Words(Language.ENGLISH)).decode()
    assert "#f6f3ea" in svg
    assert "#dbe7ef" in svg


def test_the_fonts_have_every_character_of_the_words() -> None:
    with TTFont(HAN_FONT, lazy=True) as font:
        known = set(font.getBestCmap())
    said = set("".join(Words(Language.CHINESE).every()))
    assert {letter for letter in said if ord(letter) >= 0x2E80 and ord(letter) not in known} == set()
    # the file is what the command makes
    assert known == characters()
    assert len(said) > 300
