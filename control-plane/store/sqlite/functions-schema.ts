// Functions, and the tables that they share with jobs: made anew, as what stands in them is of either.

export const functionsSchema = `
  CREATE TABLE functions (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    is_ended INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    touched INTEGER NOT NULL,
    cost_usd REAL NOT NULL DEFAULT 0,
    body TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX functions_by_name ON functions (name) WHERE is_ended = 0;

  -- Whoever costs something: for which reports group by name, owner and labels.
  CREATE VIEW payers AS SELECT id, body FROM jobs UNION ALL SELECT id, body FROM functions;

  CREATE TABLE new_instances (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  INSERT INTO new_instances SELECT id, job_id, revision, body FROM instances;
  DROP TABLE instances;
  ALTER TABLE new_instances RENAME TO instances;
  CREATE INDEX instances_of_job ON instances (job_id);

  CREATE TABLE new_ledger (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    amount_usd REAL NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  INSERT INTO new_ledger SELECT id, job_id, from_ms, amount_usd, body FROM ledger;
  DROP TABLE ledger;
  ALTER TABLE new_ledger RENAME TO ledger;
  CREATE INDEX ledger_of_job ON ledger (job_id, from_ms, id);

  CREATE TABLE new_events (
    number INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  INSERT INTO new_events SELECT number, job_id, at_ms, body FROM events;
  DROP TABLE events;
  ALTER TABLE new_events RENAME TO events;
  CREATE INDEX events_of_job ON events (job_id, number);

  CREATE TABLE new_ledger_cells (
    job_id TEXT NOT NULL,
    hour_ms INTEGER NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    catalog_hash TEXT NOT NULL,
    quantity REAL NOT NULL,
    amount_usd REAL NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY (job_id, hour_ms, region, kind, subject, attempt, purpose, catalog_hash)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_ledger_cells SELECT * FROM ledger_cells;
  DROP TABLE ledger_cells;
  ALTER TABLE new_ledger_cells RENAME TO ledger_cells;
  CREATE INDEX ledger_cells_of_hour ON ledger_cells (hour_ms);

  CREATE TABLE new_ledger_days (
    job_id TEXT NOT NULL,
    day_ms INTEGER NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    catalog_hash TEXT NOT NULL,
    quantity REAL NOT NULL,
    amount_usd REAL NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY (job_id, day_ms, region, kind, subject, attempt, purpose, catalog_hash)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_ledger_days SELECT * FROM ledger_days;
  DROP TABLE ledger_days;
  ALTER TABLE new_ledger_days RENAME TO ledger_days;
  CREATE INDEX ledger_days_of_day ON ledger_days (day_ms);

  CREATE TABLE new_metered_spans (
    job_id TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    region TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    PRIMARY KEY (job_id, instance_id, attempt, from_ms)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_metered_spans SELECT * FROM metered_spans;
  DROP TABLE metered_spans;
  ALTER TABLE new_metered_spans RENAME TO metered_spans;
`
