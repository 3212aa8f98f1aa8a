"""The prediction log, what became true of it, replay and erasure.

Needs numpy and pydantic-core, and psycopg where the log is in PostgreSQL.
"""
