package store

import (
	"encoding/hex"
	"encoding/json"

	"countersign/internal/audit"
)

// desk follows what the history says of the database itself: a restore declares what is lost.
func (c *checker) desk(e audit.Event) error {
	if e.Action != "desk.restored" {
		return nil
	}
	type head struct {
		Size        int64  `json:"size"`
		Root        string `json:"root"`
		Incarnation string `json:"incarnation"`
	}
	var f struct {
		Copy   *head `json:"copy"`
		Anchor *head `json:"anchor"`
		Lost   int64 `json:"lost"`
	}
	if err := json.Unmarshal(e.Payload, &f); err != nil || f.Copy == nil {
		return broken("what was restored cannot be read")
	}
	l := audit.Loss{Seq: e.Seq, At: e.At, Lost: f.Lost}
	if f.Copy.Size != e.Seq-1 {
		return broken("the copy is said to end at %d", f.Copy.Size)
	}
	if f.Anchor != nil {
		root, err := hex.DecodeString(f.Anchor.Root)
		if err != nil || len(root) != len(l.Anchor.Root) {
			return broken("the anchor that it was compared with cannot be read")
		}
		copy(l.Anchor.Root[:], root)
		l.Anchor.Size, l.Anchor.Incarnation = f.Anchor.Size, f.Anchor.Incarnation
		if want := max(l.Anchor.Size-f.Copy.Size, 0); f.Lost != want {
			return broken("%d events are said to be lost, the anchor knew %d more", f.Lost, want)
		}
	}
	c.losses = append(c.losses, l)
	return nil
}
