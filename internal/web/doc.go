// Package web is the desk in a browser: routes, who may open what, forms read into typed values, one use case called, a page
// rendered. echo.Context stays inside this package.
//
// What it must not know: SQL, the bank's JSON, rules of approval or of a payout's life. It shows what app's read models say
// and lets app judge; a button it does not show is still refused when somebody posts to it. It decides no words either: they
// come from internal/lang.
//
// # Decisions
//
//   - Administrators get /live too. design.md names it for makers, approvers and auditors; but a badge holds a number's id and
//     its state, which administrators may see, and their pages (the stop of sending above all) must not be the only stale ones.
//   - __Host-sid is always Secure, over http on localhost too: browsers of today store Secure cookies of localhost.
//   - A refused sign-in answers 401 with the form, not 403: nobody was denied anything, nobody is signed in yet.
//   - A page that desk.js fetches again by itself (header Desk-Refresh) does not count as a sign of a human being.
//   - A POST without a sign-in gets the form with everything that was typed as hidden fields. After the same person has
//     signed in it is posted again, inside the same request: the browser's Origin was checked, so it is theirs. "The same" is
//     told by a mark bound to the person who last signed in in this browser; passwords are never carried.
//   - Counts are a person's own, so they cannot be fanned out: each stream computes its own after a change, from one queue that
//     is read once a change for all streams.
package web
