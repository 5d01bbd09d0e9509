package live

import (
	"strconv"
	"strings"
)

// Heartbeat is a comment that keeps a quiet stream open through proxies.
const Heartbeat = ":\n\n"

// ReloadEvent is the name of the event that tells a browser to fetch the page again: it missed more
// than the hub remembers.
const ReloadEvent = "reload"

// SSEFrame writes one event of a stream. Line breaks in data (LF, CR, CRLF) become one data line
// each, which the browser joins with LF again; in event they are dropped. So no text can
// break out of its field. An id of 0 or below is left out.
func SSEFrame(id int64, event, data string) []byte {
	b := make([]byte, 0, len(event)+len(data)+40)
	if id > 0 {
		b = append(b, "id: "...)
		b = strconv.AppendInt(b, id, 10)
		b = append(b, '\n')
	}
	if event = breaks.Replace(event); event != "" {
		b = append(b, "event: "...)
		b = append(b, event...)
		b = append(b, '\n')
	}
	for {
		i := strings.IndexAny(data, "\r\n")
		b = append(b, "data: "...)
		if i < 0 {
			b = append(b, data...)
			return append(b, "\n\n"...)
		}
		b = append(b, data[:i]...)
		b = append(b, '\n')
		if data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			i++
		}
		data = data[i+1:]
	}
}

var breaks = strings.NewReplacer("\r", "", "\n", "")
