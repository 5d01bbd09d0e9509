-- name: MostUsed :one
SELECT CAST(COALESCE(MAX(sum), 0) AS INTEGER) AS most FROM counter WHERE name >= sqlc.arg(low) AND name < sqlc.arg(high) AND name LIKE '%' || CAST(sqlc.arg(tail) AS TEXT);
