"""Makes the font that Chinese is set in: `python -m houfeng.projects.report.han_font NotoSansCJK-Regular.ttc OUT.ttf`.

The source is in Debian's package fonts-noto-cjk, in /usr/share/fonts/opentype/noto. fpdf2 embeds only outlines of the
TrueType kind, and a font goes with every copy of Houfeng: so it is cut and converted once.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
from fontTools.ttLib import TTCollection, TTFont, newTable  # type: ignore[import-untyped]

FAMILY = "Noto Sans CJK SC"
# Thousandths of an em that a quadratic outline may be beside the cubic one: at 9 pt a 1/110 mm.
MOST_OFF = 1.0
# Beside GB 2312: superscripts, and what its first row has at other places of Unicode than fonts and keyboards do.
EXTRA = "²³–—’…·∋≅"


def characters() -> set[int]:
    """Printable ASCII, all of GB 2312, and `EXTRA`."""
    rows = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    han = "".join(code.decode("gb2312", "ignore") for code in rows)
    return {*range(0x20, 0x7F), *map(ord, han), *map(ord, EXTRA)}


def cut(source: Path) -> TTFont:
    """The family's regular font of a collection, with these characters alone, without layout and hints."""
    fonts = TTCollection(source).fonts
    font = next(one for one in fonts if one["name"].getDebugName(1) == FAMILY)
    options = Options(layout_features=[], hinting=False, notdef_outline=True, glyph_names=False)
    options.drop_tables += ["BASE", "GPOS", "GSUB", "VORG", "vhea", "vmtx", "GDEF"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    _to_truetype(font)
    return font


def _to_truetype(font: TTFont) -> None:
    outlines, order = font.getGlyphSet(), font.getGlyphOrder()
    drawn = {}
    for name in order:
        pen = TTGlyphPen(outlines)
        outlines[name].draw(Cu2QuPen(pen, MOST_OFF, reverse_direction=True))
        drawn[name] = pen.glyph()
    del font["CFF "]
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, drawn
    for glyph in drawn.values():
        glyph.recalcBounds(font["glyf"])  # readers shift an outline until it begins at its left bearing
    font["hmtx"].metrics = {
        name: (width, getattr(drawn[name], "xMin", 0)) for name, (width, _) in font["hmtx"].metrics.items()
    }
    font["maxp"].tableVersion = 0x00010000
    for key in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"):
        setattr(font["maxp"], key, 1 if key == "maxZones" else 0)
    for key in ("maxStackElements", "maxSizeOfInstructions", "maxComponentElements", "maxComponentDepth"):
        setattr(font["maxp"], key, 0)
    font["post"].formatType = 3.0
    font.sfntVersion = "\000\001\000\000"


if __name__ == "__main__":
    made = cut(Path(sys.argv[1]))
    made.recalcTimestamp = False  # the same source gives the same file
    made.save(sys.argv[2])
