-- +goose Up
-- +goose StatementBegin
ALTER TABLE person ADD COLUMN groups TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE person ADD COLUMN approver_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN quiet_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN quiet_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN capped_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE account ADD COLUMN seal TEXT NOT NULL DEFAULT '';
ALTER TABLE login ADD COLUMN factor TEXT NOT NULL DEFAULT '';
ALTER TABLE login ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE login ADD COLUMN seal TEXT NOT NULL DEFAULT '';
ALTER TABLE payout ADD COLUMN due_date TEXT NOT NULL DEFAULT '';
ALTER TABLE payout ADD COLUMN payee_id TEXT NOT NULL DEFAULT '';
ALTER TABLE payout ADD COLUMN payee_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payout ADD COLUMN held_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payout_version ADD COLUMN due_date TEXT NOT NULL DEFAULT '';
ALTER TABLE payout_version ADD COLUMN payee_id TEXT NOT NULL DEFAULT '';
ALTER TABLE payout_version ADD COLUMN payee_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE decision ADD COLUMN batch TEXT NOT NULL DEFAULT '';
CREATE INDEX paid_before_account ON paid_before (account);
CREATE INDEX payout_payee ON payout (payee_id, number DESC) WHERE payee_id <> '';
DROP TRIGGER payout_version_fixed;
CREATE TRIGGER payout_version_fixed BEFORE UPDATE ON payout_version WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.version = OLD.version AND NEW.amount_minor = OLD.amount_minor AND NEW.currency = OLD.currency AND NEW.source = OLD.source AND NEW.replaces = OLD.replaces AND NEW.due_date = OLD.due_date AND NEW.payee_id = OLD.payee_id AND NEW.payee_version = OLD.payee_version AND NEW.salt = OLD.salt AND NEW.person_id = OLD.person_id AND NEW.email = OLD.email AND NEW.at = OLD.at AND NEW.amount_text = '' AND NEW.full_name = '' AND NEW.bik = '' AND NEW.account = '' AND NEW.inn = '' AND NEW.kpp = '' AND NEW.description = '' AND NEW.own_ref = '' AND NEW.note = '') BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- One version of a subject other than a payout, put to four eyes. doc is its canonical content with commitments in the place of personal values;
-- private holds those values. Append-only, but for clearing them.
CREATE TABLE proposal (
  kind      TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  version   INTEGER NOT NULL CHECK (version >= 1),
  op        TEXT    NOT NULL,
  doc       TEXT    NOT NULL,
  private   TEXT    NOT NULL,
  salt      BLOB    NOT NULL CHECK (length(salt) = 32),
  concerns  TEXT    NOT NULL,
  base      INTEGER NOT NULL,
  effect_at INTEGER NOT NULL,
  PRIMARY KEY (kind, id, version),
  FOREIGN KEY (kind, id, version) REFERENCES subject (kind, id, version)
) STRICT, WITHOUT ROWID;

