"""What speaks for a cause, as words that can be said in any language.

A fact is a phrase of `PHRASES` and its values; the evidence of an alert is a few of them in order. The house says them
in English, in messages and logs; a page says them again in its reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from stations.health.words import age, quantity

Value = str | int | float

# By key; the English is also what translations are looked up by. Ends of names of values say what they are: `_s` a
# duration in seconds, `_v` a voltage, `n_` a number; `reason` is a status reason; others are names and codes.
PHRASES: Mapping[str, str] = {
    "link silent": "%(n_stale)s of %(n_all)s stations behind link %(name)s went silent within %(span_s)s",
    "server away": "Server %(name)s is not connected",
    "server said": "it said: %(said)s",
    "server silent": "%(n_stale)s of %(n_all)s stations went silent within %(span_s)s",
    "server sends none": "Server %(name)s sends none of its %(n_all)s stations; they went silent within %(span_s)s",
    "server answers": "it is connected",
    "before the server": "%(n_stale)s of %(n_all)s stations of server %(name)s went silent within %(span_s)s, "
    "%(n_come)s others still come: it happened before the server",
    "rule": "%(channels)s: %(reason)s",
    "in time": "data come in time",
    "queued": "Packets still come, their data are %(late_s)s late: the link is slow or catches up",
    "never came": "No data ever came since acquisition started",
    "supply fell": "Supply was %(supply_v)s when last heard of, below its limit of %(limit_v)s",
    "stopped": "Data stopped",
    "gaps before": "there were %(n_gaps)s gaps in the hour before",
    "no sign before": "there was no sign before: power or link, the evidence does not tell",
    "neighbours come": "%(n_come)s of %(n_others)s others behind %(group)s come",
    "channels stopped": "%(channels)s stopped: a channel of the digitiser does not work",
    "channels never came": "%(channels)s never came: station metadata or the wanted streams are wrong",
    "channels come": "%(channels)s of %(station)s in time: the link works",
    "well": "It is well now",
    "status": "%(reason)s",
    "untold": "the evidence does not tell why",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was seen.

    Parameters
    ----------
    key : of `PHRASES`
    values : that the phrase names
    """

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


def fact(key: str, **values: Value) -> Fact:
    """A fact of these values."""
    return Fact(key, values)


def said(
    facts: Iterable[Fact],
    phrase: Callable[[str], str] = str,
    word: Callable[[str, Value], str] | None = None,
) -> str:
    """The facts as one sentence.

    Parameters
    ----------
    facts : in order
    phrase : says a phrase of `PHRASES` in another language
    word : says a value, by its name; None for English
    """
    words = word or _word
    parts = [
        phrase(PHRASES[each.key]) % {name: words(name, value) for name, value in each.values.items()} for each in facts
    ]
    return "; ".join(parts)


def _word(name: str, value: Value) -> str:
    if isinstance(value, str):
        return value
    if name.endswith("_s"):
        return age(value)
    return quantity(value, "V") if name.endswith("_v") else str(value)
