"""What a report is made of, before it is HTML or PDF."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """Of a chapter (level 1) or a part of one (level 2)."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a warning is set apart."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns.

    Parameters
    ----------
    columns : their headings
    rows : texts, as many as columns
    widths : of the columns, in any unit
    n_left : so many first columns are texts, the others numbers
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    n_left: int = 1


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with its caption.

    Parameters
    ----------
    svg : a whole document
    """

    svg: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class Signatures:
    """Lines to sign on, each for a role."""

    roles: tuple[str, ...]
    columns: tuple[str, ...]


Block = Heading | Text | Table | Picture | Signatures


@dataclass(frozen=True, slots=True)
class Document:
    """A report.

    Parameters
    ----------
    language : of its texts
    title : of the first page
    foot : at the foot of every page, with `{page}` and `{pages}`
    blocks : in order
    notice : at the head of every page; "" where there is nothing that every page must say
    """

    language: str
    title: str
    foot: str
    blocks: tuple[Block, ...]
    notice: str = ""
