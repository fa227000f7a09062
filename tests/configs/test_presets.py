"""Presets: one word for many keys; what the file says itself counts first."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs import Settings, load
from configs.load import given
from configs.presets import FOLDER, names
from configs.show import shown
from detection.settings import DetectionSettings
from houfeng.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "houfeng.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_local_is_the_default(tmp_path: Path) -> None:
    local = load(write(tmp_path, "preset = 'local'"))
    assert local == Settings().resolved(tmp_path)
    assert names() == ("local", "regional", "teleseismic")
    assert {"detection.bands", "association.coda_s"} <= set(given(FOLDER / "local.toml"))  # it says what it is made of


def test_own_keys_count_before_the_preset(tmp_path: Path) -> None:
    path = write(tmp_path, "preset = 'regional'\n[detection]\nlta_s = 30.0\n[association]\nmin_stations = 4\n")
    settings = load(path)
    assert settings.detection.bands == ((1.0, 4.0), (3.0, 10.0), (8.0, 25.0))
    assert (settings.detection.sta_s, settings.detection.lta_s) == (1.0, 30.0)
    assert (settings.association.coda_s, settings.association.min_stations) == (60.0, 4)
    files = given(path)
    assert Path(files["detection.bands"]).name == "regional.toml"
    assert files["detection.lta_s"] == str(path)
    (line,) = [line for line in shown(settings, files) if line.startswith("bands")]
    assert " ".join(line.split()) == "bands = [[1.0, 4.0], [3.0, 10.0], [8.0, 25.0]] # regional.toml"


@pytest.mark.parametrize("name", ["regional", "teleseismic"])
def test_every_preset_is_another_configuration(tmp_path: Path, name: str) -> None:
    settings = load(write(tmp_path, f"preset = '{name}'"))
    assert settings.config_hash != Settings().config_hash
    assert settings.detection != DetectionSettings()
    again = "\n".join(shown(settings, {}))
    assert load(write(tmp_path, again)).config_hash == settings.config_hash


@pytest.mark.parametrize("wrong", ["'locale'", "3", "['local']"])
def test_a_preset_that_is_none_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"houfeng\.toml: preset: one of 'local', .* is needed"):
        load(write(tmp_path, f"preset = {wrong}"))
