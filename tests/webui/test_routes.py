"""No page without a look at it: the list that a real browser goes through is that of the routes."""

from __future__ import annotations

from flask import Flask

from tests.e2e.test_every_page import PAGES

# Answers for programs, files, and what only leads to another page.
NO_PAGES = {"stream.livez", "stream.readyz", "assets.file", "walls.add", "reports.file"}


def test_no_page_is_forgotten(app: Flask) -> None:
    routes = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith("/api/")
    }
    assert routes - NO_PAGES == {endpoint for endpoint in PAGES if "." in endpoint}
    adapter = app.url_map.bind("localhost")
    for endpoint in routes - NO_PAGES:
        assert adapter.match(PAGES[endpoint].format(event="0"))[0] == endpoint
