"""TOML values into frozen dataclasses: every key is checked against the fields' types, none is ignored."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from houfeng.errors import ConfigError

T = TypeVar("T")

_NOUNS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    list: "an array",
    dict: "a table",
}


def build(cls: type[T], table: Mapping[str, object], where: str = "") -> T:
    """An instance of a settings dataclass from a TOML table.

    Parameters
    ----------
    cls : frozen dataclass; its fields' types say what is allowed, its defaults fill keys that are absent
    table : keys and values as tomllib reads them
    where : dotted key of the table, empty for the whole file; members of arrays count from 1: `station[2]`

    Raises
    ------
    ConfigError : if a key is unknown or missing, or a value has the wrong type; names the dotted key. All faults are
        told, a line each; but a class checks its values itself, and only when all of them are there
    """
    faults: list[str] = []
    built = _build(cls, table, where, faults)
    if built is None or faults:
        raise ConfigError("\n".join(faults))
    return built


def _build(cls: type[T], table: Mapping[str, object], where: str, faults: list[str]) -> T | None:
    """The instance, or None and its faults added to the others'."""
    hints = get_type_hints(cls)
    known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
    n_before = len(faults)
    faults += [_unknown(key, list(known), where) for key in table if key not in known]
    for name, field in known.items():
        if name not in table and _required(field):
            faults.append(f"{_dotted(where, name)}: {_noun(hints[name])} is needed, the key is missing")
    values = {
        key: _convert(hints[key], value, _dotted(where, key), faults) for key, value in table.items() if key in known
    }
    if len(faults) > n_before:
        return None  # a check of the others against a default that nobody meant would find faults that are none
    try:
        return cls(**values)
    except ConfigError as error:
        for line in str(error).splitlines():
            # a room knows its keys; where in the file its table stood, it need not know
            root = where.partition("[")[0]
            at_home = not where or line.startswith((f"{root}.", f"{root}[", f"{root}:"))
            faults.append(line if at_home else _dotted(where, line))
        return None


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _dotted(where: str, key: str) -> str:
    if not key.isprintable():  # TOML allows it, between quotes; a message is one line
        key = repr(key)
    return f"{where}.{key}" if where else key


def _unknown(key: str, known: list[str], where: str) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {_dotted(where, near[0])}?" if near else f"allowed here: {', '.join(known)}"
    return f"{_dotted(where, key)}: there is no such key; {hint}"


def _convert(hint: Any, value: object, where: str, faults: list[str]) -> Any:
    """The value as its field wants it; None and a fault more where it does not fit."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        hint = next(member for member in get_args(hint) if member is not type(None))
        return _convert(hint, value, where, faults)
    try:
        if origin is tuple:
            return _array(hint, value, where, faults)
        if is_dataclass(hint):
            return _build(hint, _checked(dict, value, where), where, faults)  # type: ignore[arg-type]
        return _scalar(hint, value, where)
    except ConfigError as error:
        faults.append(str(error))
        return None


def _scalar(hint: Any, value: object, where: str) -> object:
    if get_origin(hint) is Literal:
        return _choice(get_args(hint), value, where)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(_choice(tuple(hint), value, where))
    return _SCALARS[hint](value, where)


def _checked(cls: type[T], value: object, where: str) -> T:
    # bool is an int to Python, not to a person
    if not isinstance(value, cls) or (isinstance(value, bool) and cls is not bool):
        raise ConfigError(f"{where}: {_NOUNS[cls]} is needed, {_came(value)} came")
    return value


def _float(value: object, where: str) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    number = _checked(float, value, where)
    if not math.isfinite(number):
        raise ConfigError(f"{where}: a finite number is needed, {number} came")
    return number


_SCALARS: dict[object, Callable[[object, str], object]] = {
    bool: lambda value, where: _checked(bool, value, where),
    int: lambda value, where: _checked(int, value, where),
    str: lambda value, where: _checked(str, value, where),
    float: _float,
}


def _array(hint: Any, value: object, where: str, faults: list[str]) -> tuple[Any, ...]:
    members = get_args(hint)
    items = _checked(list, value, where)
    if members[-1] is Ellipsis:
        members = (members[0],) * len(items)
    elif len(items) != len(members):
        raise ConfigError(f"{where}: {len(members)} values are needed, {len(items)} came")
    numbered = enumerate(zip(members, items, strict=True), 1)
    return tuple(_convert(member, item, f"{where}[{n}]", faults) for n, (member, item) in numbered)


def _choice(allowed: tuple[str, ...], value: object, where: str) -> str:
    if value not in allowed:
        raise ConfigError(f"{where}: one of {', '.join(map(repr, map(str, allowed)))} is needed, {_came(value)} came")
    return str(value)


def _noun(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return _NOUNS[list]
    return _NOUNS.get(hint, _NOUNS[dict] if is_dataclass(hint) else _NOUNS[str])


def _came(value: object) -> str:
    for cls in (bool, int, float, str):
        if isinstance(value, cls):
            return f"{_NOUNS[cls]} ({value!r})" if cls is not bool else f"{str(value).lower()}"
    return _NOUNS.get(type(value), f"a {type(value).__name__}")
