"""Tables of the journal, in the words of SQLite and of PostgreSQL.

Predictions and labels are found by customer within a day: new ones go to the end of
that index, and those that are read together lie together.
One by customer alone takes a row at every place of a file that no cache holds: 30 times
as long once there are millions.
"""

from __future__ import annotations

VERSION = 3

_WORDS = {
    "sqlite": {
        "key": "INTEGER PRIMARY KEY",
        "counted": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "bytes": "BLOB",
        "real": "REAL",
        "clustered": "WITHOUT ROWID",
        "utc": "strftime('%Y-%m-%dT%H:%M:%fZ', {ns} / 1e9, 'unixepoch')",
        "day": "date({day} * 86400, 'unixepoch')",
    },
    "postgresql": {
        "key": "BIGINT PRIMARY KEY",
        "counted": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        "real": "DOUBLE PRECISION",
        "clustered": "",
        "utc": "to_char(to_timestamp({ns} / 1e9) AT TIME ZONE 'UTC', "
        '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')',
        "day": "to_char(DATE '1970-01-01' + {day}::int, 'YYYY-MM-DD')",
    },
}

_TABLES = """
CREATE TABLE journal (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE model (
  id {key}, model_version TEXT NOT NULL, artifact_sha256 TEXT NOT NULL,
  variant TEXT NOT NULL);
CREATE TABLE inputs (
  id {key}, token TEXT NOT NULL UNIQUE, newest_ns BIGINT NOT NULL,
  content {bytes} NOT NULL);
CREATE INDEX inputs_by_time ON inputs (newest_ns);
CREATE TABLE request (
  id {key}, request_id TEXT NOT NULL, time_ns BIGINT NOT NULL,
  endpoint TEXT NOT NULL, key_hash TEXT NOT NULL, microseconds BIGINT NOT NULL,
  campaign TEXT);
CREATE INDEX request_by_request_id ON request (request_id);
CREATE INDEX request_by_time ON request (time_ns);
CREATE TABLE prediction (
  request BIGINT NOT NULL, line BIGINT NOT NULL, customer TEXT,
  probability {real} NOT NULL, threshold {real} NOT NULL, decision TEXT NOT NULL,
  model BIGINT NOT NULL, inputs BIGINT NOT NULL, place BIGINT NOT NULL,
  day BIGINT NOT NULL, value {real}, kept_aside BIGINT NOT NULL,
  PRIMARY KEY (request, line)) {clustered};
CREATE INDEX prediction_by_customer ON prediction (day, customer)
  WHERE customer IS NOT NULL;
CREATE TABLE feedback (
  id {counted}, received_ns BIGINT NOT NULL, known_ns BIGINT NOT NULL,
  request_id TEXT, line BIGINT, customer TEXT, observation_day BIGINT,
  churned BIGINT NOT NULL, key_hash TEXT NOT NULL);
CREATE INDEX feedback_by_request_id ON feedback (request_id, line, id)
  WHERE request_id IS NOT NULL;
CREATE INDEX feedback_by_customer ON feedback (observation_day, customer, id)
  WHERE customer IS NOT NULL;
CREATE VIEW days AS
  WITH RECURSIVE found (day) AS (
    SELECT min(day) FROM prediction WHERE customer IS NOT NULL
    UNION ALL
    SELECT (SELECT min(p.day) FROM prediction p
      WHERE p.day > found.day AND p.customer IS NOT NULL)
    FROM found WHERE found.day IS NOT NULL)
  SELECT day FROM found WHERE day IS NOT NULL;
CREATE VIEW label_days AS
  WITH RECURSIVE found (day) AS (
    SELECT min(observation_day) FROM feedback WHERE customer IS NOT NULL
    UNION ALL
    SELECT (SELECT min(f.observation_day) FROM feedback f
      WHERE f.observation_day > found.day AND f.customer IS NOT NULL)
    FROM found WHERE found.day IS NOT NULL)
  SELECT day FROM found WHERE day IS NOT NULL;
CREATE VIEW predictions AS
  SELECT r.request_id, p.line, {time} AS time, r.time_ns, r.endpoint, p.customer,
    p.day, p.value, p.probability, p.threshold, p.decision, r.campaign,
    p.kept_aside, m.model_version, m.artifact_sha256, m.variant, r.key_hash,
    r.microseconds
  FROM prediction p
  JOIN request r ON r.id = p.request JOIN model m ON m.id = p.model;
CREATE VIEW labels AS
  SELECT id, {received} AS received, {known} AS known, request_id, line, customer,
    {observation} AS observation_date, churned
  FROM feedback;
INSERT INTO journal VALUES ('schema_version', '{version}')
"""


def statements(dialect: str) -> list[str]:
    """Return what makes the tables, statement by statement.

    Args:
        dialect: `sqlite` or `postgresql`.
    """
    words = _WORDS[dialect]
    made = {
        "time": words["utc"].replace("{ns}", "r.time_ns"),
        "received": words["utc"].replace("{ns}", "received_ns"),
        "known": words["utc"].replace("{ns}", "known_ns"),
        "observation": words["day"].replace("{day}", "observation_day"),
        "version": str(VERSION),
    }
    return [part.strip() for part in _TABLES.format(**words, **made).split(";")]
