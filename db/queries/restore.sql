-- name: ToRestore :many
SELECT id FROM payout WHERE state IN ('draft', 'pending_approval', 'approved', 'sending')
  AND EXISTS (SELECT 1 FROM event WHERE kind = 'payout' AND subject = payout.id AND seq <= sqlc.arg(last)) ORDER BY number LIMIT sqlc.arg(most);

-- name: Restores :many
SELECT at, payload FROM event WHERE action = 'desk.restored' ORDER BY seq DESC LIMIT 20;
