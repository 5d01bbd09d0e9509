-- name: ToRestore :many
SELECT id FROM payout WHERE state IN ('draft', 'pending_approval', 'approved') AND created_at <= sqlc.arg(before) ORDER BY number LIMIT sqlc.arg(most);
