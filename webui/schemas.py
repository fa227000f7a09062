"""JSON Schema of the types that answers are built as, for `/api/openapi.json`; and how a view says which type."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import (
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from flask import Response, jsonify

P = ParamSpec("P")
T = TypeVar("T")
Json = dict[str, Any]

_PLAIN: dict[Any, Json] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
}
# What an annotation of a text says of it.
_TEXTS: dict[str, Json] = {
    "time": {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
}


class SchemaError(TypeError):
    """A type that answers cannot be described by."""


def answers(kind: type[T]) -> Callable[[Callable[P, T | tuple[T, int] | Response]], Callable[P, Response]]:
    """Let a view return plain values of a type, perhaps with a status, which become JSON; errors stay responses."""

    def typed(view: Callable[P, T | tuple[T, int] | Response]) -> Callable[P, Response]:
        @functools.wraps(view)
        def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
            made = view(*args, **kwargs)
            if isinstance(made, Response):
                return made
            body, status = made if isinstance(made, tuple) else (made, 200)
            response = jsonify(body)
            response.status_code = status
            if isinstance(body, Mapping) and body.get("next"):
                response.headers["Link"] = f'<{body["next"]}>; rel="next"'
            return response

        answer.answers = kind  # type: ignore[attr-defined]  # what `webui.openapi` describes
        return answer

    return typed


def columns(kind: Any) -> tuple[str, ...]:
    """Columns of a table of shapes: their fields, the id first."""
    names = list(get_type_hints(kind))
    return tuple(sorted(names, key=lambda name: name != "id"))


class Schemas:
    """Schemas of types; those of shapes and dataclasses have a name and are kept in `named`."""

    def __init__(self) -> None:
        self.named: dict[str, Json] = {}
        self._kinds: dict[str, Any] = {}

    def of(self, kind: Any) -> Json:
        """The schema of a type.

        Raises
        ------
        SchemaError : of a type that JSON has not, or of two types of one name
        """
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        if is_typeddict(kind) or is_dataclass(kind):
            return self._shape(kind)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"type": "string", "enum": [str(each) for each in kind]}
        return self._composed(get_origin(kind), get_args(kind), kind)

    def _composed(self, origin: Any, args: tuple[Any, ...], kind: Any) -> Json:
        if origin is Annotated:
            return dict(_TEXTS[args[1]])
        if origin is Literal:
            return {"type": "string", "enum": list(args)}
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.of(each) for each in args]}
        if origin in (list, tuple, Sequence):
            return {"type": "array", "items": self.of(args[0])}
        if origin in (dict, Mapping):
            return {"type": "object", "additionalProperties": self.of(args[1])}
        raise SchemaError(f"{kind}: a TypedDict, a dataclass or a plain type of JSON is needed")

    def _shape(self, kind: Any) -> Json:
        name = kind.__name__
        if self._kinds.setdefault(name, kind) is not kind:
            raise SchemaError(
                f"{name}: two types of this name, of {self._kinds[name].__module__} and {kind.__module__}"
            )
        if name not in self.named:
            self.named[name] = {}  # a shape may have itself in it
            hints = get_type_hints(kind, include_extras=True)
            names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(hints)
            said, _, _ = inspect.cleandoc(kind.__doc__ or "").partition("\n")
            optional: frozenset[str] = getattr(kind, "__optional_keys__", frozenset())
            self.named[name] = {
                "type": "object",
                "description": said,
                "properties": {each: self.of(hints[each]) for each in names},
                "required": [each for each in names if each not in optional],
                "additionalProperties": False,
            }
        return {"$ref": f"#/components/schemas/{name}"}
