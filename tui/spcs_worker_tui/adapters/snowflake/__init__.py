"""Snowflake through its own connector: sessions, statements, rows."""
