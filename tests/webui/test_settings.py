"""What an operator may set."""

from __future__ import annotations

import pytest

from houfeng.errors import ConfigError
from webui.settings import WebSettings


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"port": 0}, "web.port"),
        ({"port": 65536}, "web.port"),
        ({"host": ""}, "web.host"),
        ({"notice_ru": "Учения"}, "web.notice"),
    ],
)
def test_a_wrong_value_names_its_key(values: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        WebSettings(**values)  # type: ignore[arg-type]


def test_only_this_computer_by_default() -> None:
    assert WebSettings().host == "127.0.0.1"
