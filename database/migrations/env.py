"""Run by Alembic for every command: works on the connection that `database.migrations.config` was given."""

from alembic import context

from database.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
