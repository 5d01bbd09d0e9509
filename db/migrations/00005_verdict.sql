-- +goose Up
-- +goose StatementBegin
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
-- verdict
CREATE TRIGGER verdict_file_once BEFORE INSERT ON verdict_file WHEN EXISTS (SELECT 1 FROM verdict_file x WHERE x.payout_id = NEW.payout_id AND x.version = NEW.version) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER verdict_file_stays BEFORE DELETE ON verdict_file BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER verdict_file_fixed BEFORE UPDATE ON verdict_file WHEN NOT (NEW.payout_id = OLD.payout_id AND NEW.version = OLD.version AND NEW.sha = OLD.sha AND NEW.media = OLD.media AND NEW.bytes = OLD.bytes AND NEW.at = OLD.at AND NEW.body = x'') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- +goose StatementEnd
