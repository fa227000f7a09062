"""A picture of numbers as PNG, in a scale of colours that the colour-blind read as well."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

# Cividis, at equal steps: Nunez, Anderton & Renslow (2018) PLoS ONE 13(7), e0199239. Its lightness rises evenly.
_CIVIDIS = ("00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838")
N_COLOURS = 255


def palette() -> NDArray[np.uint8]:
    """(N_COLOURS, 3) red, green and blue, from the least to the greatest."""
    anchors = np.array([list(bytes.fromhex(each)) for each in _CIVIDIS], np.float64)
    at = np.linspace(0, len(anchors) - 1, N_COLOURS)
    return np.rint([np.interp(at, np.arange(len(anchors)), part) for part in anchors.T]).T.astype(np.uint8)


def colours(n: int) -> list[str]:
    """`#rrggbb` of equal steps of the scale, for a legend."""
    return ["#" + bytes(each).hex() for each in palette()[np.linspace(0, N_COLOURS - 1, n).astype(int)]]


def picture(values: NDArray[np.float64], low: float, high: float) -> bytes:
    """PNG of a table of numbers, the first row on top; NaN is transparent.

    Parameters
    ----------
    values : (m, n)
    low, high : where the scale begins and ends

    References
    ----------
    Portable Network Graphics, third edition, W3C (2025): colour type 3, palette index 0 transparent.
    """
    missing = np.isnan(values)
    index = np.rint((np.nan_to_num(values, nan=low) - low) / (high - low) * (N_COLOURS - 1))
    pixels = np.where(missing, 0, np.clip(index, 0, N_COLOURS - 1) + 1).astype(np.uint8)
    rows = np.hstack([np.zeros((len(pixels), 1), np.uint8), pixels]).tobytes()  # each behind its filter, which is none
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 8, 3, 0, 0, 0)
    parts = [
        (b"IHDR", head),
        (b"PLTE", bytes(3) + palette().tobytes()),
        (b"tRNS", b"\0"),
        (b"IDAT", zlib.compress(rows, 6)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
