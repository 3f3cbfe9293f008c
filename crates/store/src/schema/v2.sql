-- Format 2: what runs leave for each other (`engine::state`). Times, sums and what is sealed are as in format 1.
--
-- `key` is a keyed digest of the entry's name: neither it nor the value says anything without the key of the store. `version` is
-- another with each write, and never one that was there before.

CREATE TABLE state (
  key        BLOB PRIMARY KEY,
  version    INTEGER NOT NULL,
  value      BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  sum        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX state_by_expiry ON state (expires_at);
