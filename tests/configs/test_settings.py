"""A configuration file is read, checked and explained; default.toml is complete and true."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import configs
from configs import Settings, load
from houfeng.errors import ConfigError

HERE = Path(configs.__file__).parent
DEFAULT = HERE / "default.toml"


def write(folder: Path, text: str) -> Path:
    path = folder / "houfeng.toml"
    path.write_text(text, encoding="utf-8")
    return path


def keys(cls: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key that a settings class knows, with its default (MISSING when there is none)."""
    hints = get_type_hints(cls)
    for field in fields(cls):
        inner = next((hint for hint in (hints[field.name], *get_args(hints[field.name])) if is_dataclass(hint)), None)
        if inner is not None:
            yield from keys(inner, f"{where}{field.name}.")
        else:
            yield f"{where}{field.name}", field.default


def written(table: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        for part in value if isinstance(value, list) and value and isinstance(value[0], dict) else [value]:
            if isinstance(part, dict):
                yield from written(part, f"{where}{key}.")
            else:
                yield f"{where}{key}", tuples(part)


def tuples(value: object) -> object:
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def uncommented(text: str) -> str:
    """default.toml with its examples (a # that no space follows) made live."""
    return re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)


def test_default_toml_is_the_defaults(tmp_path: Path) -> None:
    assert load(DEFAULT) == Settings().resolved(HERE)
    assert load(write(tmp_path, "")) == Settings().resolved(tmp_path)


def test_default_toml_has_every_key_with_its_default() -> None:
    known, found = dict(keys(Settings)), dict(written(tomllib.loads(uncommented(DEFAULT.read_text("utf-8")))))
    assert sorted(set(known) - set(found)) == [], "missing in default.toml"
    assert sorted(set(found) - set(known)) == [], "unknown in default.toml"
    # keys that have no default, or None for "not given", show an example value
    wrong = [key for key, default in known.items() if default not in (MISSING, None) and found[key] != default]
    assert wrong == []


# The last word of a key is its unit; what its comment must then speak of.
UNITS = {
    "s": "second",
    "h": "hour",
    "hours": "hour",
    "hour": "hour",
    "days": "days",
    "hz": "Hz",
    "m": "metre",
    "deg": "degrees",
    "mib": "MiB",
    "percent": "percent",
    "counts": "counts",
}


def explained(text: str) -> Iterator[tuple[str, str]]:
    """Every key of default.toml, with the lines of comment right above it."""
    comment: list[str] = []
    for line in uncommented(text).splitlines():
        if key := re.match(r"(\w+) = ", line):
            yield key[1], " ".join(comment)
        comment = [*comment, line[2:]] if line.startswith("# ") else []


def test_default_toml_explains_every_key_with_its_unit() -> None:
    comments = list(explained(DEFAULT.read_text("utf-8")))
    assert len(comments) == len(dict(keys(Settings)))
    assert [key for key, comment in comments if len(comment.split()) < 3] == [], "no comment of its own"
    units = {key: "km/s" if key.endswith("_km_s") else UNITS.get(key.rpartition("_")[2], "") for key, _ in comments}
    assert [key for key, comment in comments if units[key] not in comment] == [], "no unit in the comment"
    assert len([key for key in units if units[key]]) > 50


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "xml").mkdir()
    text = '[archive]\npath = "a"\n[database]\nurl = "sqlite:///b.db"\n[inventory]\nfiles = ["xml/*.xml", "/abs.xml"]'
    settings = load(write(tmp_path, text))
    assert settings.archive.path == str(tmp_path / "a")
    assert settings.database.url == f"sqlite:///{tmp_path}/b.db"
    assert settings.inventory.files == (str(tmp_path / "xml/*.xml"), "/abs.xml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[detection]\nsta_ss = 1.0", "detection.sta_ss: there is no such key; did you mean detection.sta_s?"),
        ("[detections]", "detections: there is no such key; did you mean detection?"),
        ("[detection]\nsta_s = -0.5", "detection.sta_s: "),
        ("[detection]\nlta_s = 0.1", "detection.lta_s: "),
        ("[web]\nport = '8080'", "web.port: a whole number is needed, a text in quotes ('8080') came"),
        ("[archive]\npath = ''", "archive.path: "),
        ("[[seedlink]]\nname = 'a'\nstreams = ['*.*.*.*']", "seedlink[1].address: a text in quotes is needed"),
        ("[archive]\npath = \n", "this is not TOML"),
        ("[archive]\npath = \n", "line 2"),
        ("[[station]]\ncode = 'KR.NRN'\n" * 2, "station.code: each station must have its own code, 'KR.NRN' came 2"),
        (
            "[[seedlink]]\nname = 'a'\naddress = 'h:1'\nstreams = ['*.*.*.*']\n" * 2,
            "seedlink.name: each seedlink must have its own name, 'a' came 2 times",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'[web]\nnotice = "\xe9"\n')
    with pytest.raises(ConfigError, match="UTF-8 text is needed: byte 16"):
        load(tmp_path / "latin.toml")


def test_the_hash_follows_what_decides_results(tmp_path: Path) -> None:
    plain = load(write(tmp_path, "")).config_hash
    assert re.fullmatch("[0-9a-f]{64}", plain)
    assert load(DEFAULT).config_hash == plain
    for text in ("[detection]\non_ratio = 6", "[association]\ntolerance_s = 2", "[[station]]\ncode = 'KR.NRN'"):
        assert load(write(tmp_path, text)).config_hash != plain
    for text in ("[web]\nport = 1", "[archive]\npath = 'b'", "[health]\nleave_s = 1", "[detection]\non_ratio = 5"):
        assert load(write(tmp_path, text)).config_hash == plain


def test_the_hash_ignores_names_and_order_of_stations(tmp_path: Path) -> None:
    one, other = "[[station]]\ncode = 'KR.NRN'\n", "[[station]]\ncode = 'KR.PRZ'\nname = 'x'\n"
    there = load(write(tmp_path, one + other))
    back = load(write(tmp_path, other.replace("'x'", "'y'") + one))
    moved = replace(there, station=tuple(replace(s, latitude_deg=1.0, longitude_deg=1.0) for s in there.station))
    assert there.config_hash == back.config_hash != moved.config_hash
