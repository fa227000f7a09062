"""Lists a page at a time: `limit` and `page` of the address, and a link to the next page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, TypeVar

from flask import request, url_for

from houfeng.times import format_ns, now_ns
from webui import reading

T = TypeVar("T")


class Paged(TypedDict):
    """A list, a page at a time; `next` is the address of the page behind it, null of the last."""

    next: str | None


def cut(rows: Sequence[T], default: int | None, *, upto: str = "") -> tuple[list[T], str | None]:
    """This page of the rows that `depth` asked for, and the address of the next one.

    Parameters
    ----------
    upto : parameter of an upper end in time, which must not run away from those who page; "" for none
    """
    size = reading.limit(default)
    if size is None:
        return list(rows), None
    first = (reading.page_number() - 1) * size
    link = None
    if len(rows) > first + size:
        kept = request.args.to_dict() | {"page": str(reading.page_number() + 1)}
        if upto and not kept.get(upto):
            kept[upto] = format_ns(now_ns())
        link = url_for(request.endpoint or "", **(request.view_args or {}), **kept)  # type: ignore[arg-type]
    return list(rows[first : first + size]), link
