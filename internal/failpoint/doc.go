// Package failpoint names the durable steps at which tests end or hurt the real process. Without the build tag "failpoint" every function here is
// empty and costs nothing, and nothing of it can be switched on; with it (never in a release) the environment says what happens where:
//
//	FAILPOINT=claim.committed:3          kill -9 when that step is passed for the third time (":1" may be left out)
//	FAILPOINT=commit.signed:5:eio        from then on the kernel answers fsync and fdatasync with EIO
//	FAILPOINT=commit.signed:5:enospc     from then on it answers pwrite64, which is how SQLite writes, with ENOSPC; erofs likewise
//	FAILPOINT_SYNCHRONOUS=NORMAL         another synchronous mode of the database: a control of the power-cut rig
//	FAILPOINT_ACK=early                  webhooks are answered 200 before they are committed: the other control
package failpoint

// Names are all steps, in the order of a payout's life. Hit with another name panics under the tag, so that the list is whole.
var Names = []string{
	"start.opened", "start.migrated", "recover.inside", "recover.done",
	"enter.inside", "enter.committed", "approve.inside", "approve.committed",
	"commit.begun", "commit.hashed", "commit.signed", "commit.done",
	"claim.measured", "claim.inside", "claim.committed", "anchor.before", "anchor.written", "anchor.renamed", "anchor.after",
	"request.before", "request.after", "answer.inside", "answer.committed",
	"webhook.read", "webhook.inside", "webhook.committed", "apply.inside", "apply.committed",
	"poll.due", "poll.answered", "fetched.inside", "fetched.committed",
	"halt.inside", "halt.committed", "release.inside", "release.committed",
	"effect.inside", "effect.committed",
	"backup.begun", "backup.copied", "backup.synced", "restore.verified", "restore.copied", "restore.marked", "restore.named",
}
