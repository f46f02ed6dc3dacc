"""The SPCS part of Snowflake's SQL: tokens, grammar, syntax tree."""
