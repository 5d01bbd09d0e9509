-- +goose Up
-- +goose StatementBegin
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
-- same_as is an earlier report with the very same line, 0 for none.
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
CREATE INDEX report_row_mark ON report_row (mark);

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

-- What the history already tells: the first time each payout was paid, and each time more came back. Days are Moscow's (UTC+3).
INSERT INTO bank_day (payout_id, kind, n, day, minor, at)
SELECT e.subject, 'paid', 1, date(MIN(e.at) / 1000000 + 10800, 'unixepoch'), p.amount_minor, MIN(e.at)
FROM event e JOIN payout p ON p.id = e.subject
WHERE e.kind = 'payout' AND e.action NOT LIKE 'look.%' AND json_extract(e.payload, '$.to') IN ('succeeded', 'returned') GROUP BY e.subject;
INSERT INTO bank_day (payout_id, kind, n, day, minor, at)
SELECT subject, 'back', ROW_NUMBER() OVER (PARTITION BY subject ORDER BY seq), date(at / 1000000 + 10800, 'unixepoch'), r - COALESCE(was, 0), at FROM (
  SELECT e.subject, e.seq, e.at, json_extract(e.payload, '$.returned_minor') AS r,
    MAX(json_extract(e.payload, '$.returned_minor')) OVER (PARTITION BY e.subject ORDER BY e.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS was
  FROM event e WHERE e.kind = 'payout' AND e.action NOT LIKE 'look.%' AND json_extract(e.payload, '$.to') IN ('succeeded', 'returned') AND json_extract(e.payload, '$.returned_minor') IS NOT NULL)
WHERE r > COALESCE(was, 0);
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
-- +goose StatementEnd
