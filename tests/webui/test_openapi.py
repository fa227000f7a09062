"""The description of the API: whole, true, and nothing that it allows breaks the server."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, settings


@pytest.fixture
def described(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/openapi.json").get_json()
    return found


def test_every_route_and_every_parameter_is_in_it(described: dict[str, Any], app: Flask, client: FlaskClient) -> None:
    routes = {re.sub(r"<(?:[^:>]*:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    assert set(described["paths"]) == {route for route in routes if route.startswith("/api/")}
    filled = {"a": "live", "b": "replay"} | {
        "station_id": "KR.NRN",
        "event_id": "x",
        "alert_id": "x",
        "channel_id": "KR.NRN.00.BHZ",
    }
    n_asked = 0
    for path, operations in described["paths"].items():
        if "get" in operations and path != "/api/v1/stream":
            # the route itself says what it takes, to whoever asks for something else
            hour = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:10:00Z"}
            needed = {"nslc": "KR.NRN.00.BHZ", "channel": "KR.NRN.00.BHZ"} | hour
            names = [each["name"] for each in operations["get"]["parameters"] if each["in"] == "query"]
            query = {name: value for name, value in needed.items() if name in names} | {"nonsense": "1"}
            said = client.get(path.format(**filled), query_string=query)
            told = said.get_json()["error"]
            assert said.status_code == 400 and told.startswith("nonsense: this address takes "), (path, told)
            assert told.removeprefix("nonsense: this address takes ").split(", ") == (names or ["no parameters"])
            n_asked += 1
    assert n_asked >= 15


def test_who_changes_something_needs_a_token(described: dict[str, Any]) -> None:
    posts = [each["post"] for each in described["paths"].values() if "post" in each]
    assert len(posts) == 6
    assert all(post["security"] == [{"token": []}] and post["requestBody"]["required"] for post in posts)
    verbs = described["paths"]["/api/v1/alerts/{alert_id}/{verb}"]["post"]["parameters"][1]["schema"]["enum"]
    assert verbs == ["ack", "silence", "assign", "comment", "close"]


def campaign(app: Flask, n_examples: int) -> int:
    """Send what the description allows, and more; every answer must be one that it names. How many were sent."""
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    checks = [
        schemathesis.checks.not_a_server_error,
        schemathesis.checks.CHECKS.get_one("status_code_conformance"),
        schemathesis.checks.CHECKS.get_one("content_type_conformance"),
        schemathesis.checks.CHECKS.get_one("response_schema_conformance"),
    ]
    n_sent = 0
    chosen = schema.exclude(path="/api/v1/stream").exclude(path="/api/v1/daemons")
    for result in chosen.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=n_examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @_given(operation)
        def send(case: Any) -> None:
            nonlocal n_sent
            n_sent += 1
            # the clients of tests do not unpack
            case.call_and_validate(checks=checks, headers={"Accept-Encoding": "identity"})

        send()
    return n_sent


def _given(operation: Any) -> Any:
    from hypothesis import given

    return given(case=operation.as_strategy())


def test_nothing_that_it_allows_breaks_the_server(app: Flask) -> None:
    assert campaign(app, 2) > 30


@pytest.mark.soak
def test_nothing_that_it_allows_breaks_the_server_for_long(app: Flask) -> None:
    assert campaign(app, 500) > 5000
