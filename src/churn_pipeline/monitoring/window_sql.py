"""SQL of the windows: what is read from the log, and what DuckDB joins of it.

Filled in with numbers of the project's own, never with text from outside.
"""

RANGE = (
    "SELECT min(id), max(id) FROM request WHERE time_ns >= {since} AND time_ns < {end}"
)
PREDICTIONS = """
SELECT request, line, coalesce(customer, '') AS customer, probability,
  CASE decision WHEN 'call' THEN 1 ELSE 0 END AS called, day,
  coalesce(value, -1.0) AS value
FROM prediction
WHERE request BETWEEN {low} AND {high} AND day >= {first} AND day < {end}
  AND model IN ({models})
"""
REQUESTS = """
SELECT id, request_id, time_ns FROM request
WHERE time_ns >= {since} AND time_ns < {end}
"""
LABELS = """
SELECT id, known_ns, coalesce(request_id, '') AS request_id,
  coalesce(line, 0) AS line, coalesce(customer, '') AS customer,
  coalesce(observation_day, -1) AS day, churned
FROM feedback
WHERE request_id IS NOT NULL OR (observation_day >= {first} AND observation_day < {end})
"""
# Names are compared by 64 bits of their hash: of ten million, two are alike in one log
# of 400,000.
COPIES = {
    "p": """
CREATE TABLE p AS SELECT request, line::INTEGER AS line,
  CASE customer WHEN '' THEN NULL ELSE hash(customer) END AS customer,
  probability, called::UTINYINT AS called, day::INTEGER AS day,
  CASE WHEN value < 0 THEN {usual} ELSE value END::DOUBLE AS value
FROM source""",
    "r": "CREATE TABLE r AS SELECT id, hash(request_id) AS name, time_ns FROM source",
    "f": """
CREATE TABLE f AS SELECT id, known_ns, churned::UTINYINT AS churned,
  CASE request_id WHEN '' THEN NULL ELSE hash(request_id) END AS name,
  line::INTEGER AS line, hash(customer) AS customer, day::INTEGER AS day
FROM source""",
}
LABELLED = """
CREATE TABLE labelled AS
WITH by_request AS (
  SELECT r.id AS request, f.line, max(f.id) AS id, arg_max(f.churned, f.id) AS churned,
    arg_max(f.known_ns, f.id) AS known_ns
  FROM f JOIN r ON r.name = f.name GROUP BY ALL),
by_customer AS (
  SELECT customer, day, max(id) AS id, arg_max(churned, id) AS churned,
    arg_max(known_ns, id) AS known_ns
  FROM f WHERE name IS NULL GROUP BY ALL),
told AS (
  SELECT p.*, r.time_ns,
    coalesce(b.id, 0) > coalesce(c.id, 0) AS of_request,
    CASE WHEN of_request THEN b.churned ELSE c.churned END AS churned,
    CASE WHEN of_request THEN b.known_ns ELSE c.known_ns END AS known_ns
  FROM p JOIN r ON r.id = p.request
  LEFT JOIN by_request b ON b.request = p.request AND b.line = p.line
  LEFT JOIN by_customer c ON c.customer = p.customer AND c.day = p.day)
SELECT probability, called, value, time_ns,
  (year(DATE '1970-01-01' + day) * 12
    + month(DATE '1970-01-01' + day) - 1)::INTEGER AS month,
  coalesce(customer, hash(request, line)) AS who,
  CASE
    WHEN time_ns > {until} THEN NULL
    WHEN churned = 1 THEN 1
    WHEN churned = 0 AND known_ns >= time_ns + {horizon} THEN 0 END AS label,
  -- the first answer with a label, or else the first; rows of one request in order
  time_ns + line + CASE WHEN label IS NULL THEN {late} ELSE 0 END AS rank
FROM told
"""
# The first of each value by itself: a struct of them would have to fit the memory.
CELLS = """
WITH firsts AS (
  SELECT arg_min(probability, rank) AS p, arg_min(called, rank) AS called,
    arg_min(coalesce(label, 2), rank) AS label, arg_min(value, rank) AS v
  FROM labelled WHERE month = {month} GROUP BY who)
SELECT called, label, count(*) AS n, sum(p) AS probability, sum(v) AS value,
  sum(v * v) AS square
FROM firsts GROUP BY called, label, round(p * {bins})
"""
MONTHS = "SELECT month, max(time_ns) FROM labelled GROUP BY month ORDER BY month"
