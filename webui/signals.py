"""The pages of archived waveforms together."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from houfeng.traces import Traces
from webui import drums, spectrograms, walls, waveforms
from webui.settings import WebSettings


def init_app(app: Flask, settings: WebSettings, archive: Path | None) -> None:
    """Give an application its waveforms.

    Parameters
    ----------
    archive : folder of the waveforms; None shows none
    """
    cache = Path(settings.cache_path)
    app.extensions["traces"] = Traces(archive or cache / "none", cache, settings.cache_mib << 20)
    app.extensions["drums"] = drums.Drums()
    app.extensions["spectrograms"] = spectrograms.Pictures()
    for part in (waveforms, drums, spectrograms, walls):
        app.register_blueprint(part.blueprint)
