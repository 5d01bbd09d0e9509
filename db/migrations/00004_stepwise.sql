-- +goose Up
-- +goose StatementBegin
ALTER TABLE attempt ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN confirm TEXT NOT NULL DEFAULT '';
DROP TRIGGER attempt_fixed;
CREATE TRIGGER attempt_fixed BEFORE UPDATE ON attempt WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.n = OLD.n AND NEW.version = OLD.version AND NEW.digest = OLD.digest AND NEW.reference = OLD.reference AND NEW.key = OLD.key AND NEW.flow = OLD.flow AND NEW.project = OLD.project AND NEW.host = OLD.host AND NEW.confirm = OLD.confirm AND NEW.at = OLD.at AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;

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
-- +goose StatementEnd
