package web

import (
	"countersign/internal/app"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// fieldsOf lists what a version says, in the form's order, as the differences name it.
func fieldsOf(t *lang.Texts, c payout.Content) []struct{ name, label, value string } {
	amount := c.AmountText
	if c.Amount.Minor > 0 {
		amount = rub(t.Tag(), c.Amount.Minor)
	}
	label := func(n string) string { return lang.Label(t.Fields, n) }
	return []struct{ name, label, value string }{
		{"amount", label("amount"), amount}, {"full_name", label("full_name"), c.FullName}, {"bik", label("bik"), c.BIK},
		{"account", label("account"), c.Account}, {"description", label("description"), c.Description}, {"inn", label("inn"), c.INN},
		{"kpp", label("kpp"), c.KPP}, {"own_ref", label("own_ref"), c.OwnRef}, {"note", label("note"), c.Note}, {"due_date", label("due_date"), dueText(c.DueDate)},
	}
}

// diff says what changed between two contents: word by word in texts, field by field elsewhere. whole shows accounts whole.
func diff(t *lang.Texts, title string, was, now payout.Content, whole bool) *templates.Diff {
	a, b := fieldsOf(t, was), fieldsOf(t, now)
	d := &templates.Diff{Title: title}
	for i := range a {
		x, y := a[i].value, b[i].value
		if x == y {
			continue
		}
		line := templates.DiffLine{Label: a[i].label}
		switch a[i].name {
		case "description", "note", "full_name":
			line.Parts = templates.Words(x, y)
		case "account":
			if !whole {
				x, y = lang.Last4(x), lang.Last4(y)
			}
			fallthrough
		default:
			if x != "" {
				line.Parts = append(line.Parts, templates.DiffPart{Kind: '-', Text: x})
				if y != "" {
					line.Parts = append(line.Parts, templates.DiffPart{Kind: ' ', Text: " "})
				}
			}
			if y != "" {
				line.Parts = append(line.Parts, templates.DiffPart{Kind: '+', Text: y})
			}
		}
		d.Lines = append(d.Lines, line)
	}
	if len(d.Lines) == 0 {
		return nil
	}
	return d
}

// versionOf finds a version, or the one that a digest was fixed for.
func versionOf(vs []app.VersionRow, version int, digest string) *app.VersionRow {
	for i := range vs {
		if digest != "" && vs[i].Digest == digest || digest == "" && vs[i].Version == version {
			return &vs[i]
		}
	}
	return nil
}
