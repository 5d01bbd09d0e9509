package templates

import "github.com/a-h/templ"

// Chart is thirty days of bars, ready to draw in a box of Width × 80 with the largest day at 66.
type Chart struct {
	Width int
	Bars  []Bar
	Label string // read out instead of the picture
	Top   string // the scale: «1 млн»
	TopY  int
	Axis  []string // four dates under it
}

// Bar is one rectangle.
type Bar struct {
	Class      string // "p" paid, "f" not paid
	X, Y, W, H int
}

// Day is one day of the chart, in kopecks.
type Day struct{ Paid, Failed int64 }

// Plot places the bars of the days, oldest first. scale is the figure at the line on top (at least the
// largest day): its words go into Chart.Top.
func Plot(days []Day, scale int64) Chart {
	const step, width, height, room = 22, 10, 80, 66
	c := Chart{Width: step * len(days), TopY: height - room - 1}
	for _, d := range days {
		scale = max(scale, d.Paid+d.Failed)
	}
	if scale <= 0 {
		return c
	}
	tall := func(v int64) int {
		if v <= 0 {
			return 0
		}
		return max(1, int(float64(v)/float64(scale)*room+0.5))
	}
	for i, d := range days {
		x := i*step + (step-width)/2
		p, f := tall(d.Paid), tall(d.Failed)
		if p > 0 {
			c.Bars = append(c.Bars, Bar{"p", x, height - p, width, p})
		}
		if f > 0 {
			c.Bars = append(c.Bars, Bar{"f", x, height - p - f, width, f})
		}
	}
	return c
}

// Words compares two texts word by word and returns the difference as a page shows it.
func Words(was, now string) []DiffPart {
	a, b := split(was), split(now)
	// The longest common run of words, by the plain table: fields are short (≤ 500 characters).
	n, m := len(a), len(b)
	t := make([][]int, n+1)
	for i := range t {
		t[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[i] == b[j] {
				t[i][j] = t[i+1][j+1] + 1
			} else {
				t[i][j] = max(t[i+1][j], t[i][j+1])
			}
		}
	}
	var out []DiffPart
	add := func(kind byte, s string) {
		if k := len(out); k > 0 && out[k-1].Kind == kind {
			out[k-1].Text += s
			return
		}
		out = append(out, DiffPart{Kind: kind, Text: s})
	}
	i, j := 0, 0
	for i < n || j < m {
		switch {
		case i < n && j < m && a[i] == b[j]:
			add(' ', a[i])
			i, j = i+1, j+1
		case i < n && (j == m || t[i+1][j] >= t[i][j+1]):
			add('-', a[i])
			i++
		default:
			add('+', b[j])
			j++
		}
	}
	return out
}

// split cuts a text into words and the spaces between them.
func split(s string) []string {
	var out []string
	start, space := 0, false
	for i, r := range s {
		is := r == ' ' || r == '\u00a0'
		if i > start && is != space {
			out = append(out, s[start:i])
			start = i
		}
		space = is
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// PayoutHref is the address of a payout's page.
func PayoutHref(id string) templ.SafeURL { return templ.SafeURL("/payouts/" + id) }
