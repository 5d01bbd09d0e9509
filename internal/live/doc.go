// Package live tells open browsers what has just changed: a hub that fans numbered messages out to
// Server-Sent Events streams through bounded queues.
//
// It must not know payouts, people's roles, HTTP or the database. A message is a few bytes a
// language and a bit mask of who may see it; what the bits mean is the caller's business.
// Heartbeats, deadlines and flushing belong to the web layer, which writes [Heartbeat] when a
// stream has been quiet.
//
// Decisions.
//   - Losing a message costs a browser a refresh, never a payment: so Publish never waits, and a
//     stream whose queue is full is closed. The browser comes back with Last-Event-ID and is
//     told what it missed, or to reload.
//   - A frame is rendered once a language and shared by all streams: a stream's own memory is its
//     queue of slice headers (32 of 24 bytes).
//   - Numbers on the wire never go down: a message that comes late (two commits announced in the
//     other order) is sent under the newest number, so that Last-Event-ID cannot jump over it.
//   - Messages may share a number. A browser that was cut off within such a group gets the whole
//     group again: messages say how things are, so hearing one twice does no harm.
//   - The first thing in every stream is its number without an event, so that a browser that is
//     cut off before the first message knows where it stood.
package live
