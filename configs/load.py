"""From a TOML file, and the files that it includes, to settings."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from configs.convert import build
from configs.presets import preset_file, with_preset
from configs.settings import MEMBER_NAMES, Settings
from houfeng.errors import ConfigError

# What a file that others include may hold: networks and how they are watched, nothing of the computer that does it.
# A recipient may be a command: whoever shares a network does not choose what runs here.
_INCLUDABLE = (*(name for name in MEMBER_NAMES if name != "recipient"), "inventory", "detection")


def load(path: str | Path) -> Settings:
    """Settings from a TOML file; relative paths in it are relative to the folder that the file is in.

    What its preset says counts for the keys that it leaves out. Servers, data centres, stations and StationXML of the
    files that it includes come behind its own; keys of [detection] one of them may have, and before the preset.

    Raises
    ------
    ConfigError : if a file cannot be read, is not TOML, or has a key or value that is not allowed; each line of the
        message names the file and the dotted key
    """
    path = Path(path)
    # Each file is read once: one that is edited meanwhile would be half of what it was and half of what it is.
    table = read_table(path)
    included: dict[str, dict[str, Any]] = {}
    told: dict[str, str] = dict.fromkeys(_included(path, table), "")
    for file in told:
        try:
            included[file] = read_table(Path(file))
        except ConfigError as error:
            told[file] = str(error)
    detection = _Detection.gathered(path, table, included)
    parts = [(str(path), _built(path, table, detection=detection))]
    for file, its_table in included.items():
        try:
            parts.append((file, _built(Path(file), its_table, _INCLUDABLE)))
        except ConfigError as error:
            told[file] = str(error)
    faults = [*detection.faults, *filter(None, told.values()), *_twice(parts)]
    if faults:
        raise ConfigError("\n".join(faults))
    return _joined([part for _, part in parts])


def given(path: str | Path) -> dict[str, str]:
    """Which file sets which key: dotted key, members by name, -> the file's path as it was named.

    Raises
    ------
    ConfigError : if a file cannot be read or is not TOML
    """
    path = Path(path)
    table = read_table(path)
    preset = preset_file(table)
    files = {str(preset): read_table(preset)} if preset else {}
    files[str(path)] = table
    for name in table.get("include", ()):
        file = path.resolve().parent / name
        files[str(file)] = read_table(file)
    return {key: file for file, keys in files.items() for key in _dotted_keys(keys)}


def read_table(path: Path) -> dict[str, Any]:
    """The keys and values of a TOML file, as they are written.

    Raises
    ------
    ConfigError : if it cannot be read or is not TOML
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: UTF-8 text is needed: byte {error.start} is not") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: this is not TOML: {error}") from error


@dataclass(frozen=True, slots=True)
class _Detection:
    """Keys of [detection] that included files have, in which file each, and which are in two."""

    values: dict[str, Any]
    files: dict[str, str]
    faults: tuple[str, ...]

    @classmethod
    def gathered(cls, path: Path, table: dict[str, Any], included: dict[str, dict[str, Any]]) -> _Detection:
        own = table.get("detection")
        files = dict.fromkeys(own, str(path)) if isinstance(own, dict) else {}
        values: dict[str, Any] = {}
        faults = []
        for file, its_table in included.items():
            found = its_table.get("detection")
            for key, value in found.items() if isinstance(found, dict) else ():
                if key in files:
                    faults.append(f"{file}: detection.{key}: {files[key]} has it as well; one must go")
                else:
                    files[key], values[key] = file, value
        return cls(values, files, tuple(faults))

    def located(self, fault: str, path: Path) -> str:
        """A fault with the file that it is in."""
        key = fault.partition(":")[0].removeprefix("detection.")
        return f"{self.files.get(key, path) if fault.startswith('detection.') else path}: {fault}"


def _included(path: Path, table: dict[str, Any]) -> list[str]:
    names = table.get("include")
    if not isinstance(names, list):
        return []
    return list(dict.fromkeys(str(path.resolve().parent / name) for name in names if isinstance(name, str)))


def _built(
    path: Path, table: dict[str, Any], allowed: tuple[str, ...] = (), detection: _Detection | None = None
) -> Settings:
    if detection is None:  # an included file's keys are judged together with those of the one that includes it
        table = {key: value for key, value in table.items() if key != "detection" or not isinstance(value, dict)}
        detection = _Detection({}, {}, ())
    elif detection.values:
        own = table.get("detection", {})
        table = {**table, "detection": {**detection.values, **own} if isinstance(own, dict) else own}
    faults = [
        f"{path}: {key}: an included file has {', '.join(allowed)} only"
        for key in table
        if allowed and key not in allowed
    ]
    try:
        settings = build(Settings, with_preset(table))
    except ConfigError as error:
        faults = [detection.located(line, path) for line in str(error).splitlines()]
    if faults:
        raise ConfigError("\n".join(faults))
    return settings.resolved(path.resolve().parent)


def _twice(parts: list[tuple[str, Settings]]) -> list[str]:
    """Members that two files have: which of them is meant nobody could tell."""
    faults: list[str] = []
    known: dict[tuple[str, str], str] = {}
    for file, settings in parts:
        for table, key in MEMBER_NAMES.items():
            for member in getattr(settings, table):
                name = (table, getattr(member, key))
                if name in known:
                    faults.append(f"{file}: {table}[{name[1]}]: {known[name]} has it as well; one must go")
                known.setdefault(name, file)
    return faults


def _dotted_keys(table: dict[str, Any], where: str = "") -> Iterator[str]:
    for key, value in table.items():
        dotted = f"{where}{key}"
        yield dotted
        if isinstance(value, dict):
            yield from _dotted_keys(value, f"{dotted}.")
        for n, member in enumerate(value if isinstance(value, list) else (), 1):
            if isinstance(member, dict):
                yield from _dotted_keys(member, f"{dotted}[{member.get(MEMBER_NAMES.get(key, ''), n)}].")


def _joined(parts: list[Settings]) -> Settings:
    return replace(
        parts[0],
        seedlink=tuple(server for part in parts for server in part.seedlink),
        fdsn=tuple(service for part in parts for service in part.fdsn),
        agency=tuple(agency for part in parts for agency in part.agency),
        network=tuple(network for part in parts for network in part.network),
        station=tuple(site for part in parts for site in part.station),
        inventory=replace(parts[0].inventory, files=tuple(file for part in parts for file in part.inventory.files)),
    )
