package bikdir

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// Write makes a ZIP as the Bank of Russia publishes it, for demos and tests; the same directory gives the same bytes. SHA256 is not used. What it made is
// read again: an error says why Parse would not take it, or that it would come back as something else.
func Write(d Directory) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="windows-1251"?>` + "\n")
	if d.Note != "" {
		if strings.Contains(d.Note, "--") {
			return nil, errors.New("a note with -- cannot be a comment")
		}
		b.WriteString("<!-- " + d.Note + " -->\n")
	}
	attr := func(name, value string) {
		if value == "" {
			return
		}
		b.WriteString(" " + name + `="`)
		_ = xml.EscapeText(&b, []byte(value)) // a buffer takes all
		b.WriteString(`"`)
	}
	b.WriteString(`<ED807 xmlns="` + space + `" EDNo="1"`)
	attr("EDDate", d.Date)
	b.WriteString(` EDAuthor="0000000000" CreationReason="FCBD"`)
	attr("CreationDateTime", d.Date+"T00:00:00Z")
	b.WriteString(` InfoTypeCode="FIRR"`)
	attr("BusinessDay", d.Date)
	attr("DirectoryVersion", d.Version)
	b.WriteString(">\n")
	for _, bank := range d.Banks {
		kind, town, ok := strings.Cut(bank.Town, " ")
		if !ok || len([]rune(kind)) > 3 {
			kind, town = "", bank.Town
		}
		status := "PSAC"
		if bank.Closed {
			status = "PSDL"
		}
		b.WriteString("<BICDirectoryEntry")
		attr("BIC", bank.BIK)
		b.WriteString("><ParticipantInfo")
		attr("NameP", bank.Name)
		attr("CntrCd", "RU")
		attr("Tnp", kind)
		attr("Nnp", town)
		attr("PtType", "20")
		attr("ParticipantStatus", status)
		b.WriteString("></ParticipantInfo>")
		if bank.Account != "" {
			b.WriteString("<Accounts")
			attr("Account", bank.Account)
			attr("RegulationAccountType", "CRSA")
			attr("AccountStatus", "ACAC")
			b.WriteString("></Accounts>")
		}
		b.WriteString("</BICDirectoryEntry>\n")
	}
	b.WriteString("</ED807>\n")
	text, err := encoding.HTMLEscapeUnsupported(charmap.Windows1251.NewEncoder()).Bytes(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("write the directory in windows-1251: %w", err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create(strings.ReplaceAll(d.Date, "-", "") + "_ED807_full.xml")
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	back, err := Parse(out.Bytes(), Limits{})
	if err != nil {
		return nil, fmt.Errorf("the directory would not be taken: %w", err)
	}
	want := slices.Clone(d.Banks)
	slices.SortFunc(want, func(a, b Bank) int { return strings.Compare(a.BIK, b.BIK) })
	if back.Date != d.Date || back.Version != d.Version || back.Note != d.Note || !slices.Equal(back.Banks, want) {
		return nil, errors.New("the directory would come back changed")
	}
	return out.Bytes(), nil
}

// Demo is a made-up directory for demos and tests: no such banks, and every name says so. It has the BIKs that the demo's sample and the tests pay to, a
// closed bank, and one without a correspondent account. A caller may set another Date before it writes it.
func Demo() Directory {
	d := Directory{Date: "2026-11-02", Version: "1", Note: "Вымышленный справочник для показа, не файл Банка России"}
	for i, x := range []struct{ bik, town string }{
		{"040000264", "г Казань"}, {"040000327", "г Пермь"}, {"040000581", "г Санкт-Петербург"}, {"040000713", "г Москва"}, // the sample's
		{"040000802", "г Самара"}, {"040000999", "г Тула"},
		{"044030827", "г Санкт-Петербург"}, {"044525225", "г Москва"}, {"044525971", "г Москва"}, {"044525974", "г Москва"}, {"044525975", "г Москва"},
		{"049205131", "г Казань"},
	} {
		b := Bank{BIK: x.bik, Town: x.town, Account: "30101810000000000" + x.bik[6:]}
		b.Name = fmt.Sprintf("Банк «Вымышленный-%d», %s (пример)", i+1, strings.Replace(x.town, "г ", "г. ", 1))
		switch x.bik {
		case "040000802":
			b.Name = fmt.Sprintf("Отделение «Вымышленное-%d» без корсчёта (пример)", i+1)
			b.Account = ""
		case "040000999":
			b.Name = fmt.Sprintf("Банк «Вымышленный-%d» без лицензии (пример)", i+1)
			b.Closed = true
		}
		d.Banks = append(d.Banks, b)
	}
	return d
}
