-- The tables of format 1. A change of them is a new format: another file, and a migration to it.
--
-- Times are microseconds since 1970 (UTC). Statuses and triggers are numbers: their places in `Status::ALL` and
-- `Trigger::ALL`. `…_sealed` holds what is masked in the column beside it, sealed; NULL where nothing is. `…sum` is a checksum of
-- what stands in a row (`rows.rs`), checked whenever the row is read to act on it.

CREATE TABLE flows (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE definitions (
  id     INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  body   TEXT NOT NULL
) STRICT;

-- The owner of the store counts `seq` itself, so that a run need not wait for its row.
CREATE TABLE runs (
  seq            INTEGER PRIMARY KEY,
  id             BLOB NOT NULL UNIQUE,
  flow           INTEGER NOT NULL REFERENCES flows,
  definition     INTEGER NOT NULL REFERENCES definitions,
  status         INTEGER NOT NULL,
  trigger        INTEGER NOT NULL,
  attempt        INTEGER NOT NULL,
  started_at     INTEGER NOT NULL,
  finished_at    INTEGER,
  wake_at        INTEGER,
  active         INTEGER NOT NULL,
  input          TEXT NOT NULL,
  input_sealed   BLOB,
  request_sealed BLOB,
  output         TEXT,
  output_sealed  BLOB,
  error          TEXT,
  error_sealed   BLOB,
  begun_sum      INTEGER NOT NULL,
  state_sum      INTEGER NOT NULL
) STRICT;

-- Runs are listed newest first: by `started_at`, then by `seq`, with which every index of SQLite ends. Each index is paid for by
-- every run (about 0.3 us for one that grows at its end, 0.7 us for others). Few runs do not succeed: those have one of their own.
CREATE INDEX runs_by_time ON runs (started_at);
CREATE INDEX runs_by_flow ON runs (flow, started_at, status);
CREATE INDEX runs_by_status ON runs (status, started_at, flow) WHERE status <> 3;
CREATE INDEX runs_by_wake ON runs (wake_at) WHERE wake_at IS NOT NULL;

-- The records of a run: each row holds those of one commit, as a JSON array. `id` is `seq * 2^20 + n`, so that they lie together
-- and need no index.
CREATE TABLE journal (
  id      INTEGER PRIMARY KEY,
  records TEXT NOT NULL,
  sum     INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
  flow        INTEGER NOT NULL REFERENCES flows,
  key         BLOB NOT NULL,
  run         INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  expires_at  INTEGER NOT NULL,
  sum         INTEGER NOT NULL,
  PRIMARY KEY (flow, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
CREATE INDEX idempotency_by_run ON idempotency (run);

CREATE TABLE schedules (
  flow     TEXT PRIMARY KEY,
  last_due INTEGER NOT NULL,
  sum      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is known of the store itself: with which key it is sealed (a digest).
CREATE TABLE store (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
