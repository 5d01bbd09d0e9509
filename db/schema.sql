-- The one source of the database's shape. Everything is STRICT; times are microseconds UTC, money is kopecks.
-- "Append-only" tables are never updated or deleted: triggers at the end, REPLACE included.

-- What this database is: incarnation, born ('demo' or 'serve'), environment, project, spec.
CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- A human being. Roles and groups are comma-separated names in canonical order. version counts the changes that four eyes agreed to. approver_since:
-- what was submitted before is not theirs to decide; from quiet_from to quiet_until their approvals do not count; until capped_until they are capped.
CREATE TABLE person (
  id           TEXT    NOT NULL PRIMARY KEY,
  name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  roles        TEXT    NOT NULL,
  founding     INTEGER NOT NULL DEFAULT 0,
  created_at   INTEGER NOT NULL,
  suspended_at INTEGER NOT NULL DEFAULT 0,
  groups TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 1, approver_since INTEGER NOT NULL DEFAULT 0, quiet_from INTEGER NOT NULL DEFAULT 0, quiet_until INTEGER NOT NULL DEFAULT 0, capped_until INTEGER NOT NULL DEFAULT 0
) STRICT;

-- An e-mail that a person signs in with (lower case). A person may have several; they remain one person.
CREATE TABLE account (
  email         TEXT    NOT NULL PRIMARY KEY,
  person_id     TEXT    NOT NULL REFERENCES person (id),
  password_hash TEXT    NOT NULL,
  changed_at    INTEGER NOT NULL,
  idle_minutes  INTEGER NOT NULL DEFAULT 15,
  keys_on       INTEGER NOT NULL DEFAULT 1,
  must_change INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 1, seal TEXT NOT NULL DEFAULT ''
) STRICT;

