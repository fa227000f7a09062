"""What the web page asks of what is around it: the configuration's file, and the daemon."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from configs import Settings, load
from configs.explained import explained
from configs.load import given
from houfeng.cli.status import fetch
from webui.house import Around, ConfigRow


def around(config: Path, settings: Settings) -> Around:
    """What a page of this configuration shows of it and of its daemon.

    Parameters
    ----------
    config : read anew each time: the page shows it as it is now
    settings : in force; where the daemon answers
    """

    def rows() -> list[ConfigRow]:
        return [
            ConfigRow(each.key, each.value, each.comment, each.source)
            for each in explained(load(config), given(config))
        ]

    def told() -> dict[str, Any]:
        return fetch(settings)

    def begin(task_id: str) -> None:
        # on a session of its own: it goes on when the page is restarted
        words = [sys.executable, "-m", "houfeng", "runs", "work", task_id, "--config", str(config.resolve())]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        threading.Thread(target=process.wait, name="work", daemon=True).start()

    return Around(rows, told, begin)
