// Package db holds the shape of the database: schema.sql is the one source, migrations lead to it (a test compares), queries
// become Go through sqlc. It embeds them and knows nothing else.
package db

import "embed"

// Schema is schema.sql.
//
//go:embed schema.sql
var Schema string

// Migrations are the numbered steps that end in Schema.
//
//go:embed migrations/*.sql
var Migrations embed.FS
