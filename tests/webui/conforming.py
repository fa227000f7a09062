"""Every answer of the API that a test asks for is what the API's description says."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema_rs
from flask import Flask, Response, request

from webui.openapi import described


@contextmanager
def conforming(app: Flask) -> Iterator[Flask]:
    """The application; at the end its JSON answers must have been of the schemas of their routes."""
    faults: list[str] = []
    document = described(app)

    def check(response: Response) -> Response:
        if request.path.startswith("/api/") and request.url_rule is not None and request.method != "HEAD":
            faults.extend(f"{request.full_path}: {each}" for each in differences(document, response))
        return response

    app.after_request(check)
    yield app
    assert faults == []


def differences(document: dict[str, Any], response: Response) -> list[str]:
    """What of an answer is not as described."""
    if response.status_code == 304:
        return []
    path = re.sub(r"<(?:[^:>]*:)?(\w+)>", r"{\1}", str(request.url_rule))
    method = request.method.lower()
    if method not in document["paths"][path]:
        return []
    described_ = document["paths"][path][method]["responses"].get(str(response.status_code))
    if described_ is None:
        return [f"status {response.status_code} is not described"]
    if response.mimetype not in described_["content"]:
        return [f"type {response.mimetype} is not described of {response.status_code}"]
    if "json" not in response.mimetype:
        return []
    schema = described_["content"][response.mimetype]["schema"] | {"components": document["components"]}
    body = response.get_data()
    plain = gzip.decompress(body) if response.headers.get("Content-Encoding") == "gzip" else body
    found = jsonschema_rs.validator_for(schema).iter_errors(json.loads(plain))
    return [f"{'/'.join(map(str, each.instance_path))}: {each.message}" for each in found]
