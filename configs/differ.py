"""What differs between two configurations, key by key: for a reload, and for people who compare two files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from configs.settings import MEMBER_NAMES, Settings
from database.settings import parse_url


@dataclass(frozen=True, slots=True)
class Change:
    """One key, or one member of an array, that two configurations have differently.

    Parameters
    ----------
    key : dotted; members by their name, or by their number from 1 where they have none: `seedlink[geofon].silent_s`
    kind : a whole member was added or removed, or a value changed
    old, new : the values, or the members' settings; None on the side where there is no member. They may hold a
        password (database.url): print `text`, which does not
    """

    key: str
    kind: Literal["added", "removed", "changed"]
    old: Any
    new: Any

    @property
    def text(self) -> str:
        """One line for people: `seedlink[geofon].silent_s: 600.0 -> 300.0`, `seedlink[ipgp] added`."""
        if self.kind != "changed":
            return f"{self.key} {self.kind}"
        old, new = (written(self.key, value) for value in (self.old, self.new))
        return f"{self.key}: {old} -> {new}" + (" (only the password differs)" if old == new else "")


def difference(old: Settings, new: Settings) -> list[Change]:
    """Every key that two configurations have differently, in the order of configs/default.toml.

    Members of arrays (servers, data centres, stations) are told apart by their names: to sort them is no change.
    A member that got another name is one that was removed and one that was added.
    """
    return list(_changes("", old, new))


def written(key: str, value: object) -> str:
    """A value as TOML writes it, without the password that a database's URL may hold; None is `unset`."""
    if value is None:
        return "unset"
    if isinstance(value, tuple):
        return f"[{', '.join(written(key, item) for item in value)}]"
    if key == "database.url":
        # libpq takes a password from the query as well, where SQLAlchemy does not hide it
        url = parse_url(str(value)).difference_update_query(["password", "sslpassword"])
        value = url.render_as_string(hide_password=True)
    # TOML's strings are JSON's, but for this one character
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def named(key: str, members: tuple[Any, ...]) -> dict[str, Any]:
    """The members of an array under their dotted keys: `seedlink[geofon]`, or `access[1]` where they have no names."""
    name = MEMBER_NAMES.get(key)
    return {f"{key}[{getattr(member, name) if name else n}]": member for n, member in enumerate(members, 1)}


def _changes(key: str, old: Any, new: Any) -> Iterator[Change]:
    if is_dataclass(old) and is_dataclass(new):
        for field in fields(old):
            dotted = f"{key}.{field.name}" if key else field.name
            yield from _changes(dotted, getattr(old, field.name), getattr(new, field.name))
    elif isinstance(old, tuple) and any(is_dataclass(member) for member in (*old, *new)):
        yield from _member_changes(named(key, old), named(key, new))
    elif old != new:
        yield Change(key, "changed", old, new)


def _member_changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for key, member in old.items():
        if key in new:
            yield from _changes(key, member, new[key])
        else:
            yield Change(key, "removed", member, None)
    for key, member in new.items():
        if key not in old:
            yield Change(key, "added", None, member)