-- How a proposal ended: one row, for good.
CREATE TABLE proposal_end (
  kind      TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  version   INTEGER NOT NULL,
  state     TEXT    NOT NULL CHECK (state IN ('effective', 'rejected', 'withdrawn', 'expired', 'stopped')),
  person_id TEXT    NOT NULL,
  email     TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (kind, id, version),
  FOREIGN KEY (kind, id, version) REFERENCES proposal (kind, id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX proposal_effective ON proposal_end (kind, id, version DESC) WHERE state = 'effective';

-- The marker of an open proposal: at most one a subject.
CREATE TABLE proposal_open (
  kind      TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  version   INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  effect_at INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX proposal_open_at ON proposal_open (at);

-- The payees as their version in force says: for lists and look-ups. The content itself is a proposal's.
CREATE TABLE payee (
  id         TEXT    NOT NULL PRIMARY KEY,
  version    INTEGER NOT NULL,
  kind       TEXT    NOT NULL,
  full_name  TEXT    NOT NULL,
  inn        TEXT    NOT NULL,
  kpp        TEXT    NOT NULL,
  groups     TEXT    NOT NULL,
  makers     TEXT    NOT NULL,
  search     TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX payee_name ON payee (search);

-- The accounts of a payee in force: since when each stands there, and whether the payee was known before it came (changed = 1).
CREATE TABLE payee_account (
  payee_id TEXT    NOT NULL REFERENCES payee (id),
  bik      TEXT    NOT NULL,
  number   TEXT    NOT NULL,
  label    TEXT    NOT NULL,
  since    INTEGER NOT NULL,
  changed  INTEGER NOT NULL,
  PRIMARY KEY (payee_id, bik, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX payee_account_number ON payee_account (number, bik);

-- A link that lets one person set a password and a factor: once, for a day. hash is the SHA-256 of its token.
CREATE TABLE enrolment (
  hash       TEXT    NOT NULL PRIMARY KEY,
  person_id  TEXT    NOT NULL REFERENCES person (id),
  email      TEXT    NOT NULL,
  what       TEXT    NOT NULL CHECK (what IN ('enrol', 'reset')),
  made_by    TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX enrolment_person ON enrolment (person_id);

-- What proves that a person is there, beside the password. data: a passkey's public part, a one-time-code secret (sealed by encryption), the hash of
-- a recovery code. step is the last used time step of a code, the sign count of a passkey. Every row is sealed.
CREATE TABLE factor (
  id          TEXT    NOT NULL PRIMARY KEY,
  person_id   TEXT    NOT NULL REFERENCES person (id),
  kind        TEXT    NOT NULL CHECK (kind IN ('totp', 'passkey', 'recovery')),
  name        TEXT    NOT NULL,
  data        BLOB    NOT NULL,
  fingerprint TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  vouched_by  TEXT    NOT NULL,
  signs_from  INTEGER NOT NULL,
  step        INTEGER NOT NULL,
  used_at     INTEGER NOT NULL,
  removed_at  INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  seal        TEXT    NOT NULL
) STRICT;
CREATE INDEX factor_person ON factor (person_id);

-- One passkey, one secret belongs to one person for ever: the mark is a hash of it. Append-only.
CREATE TABLE factor_mark (
  mark      TEXT    NOT NULL PRIMARY KEY,
  person_id TEXT    NOT NULL,
  at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A question put to a passkey: two minutes, one answer.
CREATE TABLE challenge (
  id         TEXT    NOT NULL PRIMARY KEY,
  person_id  TEXT    NOT NULL,
  purpose    TEXT    NOT NULL,
  digest     TEXT    NOT NULL,
  nonce      BLOB    NOT NULL,
  data       BLOB    NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX challenge_expires ON challenge (expires_at);

-- What a passkey signed: the proof of a decision that anybody can check. Append-only.
CREATE TABLE proof (
  kind        TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  person_id   TEXT    NOT NULL,
  seq         INTEGER NOT NULL,
  factor_id   TEXT    NOT NULL,
  digest      TEXT    NOT NULL,
  nonce       BLOB    NOT NULL,
  expires_at  INTEGER NOT NULL,
  credential  BLOB    NOT NULL,
  public_key  BLOB    NOT NULL,
  auth_data   BLOB    NOT NULL,
  client_data BLOB    NOT NULL,
  signature   BLOB    NOT NULL,
  PRIMARY KEY (kind, id, version, person_id, seq),
  FOREIGN KEY (kind, id, version, person_id, seq) REFERENCES decision (kind, id, version, person_id, seq)
) STRICT, WITHOUT ROWID;

-- One decision over an ordered list of payouts. Append-only.
CREATE TABLE batch (
  id        TEXT    NOT NULL PRIMARY KEY,
  person_id TEXT    NOT NULL,
  email     TEXT    NOT NULL,
  digest    TEXT    NOT NULL,
  n         INTEGER NOT NULL,
  sum_minor INTEGER NOT NULL,
  items     TEXT    NOT NULL,
  at        INTEGER NOT NULL
) STRICT;

-- From which browser somebody made or submitted something: a mark that tells nothing but sameness.
CREATE TABLE seen_from (
  kind      TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  person_id TEXT    NOT NULL,
  device    TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (kind, id, person_id, device)
) STRICT, WITHOUT ROWID;

-- The Central Bank's directory as it was uploaded last, replaced whole.
CREATE TABLE bank_file (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  sha       TEXT    NOT NULL,
  day       TEXT    NOT NULL,
  version   TEXT    NOT NULL,
  n         INTEGER NOT NULL,
  person_id TEXT    NOT NULL,
  email     TEXT    NOT NULL,
  at        INTEGER NOT NULL
) STRICT;
CREATE TABLE bank_name (
  bik    TEXT    NOT NULL PRIMARY KEY,
  name   TEXT    NOT NULL,
  town   TEXT    NOT NULL,
  closed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;


-- Four eyes.
CREATE TRIGGER proposal_once BEFORE INSERT ON proposal WHEN EXISTS (SELECT 1 FROM proposal x WHERE x.kind = NEW.kind AND x.id = NEW.id AND x.version = NEW.version) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposal_stays BEFORE DELETE ON proposal BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposal_fixed BEFORE UPDATE ON proposal WHEN NOT (NEW.kind = OLD.kind AND NEW.id = OLD.id AND NEW.version = OLD.version AND NEW.op = OLD.op AND NEW.doc = OLD.doc AND NEW.salt = OLD.salt AND NEW.concerns = OLD.concerns AND NEW.base = OLD.base AND NEW.effect_at = OLD.effect_at AND NEW.private = '') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposal_end_once BEFORE INSERT ON proposal_end WHEN EXISTS (SELECT 1 FROM proposal_end x WHERE x.kind = NEW.kind AND x.id = NEW.id AND x.version = NEW.version) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposal_end_stays BEFORE DELETE ON proposal_end BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposal_end_fixed BEFORE UPDATE ON proposal_end BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER factor_mark_once BEFORE INSERT ON factor_mark WHEN EXISTS (SELECT 1 FROM factor_mark x WHERE x.mark = NEW.mark) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER factor_mark_stays BEFORE DELETE ON factor_mark BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER factor_mark_fixed BEFORE UPDATE ON factor_mark BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proof_once BEFORE INSERT ON proof WHEN EXISTS (SELECT 1 FROM proof x WHERE x.kind = NEW.kind AND x.id = NEW.id AND x.version = NEW.version AND x.person_id = NEW.person_id AND x.seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proof_stays BEFORE DELETE ON proof BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proof_fixed BEFORE UPDATE ON proof BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER batch_once BEFORE INSERT ON batch WHEN EXISTS (SELECT 1 FROM batch x WHERE x.id = NEW.id) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER batch_stays BEFORE DELETE ON batch BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER batch_fixed BEFORE UPDATE ON batch BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- A proposer, and whoever a proposal concerns, can never decide about it: the table says so too.
CREATE TRIGGER decision_proposer BEFORE INSERT ON decision
WHEN EXISTS (SELECT 1 FROM proposal p JOIN subject s ON s.kind = p.kind AND s.id = p.id AND s.version = p.version
  WHERE p.kind = NEW.kind AND p.id = NEW.id AND p.version = NEW.version AND (s.person_id = NEW.person_id OR instr(p.concerns, '"' || NEW.person_id || '"') > 0))
BEGIN SELECT RAISE(ABORT, 'own'); END;
-- Room in limits that payouts of before hold already: each gives its own back when its failure is confirmed.
WITH held AS (
  SELECT id, account, amount_minor AS minor, date(sent_at / 1000000, 'unixepoch', '+3 hours') AS day FROM payout
  WHERE sent_at > 0 AND state IN ('sending', 'in_progress', 'succeeded', 'failed', 'unknown', 'returned') AND NOT (state = 'failed' AND confirmed = 1 AND review = 0)),
taken AS (
  SELECT 'use:company:' AS name, day, minor FROM held
  UNION ALL SELECT 'use:payee:acc.' || account || ':', day, minor FROM held
  UNION ALL SELECT 'use:maker:' || m.person_id || ':', h.day, h.minor FROM held h JOIN payout_maker m ON m.payout_id = h.id)
INSERT INTO counter (name, n, sum) SELECT name || day, 0, SUM(minor) FROM taken GROUP BY 1 UNION ALL SELECT name || substr(day, 1, 7), 0, SUM(minor) FROM taken GROUP BY 1;
-- +goose StatementEnd
