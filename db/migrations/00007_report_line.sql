-- +goose Up
-- A line is the same as an earlier one by the bank's own words for its operation, whichever other columns its file has.
DROP INDEX report_row_mark;
CREATE INDEX report_row_line ON report_row (operation, session, kind, amount_minor, reference);
