"""One StationXML element and what it is called, so that every complaint says where, what was needed, what came."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from houfeng.errors import InventoryError
from houfeng.times import parse_ns

NS = "{http://www.fdsn.org/xml/station/1}"

# int64 nanoseconds, what databases hold, end in 2262; 2500-12-31 and 2599-12-31 are SEED's ways to say "open".
_LAST_NS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Node:
    """An element with the name that messages use for it: document, station, channel.

    Parameters
    ----------
    element : of lxml
    label : `ULN.xml: IU.ULN.00.BHZ`
    """

    element: Any
    label: str

    def text(self, path: str) -> str:
        """Text of the descendant at `A/B`, stripped; "" where there is none."""
        found = self.element.find("/".join(NS + tag for tag in path.split("/")))
        return "" if found is None else " ".join((found.text or "").split())

    def number(self, tag: str, low: float, high: float, unit: str) -> float:
        """A number that must be there.

        Raises
        ------
        InventoryError : if it is missing, not a number, or outside low..high
        """
        number = self.optional_number(tag, low, high, unit)
        if number is None:
            raise InventoryError(f"{self.label}: {tag} is missing; {low:g} to {high:g} {unit} is needed")
        return number

    def optional_number(self, tag: str, low: float, high: float, unit: str) -> float | None:
        """A number that may be absent.

        Raises
        ------
        InventoryError : if it is there and not a number, or outside low..high
        """
        text = self.text(tag)
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not (isfinite(number) and low <= number <= high):
            raise InventoryError(f"{self.label}: {tag} {text[:40]!r} is not {low:g} to {high:g} {unit}")
        return number

    def span(self) -> tuple[int | None, int | None]:
        """Start and end of the epoch, ns UTC; None for a start that isn't given and an end that is open.

        Raises
        ------
        InventoryError : if a date is not one, the end is not after the start, or the start lies past 2262
        """
        start_ns, end_ns = self._time("startDate"), self._time("endDate")
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            start, end = self._attribute("startDate"), self._attribute("endDate")
            raise InventoryError(f"{self.label}: endDate {end} is not after startDate {start}")
        if start_ns is not None and abs(start_ns) > _LAST_NS:
            raise InventoryError(f"{self.label}: startDate {self._attribute('startDate')} is not between 1678 and 2262")
        return start_ns, None if end_ns is None or end_ns > _LAST_NS else end_ns

    def _attribute(self, key: str) -> str:
        return str(self.element.get(key) or "").strip()

    def _time(self, key: str) -> int | None:
        text = self._attribute(key)
        if not text:
            return None
        try:
            return parse_ns(text)
        except ValueError as error:
            raise InventoryError(f"{self.label}: {key} must be a UTC time, {str(error)[:120]}") from error


def code(element: Any, key: str = "code") -> str:
    """Code of a network, station or channel, or a location; blanks mean none."""
    return str(element.get(key) or "").strip()
