-- name: ToRestore :many
SELECT id FROM payout WHERE state IN ('draft', 'pending_approval', 'approved')
  AND EXISTS (SELECT 1 FROM event WHERE kind = 'payout' AND subject = payout.id AND seq <= sqlc.arg(last)) ORDER BY number LIMIT sqlc.arg(most);
