// Package templates holds every page of the desk: the view models (views*.go), shaped like the page with
// text already formatted, and the templ components that show them.
//
// A component shows and does nothing else: it never decides who may do what (internal/web fills only the
// forms a person may use, and the use case checks again), never formats an amount or a time, and calls only
// other components. Labels come from internal/lang through Page.T. It imports nothing of ours but lang.
//
// Every page takes *Page (what all pages share) and its own view. Badge, Checked, RevealedAccount and
// SeenForm stand alone, for the live stream and for fragments.
//
// Live panels: an element with an id and data-live is fetched again (the same address, the same page) and
// put in place by web/static/desk.js when a payout event comes; data-live="*" for any payout, else a payout
// id. So a panel needs no address of its own, and authorisation stays where the page has it.
package templates