-- A sign-in in force; id is the SHA-256 of the cookie's token, so that the table opens no door.
CREATE TABLE login (
  id         TEXT    NOT NULL PRIMARY KEY,
  person_id  TEXT    NOT NULL REFERENCES person (id),
  email      TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  idle_s     INTEGER NOT NULL,
  agent      TEXT    NOT NULL,
  source     TEXT    NOT NULL,
  factor TEXT NOT NULL DEFAULT '', device TEXT NOT NULL DEFAULT '', seal TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX login_person ON login (person_id);

CREATE TABLE allowed_transition (
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  PRIMARY KEY (from_state, to_state)
) STRICT, WITHOUT ROWID;

-- The projection of a payout: where it stands. Content lives in payout_version.
CREATE TABLE payout (
  id             TEXT    NOT NULL PRIMARY KEY,
  number         INTEGER NOT NULL UNIQUE,
  form           TEXT    NOT NULL UNIQUE,
  state          TEXT    NOT NULL,
  version        INTEGER NOT NULL CHECK (version >= 1),
  digest         TEXT    NOT NULL,
  acks           TEXT    NOT NULL,
  makers         TEXT    NOT NULL,
  rule_set       INTEGER NOT NULL,
  amount_minor   INTEGER NOT NULL CHECK (amount_minor >= 0),
  currency       TEXT    NOT NULL,
  account        TEXT    NOT NULL,
  full_name      TEXT    NOT NULL,
  description    TEXT    NOT NULL,
  search         TEXT    NOT NULL,
  maker_name     TEXT    NOT NULL,
  counted        TEXT    NOT NULL DEFAULT '',
  given          INTEGER NOT NULL DEFAULT 0,
  needed         INTEGER NOT NULL DEFAULT 0,
  reference      TEXT    UNIQUE,
  key            TEXT    UNIQUE,
  session        TEXT    UNIQUE,
  asked          INTEGER NOT NULL,
  credential_no  INTEGER NOT NULL,
  review         INTEGER NOT NULL,
  confirmed      INTEGER NOT NULL,
  returned_minor INTEGER NOT NULL CHECK (returned_minor >= 0),
  why            TEXT    NOT NULL,
  changes_asked  INTEGER NOT NULL,
  replaces       TEXT    REFERENCES payout (id),
  created_at     INTEGER NOT NULL,
  changed_at     INTEGER NOT NULL,
  submitted_at   INTEGER NOT NULL,
  approved_at    INTEGER NOT NULL,
  sent_at        INTEGER NOT NULL,
  send_at        INTEGER NOT NULL,
  rev            INTEGER NOT NULL,
  due_date TEXT NOT NULL DEFAULT '', payee_id TEXT NOT NULL DEFAULT '', payee_version INTEGER NOT NULL DEFAULT 0, held_until INTEGER NOT NULL DEFAULT 0,
  CHECK (state NOT IN ('pending_approval', 'approved', 'sending', 'in_progress', 'succeeded', 'failed', 'returned') OR amount_minor > 0),
  CHECK (state <> 'sending' OR (reference IS NOT NULL AND key IS NOT NULL))
) STRICT;
CREATE INDEX payout_changed ON payout (changed_at DESC, number DESC);
CREATE INDEX payout_state ON payout (state, changed_at DESC, number DESC);
CREATE INDEX payout_submitted ON payout (submitted_at) WHERE state IN ('pending_approval', 'approved');
CREATE INDEX payout_send ON payout (send_at, number) WHERE state = 'approved';
CREATE INDEX payout_same ON payout (account, amount_minor) WHERE account <> '';
CREATE INDEX payout_review ON payout (review) WHERE review = 1;
CREATE INDEX payout_replaces ON payout (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX payout_payee ON payout (payee_id, number DESC) WHERE payee_id <> '';

-- Who is a maker of what: for the "Mine" tab, and the bar on one's own work.
CREATE TABLE payout_maker (
  payout_id TEXT    NOT NULL REFERENCES payout (id),
  person_id TEXT    NOT NULL,
  number    INTEGER NOT NULL,
  PRIMARY KEY (person_id, number DESC)
) STRICT, WITHOUT ROWID;

-- One version of a payout's content. Append-only, but for clearing personal values.
CREATE TABLE payout_version (
  payout_id    TEXT    NOT NULL REFERENCES payout (id),
  version      INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency     TEXT    NOT NULL,
  amount_text  TEXT    NOT NULL,
  full_name    TEXT    NOT NULL,
  bik          TEXT    NOT NULL,
  account      TEXT    NOT NULL,
  inn          TEXT    NOT NULL,
  kpp          TEXT    NOT NULL,
  description  TEXT    NOT NULL,
  own_ref      TEXT    NOT NULL,
  note         TEXT    NOT NULL,
  source       TEXT    NOT NULL,
  replaces     TEXT    NOT NULL,
  salt         BLOB    NOT NULL CHECK (length(salt) = 32),
  person_id    TEXT    NOT NULL,
  email        TEXT    NOT NULL,
  at           INTEGER NOT NULL,
  due_date TEXT NOT NULL DEFAULT '', payee_id TEXT NOT NULL DEFAULT '', payee_version INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (payout_id, version)
) STRICT, WITHOUT ROWID;

-- Anything that needs four eyes, one row a submitted version.
CREATE TABLE subject (
  kind      TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  version   INTEGER NOT NULL,
  digest    TEXT    NOT NULL,
  acks      TEXT    NOT NULL,
  rule_set  INTEGER NOT NULL,
  person_id TEXT    NOT NULL,
  email     TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (kind, id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE decision (
  kind      TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  version   INTEGER NOT NULL,
  person_id TEXT    NOT NULL CHECK (person_id <> ''),
  seq       INTEGER NOT NULL,
  email     TEXT    NOT NULL,
  answer    TEXT    NOT NULL CHECK (answer IN ('yes', 'no', 'back')),
  digest    TEXT    NOT NULL,
  rule_set  INTEGER NOT NULL,
  factor    TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  batch TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (kind, id, version, person_id, seq),
  FOREIGN KEY (kind, id, version) REFERENCES subject (kind, id, version)
) STRICT, WITHOUT ROWID;

-- One recorded intent to ask the bank, committed before the request leaves. Append-only.
CREATE TABLE attempt (
  payout_id TEXT    NOT NULL REFERENCES payout (id),
  n         INTEGER NOT NULL CHECK (n >= 1),
  version   INTEGER NOT NULL,
  digest    TEXT    NOT NULL,
  reference TEXT    NOT NULL,
  key       TEXT    NOT NULL,
  flow      TEXT    NOT NULL,
  project   TEXT    NOT NULL,
  body      BLOB    NOT NULL,
  at        INTEGER NOT NULL,
  host TEXT NOT NULL DEFAULT '', confirm TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (payout_id, n)
) STRICT, WITHOUT ROWID;

-- The marker of an open attempt: at most one a payout.
CREATE TABLE open_attempt (
  payout_id TEXT    NOT NULL PRIMARY KEY REFERENCES payout (id),
  n         INTEGER NOT NULL,
  at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What became of an attempt. Append-only; body is the bank's answer, erasable.
CREATE TABLE outcome (
  payout_id   TEXT    NOT NULL,
  n           INTEGER NOT NULL,
  kind        TEXT    NOT NULL,
  why         TEXT    NOT NULL,
  http        INTEGER NOT NULL,
  description TEXT    NOT NULL,
  body        BLOB    NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (payout_id, n),
  FOREIGN KEY (payout_id, n) REFERENCES attempt (payout_id, n)
) STRICT, WITHOUT ROWID;

-- Webhooks with a good signature, byte for byte. Append-only; body erasable.
CREATE TABLE inbox (
  id          INTEGER PRIMARY KEY,
  sha         TEXT    NOT NULL UNIQUE,
  body        BLOB    NOT NULL,
  key_id      TEXT    NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;

-- How often each came (the first time included), and when last.
CREATE TABLE inbox_count (
  inbox_id INTEGER NOT NULL PRIMARY KEY REFERENCES inbox (id),
  n        INTEGER NOT NULL,
  last_at  INTEGER NOT NULL
) STRICT;

-- What applying it did; payout_id is '' when it could not be told.
CREATE TABLE inbox_result (
  inbox_id  INTEGER NOT NULL PRIMARY KEY REFERENCES inbox (id),
  at        INTEGER NOT NULL,
  payout_id TEXT    NOT NULL,
  type      TEXT    NOT NULL,
  session   TEXT    NOT NULL,
  reading   TEXT    NOT NULL,
  amount_minor INTEGER NOT NULL,
  effect    TEXT    NOT NULL,
  alarm     TEXT    NOT NULL,
  from_state TEXT   NOT NULL,
  to_state  TEXT    NOT NULL
) STRICT;
CREATE INDEX inbox_result_payout ON inbox_result (payout_id) WHERE payout_id <> '';

-- A ring of the last refused messages (slot = n mod 1000), to be checked again when a key is added.
CREATE TABLE refused (
  slot      INTEGER NOT NULL PRIMARY KEY,
  n         INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  reason    TEXT    NOT NULL,
  signature TEXT    NOT NULL,
  body      BLOB    NOT NULL
) STRICT;

-- Answers to status calls. Append-only; body erasable.
CREATE TABLE fetch (
  id        INTEGER PRIMARY KEY,
  payout_id TEXT    NOT NULL,
  session   TEXT    NOT NULL,
  http      INTEGER NOT NULL,
  problem   TEXT    NOT NULL,
  code      TEXT    NOT NULL,
  body      BLOB    NOT NULL,
  at        INTEGER NOT NULL
) STRICT;
CREATE INDEX fetch_payout ON fetch (payout_id);

-- Everything the bank said about one payout, reduced to protocol.Evidence (no personal values). Append-only.
CREATE TABLE evidence (
  id        INTEGER PRIMARY KEY,
  payout_id TEXT    NOT NULL,
  source    TEXT    NOT NULL,
  source_id INTEGER NOT NULL,
  doc       TEXT    NOT NULL,
  at        INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_payout ON evidence (payout_id);

-- Which session of which payout to ask about next, and when.
CREATE TABLE poll (
  session   TEXT    NOT NULL,
  payout_id TEXT    NOT NULL,
  next_at   INTEGER NOT NULL,
  since     INTEGER NOT NULL,
  slow      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (session, payout_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX poll_next ON poll (next_at);
CREATE INDEX poll_payout ON poll (payout_id);

-- The company-wide stop. Append-only: a stop that was released has a row in halt_release.
CREATE TABLE halt (
  id        INTEGER PRIMARY KEY,
  cause     TEXT    NOT NULL,
  person_id TEXT    NOT NULL,
  email     TEXT    NOT NULL,
  payout_id TEXT    NOT NULL,
  at        INTEGER NOT NULL
) STRICT;
CREATE TABLE halt_release (
  halt_id INTEGER NOT NULL PRIMARY KEY REFERENCES halt (id),
  at      INTEGER NOT NULL
) STRICT;

-- The history. Leaves of the Merkle log are the canonical bytes of these rows.
CREATE TABLE event (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  person  TEXT    NOT NULL,
  sign_in TEXT    NOT NULL,
  action  TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  version INTEGER NOT NULL,
  spec    INTEGER NOT NULL,
  payload TEXT    NOT NULL
) STRICT;
CREATE INDEX event_subject ON event (kind, subject, seq);
CREATE INDEX event_action ON event (action, seq);
CREATE INDEX event_person ON event (person, seq);

-- Free text that a person wrote, beside its commitment in the event. The only update allowed clears it.
CREATE TABLE event_text (
  seq  INTEGER NOT NULL PRIMARY KEY REFERENCES event (seq),
  salt BLOB    NOT NULL,
  text TEXT    NOT NULL
) STRICT;

CREATE TABLE event_hash (
  idx  INTEGER PRIMARY KEY,
  hash BLOB    NOT NULL
) STRICT;

-- Signed heads that are kept for good: one per 256 events or 60 s.
CREATE TABLE head (
  size   INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  signed BLOB    NOT NULL
) STRICT;

-- The newest head: one replaceable row, rewritten by each commit.
CREATE TABLE newest_head (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  size   INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  signed BLOB    NOT NULL
) STRICT;

-- Counts and sums kept in the same commit: 'state:succeeded', 'day:2026-11-19:succeeded', 'maker:<person>', 'back' (came back of what is paid).
CREATE TABLE counter (
  name TEXT    NOT NULL PRIMARY KEY,
  n    INTEGER NOT NULL,
  sum  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Money paid to one account or one name before: for "how often was this payee paid".
CREATE TABLE paid_before (
  who        TEXT    NOT NULL,
  account    TEXT    NOT NULL,
  n          INTEGER NOT NULL,
  sum        INTEGER NOT NULL,
  last_at    INTEGER NOT NULL,
  PRIMARY KEY (who, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX paid_before_account ON paid_before (account);

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

-- The stepwise flow.
-- One durable step of an attempt of the stepwise flow, committed before its call leaves; session is '' for create. Append-only; body erasable.
CREATE TABLE step (
  payout_id TEXT    NOT NULL,
  n         INTEGER NOT NULL CHECK (n >= 1),
  attempt   INTEGER NOT NULL,
  call      TEXT    NOT NULL CHECK (call IN ('create', 'start', 'confirm', 'cancel')),
  session   TEXT    NOT NULL CHECK ((call = 'create') = (session = '')),
  why       TEXT    NOT NULL,
  key       TEXT    NOT NULL,
  body      BLOB    NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (payout_id, n),
  FOREIGN KEY (payout_id, attempt) REFERENCES attempt (payout_id, n)
) STRICT, WITHOUT ROWID;
-- Start leaves once a session, for ever.
CREATE UNIQUE INDEX step_start ON step (session) WHERE call = 'start';

-- What came of a step; session is the one that create brought. Append-only; body and description erasable.
CREATE TABLE step_end (
  payout_id   TEXT    NOT NULL,
  n           INTEGER NOT NULL,
  kind        TEXT    NOT NULL,
  why         TEXT    NOT NULL,
  session     TEXT    NOT NULL,
  http        INTEGER NOT NULL,
  description TEXT    NOT NULL,
  body        BLOB    NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (payout_id, n),
  FOREIGN KEY (payout_id, n) REFERENCES step (payout_id, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX step_session ON step_end (session) WHERE session <> '';

-- Whose next step is to be taken: a plan, made anew from the steps and the evidence.
CREATE TABLE step_due (
  payout_id TEXT    NOT NULL PRIMARY KEY REFERENCES payout (id),
  at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- verdict: what a maker laid beside a proposed decision about an outcome: one file a version. sha, media and bytes repeat what the proposal's content says.
-- Append-only, but for clearing the body.
CREATE TABLE verdict_file (
  payout_id TEXT    NOT NULL REFERENCES payout (id),
  version   INTEGER NOT NULL,
  sha       TEXT    NOT NULL,
  media     TEXT    NOT NULL,
  bytes     INTEGER NOT NULL,
  body      BLOB    NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (payout_id, version)
) STRICT;

-- Reconciliation with the bank (reports). The bank's daily reports as they came, byte for byte. Append-only; body erasable. rows is the hash over its lines.
CREATE TABLE report (
  id         INTEGER PRIMARY KEY,
  sha        TEXT    NOT NULL UNIQUE,
  name       TEXT    NOT NULL,
  source     TEXT    NOT NULL CHECK (source IN ('upload', 'folder')),
  day_from   TEXT    NOT NULL,
  day_to     TEXT    NOT NULL,
  n          INTEGER NOT NULL,
  paid_minor INTEGER NOT NULL,
  back_minor INTEGER NOT NULL,
  rows       TEXT    NOT NULL,
  body       BLOB    NOT NULL,
  person_id  TEXT    NOT NULL,
  email      TEXT    NOT NULL,
  at         INTEGER NOT NULL
) STRICT;
CREATE INDEX report_days ON report (day_to, day_from);

-- The lines of the reports. A line belongs to a report once that is there; until then it is on its way and may be dropped. Of a line that is there only
-- metadata and extra may be cleared, and match_id with hand be set: which payout it belongs to, and by which agreed version of a match (0: by itself).
-- same_as is an earlier report that has the same operation of the bank, 0 for none.
CREATE TABLE report_row (
  report_id    INTEGER NOT NULL,
  n            INTEGER NOT NULL CHECK (n >= 1),
  part         TEXT    NOT NULL,
  line         INTEGER NOT NULL,
  day          TEXT    NOT NULL,
  kind         TEXT    NOT NULL CHECK (kind IN ('paid', 'back')),
  operation    TEXT    NOT NULL,
  session      TEXT    NOT NULL,
  reference    TEXT    NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  gross_minor  INTEGER NOT NULL,
  finished_at  INTEGER NOT NULL,
  metadata     TEXT    NOT NULL,
  extra        TEXT    NOT NULL,
  rest         TEXT    NOT NULL,
  mark         TEXT    NOT NULL,
  same_as      INTEGER NOT NULL,
  payout_id    TEXT    NOT NULL,
  match_id     TEXT    NOT NULL,
  hand         INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (report_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_row_day ON report_row (day, kind, match_id, amount_minor) WHERE same_as = 0;
CREATE INDEX report_row_match ON report_row (match_id, kind, day, amount_minor) WHERE same_as = 0;
CREATE INDEX report_row_line ON report_row (operation, session, kind, amount_minor, reference);

-- What the bank's word moved on which Moscow day: a payout paid (once), money that came back (each time more). By the bank's own clock where it tells.
CREATE TABLE bank_day (
  payout_id TEXT    NOT NULL REFERENCES payout (id),
  kind      TEXT    NOT NULL CHECK (kind IN ('paid', 'back')),
  n         INTEGER NOT NULL CHECK (n >= 1),
  day       TEXT    NOT NULL,
  minor     INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (payout_id, kind, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX bank_day_day ON bank_day (day, kind, payout_id, minor);
CREATE INDEX bank_day_at ON bank_day (at) WHERE kind = 'paid';

-- What people agreed to about a payout that stands in no report: it is explained, and no longer open.
CREATE TABLE report_settled (
  payout_id TEXT    NOT NULL REFERENCES payout (id),
  kind      TEXT    NOT NULL,
  version   INTEGER NOT NULL,
  PRIMARY KEY (payout_id, kind)
) STRICT, WITHOUT ROWID;

-- A Moscow day that an approver closed, with its figures as they were. Append-only.
CREATE TABLE report_close (
  day       TEXT    NOT NULL,
  version   INTEGER NOT NULL CHECK (version >= 1),
  doc       TEXT    NOT NULL,
  person_id TEXT    NOT NULL,
  email     TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (day, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER payout_moves BEFORE UPDATE OF state ON payout
WHEN OLD.state <> NEW.state AND NOT EXISTS (SELECT 1 FROM allowed_transition t WHERE t.from_state = OLD.state AND t.to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'transition'); END;
CREATE TRIGGER payout_born BEFORE INSERT ON payout WHEN NEW.state <> 'draft' OR EXISTS (SELECT 1 FROM payout p WHERE p.id = NEW.id OR p.number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'born'); END;
-- At most one replacement is alive; one that failed is itself what is replaced next. Judged at birth alone: a payout that comes back
-- from its end, because the bank says so, must never be refused.
CREATE TRIGGER payout_replaced BEFORE INSERT ON payout
WHEN NEW.replaces IS NOT NULL AND EXISTS (SELECT 1 FROM payout p WHERE p.replaces = NEW.replaces AND p.state NOT IN ('rejected', 'cancelled', 'expired'))
BEGIN SELECT RAISE(ABORT, 'replaced'); END;
CREATE TRIGGER payout_stays BEFORE DELETE ON payout BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER payout_marks BEFORE UPDATE ON payout
WHEN (OLD.reference IS NOT NULL AND OLD.reference IS NOT NEW.reference) OR (OLD.key IS NOT NULL AND OLD.key IS NOT NEW.key)
  OR OLD.number <> NEW.number OR OLD.id <> NEW.id
BEGIN SELECT RAISE(ABORT, 'reference'); END;
-- A maker can never decide about their own payout: the domain says so, and so does the table.
CREATE TRIGGER decision_own BEFORE INSERT ON decision
WHEN NEW.kind = 'payout' AND EXISTS (SELECT 1 FROM payout_maker m JOIN payout p ON p.number = m.number WHERE p.id = NEW.id AND m.person_id = NEW.person_id)
BEGIN SELECT RAISE(ABORT, 'own'); END;
CREATE TRIGGER event_once BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event x WHERE x.seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER event_fixed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER event_text_once BEFORE INSERT ON event_text WHEN EXISTS (SELECT 1 FROM event_text x WHERE x.seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER event_text_stays BEFORE DELETE ON event_text BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER event_text_fixed BEFORE UPDATE ON event_text WHEN NOT (NEW.seq = OLD.seq AND NEW.salt = OLD.salt AND NEW.text = '') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER event_hash_once BEFORE INSERT ON event_hash WHEN EXISTS (SELECT 1 FROM event_hash x WHERE x.idx = NEW.idx) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER event_hash_stays BEFORE DELETE ON event_hash BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER event_hash_fixed BEFORE UPDATE ON event_hash BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER head_once BEFORE INSERT ON head WHEN EXISTS (SELECT 1 FROM head x WHERE x.size = NEW.size) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER head_stays BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER head_fixed BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER payout_version_once BEFORE INSERT ON payout_version WHEN EXISTS (SELECT 1 FROM payout_version x WHERE x.payout_id = NEW.payout_id AND x.version = NEW.version) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER payout_version_stays BEFORE DELETE ON payout_version BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER payout_version_fixed BEFORE UPDATE ON payout_version WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.version = OLD.version AND NEW.amount_minor = OLD.amount_minor AND NEW.currency = OLD.currency AND NEW.source = OLD.source AND NEW.replaces = OLD.replaces AND NEW.due_date = OLD.due_date AND NEW.payee_id = OLD.payee_id AND NEW.payee_version = OLD.payee_version AND NEW.salt = OLD.salt AND NEW.person_id = OLD.person_id AND NEW.email = OLD.email AND NEW.at = OLD.at AND NEW.amount_text = '' AND NEW.full_name = '' AND NEW.bik = '' AND NEW.account = '' AND NEW.inn = '' AND NEW.kpp = '' AND NEW.description = '' AND NEW.own_ref = '' AND NEW.note = '') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER subject_once BEFORE INSERT ON subject WHEN EXISTS (SELECT 1 FROM subject x WHERE x.kind = NEW.kind AND x.id = NEW.id AND x.version = NEW.version) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER subject_stays BEFORE DELETE ON subject BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER subject_fixed BEFORE UPDATE ON subject BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER decision_once BEFORE INSERT ON decision WHEN EXISTS (SELECT 1 FROM decision x WHERE x.kind = NEW.kind AND x.id = NEW.id AND x.version = NEW.version AND x.person_id = NEW.person_id AND x.seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER decision_stays BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER decision_fixed BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER attempt_once BEFORE INSERT ON attempt WHEN EXISTS (SELECT 1 FROM attempt x WHERE x.payout_id = NEW.payout_id AND x.n = NEW.n) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER attempt_stays BEFORE DELETE ON attempt BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER attempt_fixed BEFORE UPDATE ON attempt WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.n = OLD.n AND NEW.version = OLD.version AND NEW.digest = OLD.digest AND NEW.reference = OLD.reference AND NEW.key = OLD.key AND NEW.flow = OLD.flow AND NEW.project = OLD.project AND NEW.host = OLD.host AND NEW.confirm = OLD.confirm AND NEW.at = OLD.at AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER outcome_once BEFORE INSERT ON outcome WHEN EXISTS (SELECT 1 FROM outcome x WHERE x.payout_id = NEW.payout_id AND x.n = NEW.n) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER outcome_stays BEFORE DELETE ON outcome BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER outcome_fixed BEFORE UPDATE ON outcome WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.n = OLD.n AND NEW.kind = OLD.kind AND NEW.why = OLD.why AND NEW.http = OLD.http AND NEW.at = OLD.at AND NEW.description = '' AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER inbox_once BEFORE INSERT ON inbox WHEN EXISTS (SELECT 1 FROM inbox x WHERE x.id = NEW.id OR x.sha = NEW.sha) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER inbox_stays BEFORE DELETE ON inbox BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER inbox_fixed BEFORE UPDATE ON inbox WHEN NOT (NEW.id = OLD.id AND NEW.sha = OLD.sha AND NEW.key_id = OLD.key_id AND NEW.received_at = OLD.received_at AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER inbox_result_once BEFORE INSERT ON inbox_result WHEN EXISTS (SELECT 1 FROM inbox_result x WHERE x.inbox_id = NEW.inbox_id) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER inbox_result_stays BEFORE DELETE ON inbox_result BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER inbox_result_fixed BEFORE UPDATE ON inbox_result BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER fetch_once BEFORE INSERT ON fetch WHEN EXISTS (SELECT 1 FROM fetch x WHERE x.id = NEW.id) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER fetch_stays BEFORE DELETE ON fetch BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER fetch_fixed BEFORE UPDATE ON fetch WHEN NOT (NEW.id = OLD.id AND NEW.payout_id = OLD.payout_id AND NEW.session = OLD.session AND NEW.http = OLD.http AND NEW.problem = OLD.problem AND NEW.code = OLD.code AND NEW.at = OLD.at AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER evidence_once BEFORE INSERT ON evidence WHEN EXISTS (SELECT 1 FROM evidence x WHERE x.id = NEW.id) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER evidence_stays BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER evidence_fixed BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER halt_once BEFORE INSERT ON halt WHEN EXISTS (SELECT 1 FROM halt x WHERE x.id = NEW.id) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER halt_stays BEFORE DELETE ON halt BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER halt_fixed BEFORE UPDATE ON halt BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER halt_release_once BEFORE INSERT ON halt_release WHEN EXISTS (SELECT 1 FROM halt_release x WHERE x.halt_id = NEW.halt_id) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER halt_release_stays BEFORE DELETE ON halt_release BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER halt_release_fixed BEFORE UPDATE ON halt_release BEGIN SELECT RAISE(ABORT, 'append-only'); END;
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
-- The stepwise flow.
CREATE TRIGGER step_once BEFORE INSERT ON step WHEN EXISTS (SELECT 1 FROM step x WHERE x.payout_id = NEW.payout_id AND x.n = NEW.n) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER step_stays BEFORE DELETE ON step BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER step_fixed BEFORE UPDATE ON step WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.n = OLD.n AND NEW.attempt = OLD.attempt AND NEW.call = OLD.call AND NEW.session = OLD.session AND NEW.why = OLD.why AND NEW.key = OLD.key AND NEW.at = OLD.at AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER step_end_once BEFORE INSERT ON step_end WHEN EXISTS (SELECT 1 FROM step_end x WHERE x.payout_id = NEW.payout_id AND x.n = NEW.n) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER step_end_stays BEFORE DELETE ON step_end BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER step_end_fixed BEFORE UPDATE ON step_end WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.n = OLD.n AND NEW.kind = OLD.kind AND NEW.why = OLD.why AND NEW.session = OLD.session AND NEW.http = OLD.http AND NEW.at = OLD.at AND NEW.description = '' AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- Only one session of an attempt is ever confirmed.
CREATE TRIGGER step_one_confirm BEFORE INSERT ON step WHEN NEW.call = 'confirm'
  AND EXISTS (SELECT 1 FROM step x WHERE x.payout_id = NEW.payout_id AND x.attempt = NEW.attempt AND x.call = 'confirm' AND x.session <> NEW.session)
BEGIN SELECT RAISE(ABORT, 'another session'); END;
-- verdict
CREATE TRIGGER verdict_file_once BEFORE INSERT ON verdict_file WHEN EXISTS (SELECT 1 FROM verdict_file x WHERE x.payout_id = NEW.payout_id AND x.version = NEW.version) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER verdict_file_stays BEFORE DELETE ON verdict_file BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER verdict_file_fixed BEFORE UPDATE ON verdict_file WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.version = OLD.version AND NEW.sha = OLD.sha AND NEW.media = OLD.media AND NEW.bytes = OLD.bytes AND NEW.at = OLD.at AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- Reconciliation with the bank (reports).
CREATE TRIGGER report_once BEFORE INSERT ON report WHEN EXISTS (SELECT 1 FROM report x WHERE x.id = NEW.id OR x.sha = NEW.sha) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER report_stays BEFORE DELETE ON report BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER report_fixed BEFORE UPDATE ON report WHEN NOT (NEW.id = OLD.id AND NEW.sha = OLD.sha AND NEW.name = OLD.name AND NEW.source = OLD.source AND NEW.day_from = OLD.day_from AND NEW.day_to = OLD.day_to AND NEW.n = OLD.n AND NEW.paid_minor = OLD.paid_minor AND NEW.back_minor = OLD.back_minor AND NEW.rows = OLD.rows AND NEW.person_id = OLD.person_id AND NEW.email = OLD.email AND NEW.at = OLD.at AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER report_row_once BEFORE INSERT ON report_row WHEN EXISTS (SELECT 1 FROM report x WHERE x.id = NEW.report_id) OR EXISTS (SELECT 1 FROM report_row x WHERE x.report_id = NEW.report_id AND x.n = NEW.n) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER report_row_stays BEFORE DELETE ON report_row WHEN EXISTS (SELECT 1 FROM report x WHERE x.id = OLD.report_id) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER report_row_fixed BEFORE UPDATE ON report_row WHEN NOT (NEW.report_id = OLD.report_id AND NEW.n = OLD.n AND NEW.part = OLD.part AND NEW.line = OLD.line AND NEW.day = OLD.day AND NEW.kind = OLD.kind AND NEW.operation = OLD.operation AND NEW.session = OLD.session AND NEW.reference = OLD.reference AND NEW.amount_minor = OLD.amount_minor AND NEW.gross_minor = OLD.gross_minor AND NEW.finished_at = OLD.finished_at AND NEW.metadata IN (OLD.metadata, '') AND NEW.extra IN (OLD.extra, '') AND NEW.rest = OLD.rest AND NEW.mark = OLD.mark AND NEW.same_as = OLD.same_as AND NEW.payout_id = OLD.payout_id AND (NEW.hand > OLD.hand OR NEW.hand = OLD.hand AND NEW.match_id = OLD.match_id)) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER bank_day_once BEFORE INSERT ON bank_day WHEN EXISTS (SELECT 1 FROM bank_day x WHERE x.payout_id = NEW.payout_id AND x.kind = NEW.kind AND x.n = NEW.n) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER bank_day_stays BEFORE DELETE ON bank_day BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER bank_day_fixed BEFORE UPDATE ON bank_day BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER report_close_once BEFORE INSERT ON report_close WHEN EXISTS (SELECT 1 FROM report_close x WHERE x.day = NEW.day AND x.version = NEW.version) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER report_close_stays BEFORE DELETE ON report_close BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER report_close_fixed BEFORE UPDATE ON report_close BEGIN SELECT RAISE(ABORT, 'append-only'); END;
