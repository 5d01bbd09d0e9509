// What every script of the browser test shares: the browser, the people, and checks that are told to the Go test one JSON line each.
import { chromium } from 'playwright-core';
import { createInterface } from 'node:readline';
import net from 'node:net';

export const desk = JSON.parse(process.env.DESK || '{}');
// Deadlines are generous on purpose: a slow machine is not a fault of the desk.
export const most = 45_000;

const tell = (o) => process.stdout.write(JSON.stringify(o) + '\n');
let failed = 0;
let watched = [];

// check runs one named check; what it throws is its failure, and the script goes on.
export async function check(name, fn) {
  const begin = Date.now();
  try {
    await fn();
    tell({ check: name, ms: Date.now() - begin });
  } catch (e) {
    failed++;
    tell({ check: name, ms: Date.now() - begin, error: String(e && e.stack ? e.stack : e).slice(0, 4000) });
  }
}

export const note = (text) => tell({ note: text });

// ask has the Go test do something that only it can: restart the desk.
const answers = [];
const waiting = [];
let lines = null;
export function ask(what) {
  lines ||= createInterface({ input: process.stdin }).on('line', (l) => (waiting.length ? waiting.shift()(l) : answers.push(l)));
  tell({ ask: what });
  return new Promise((done) => (answers.length ? done(answers.shift()) : waiting.push(done)));
}

export function must(ok, why) {
  if (!ok) throw new Error(why);
}

export function same(got, want, what) {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

let browser;

// main runs a script with a browser of its own.
export async function main(script) {
  browser = await chromium.launch({
    executablePath: desk.chromium, headless: true, chromiumSandbox: false, timeout: 120_000,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  let code = 0;
  try {
    await script();
    await check('no console error, no refused script or style', () => same(watched.flatMap((w) => w.trouble), [], 'errors'));
  } catch (e) {
    code = 1;
    tell({ check: 'the script runs to its end', ms: 0, error: String(e && e.stack ? e.stack : e).slice(0, 4000) });
  }
  await browser.close();
  tell({ done: true, failed });
  process.exit(code);
}

// who finds a person of the demo by the beginning of their e-mail.
export const who = (name) => desk.people.find((p) => p.email.startsWith(name)) || (() => { throw new Error('nobody is called ' + name); })();

// fresh is a window of its own: another browser profile, with its console watched.
export async function fresh(o = {}) {
  const c = await browser.newContext({
    baseURL: o.base || desk.open, locale: o.lang === 'en' ? 'en-GB' : 'ru-RU', timezoneId: 'Europe/Moscow', colorScheme: o.scheme || 'light',
    viewport: { width: o.width || 1440, height: o.height || 900 }, javaScriptEnabled: o.js !== false, reducedMotion: 'reduce',
  });
  c.setDefaultTimeout(most);
  c.setDefaultNavigationTimeout(most);
  c.trouble = [];
  c.dialogs = [];
  // An answer of 4xx to a page or a fragment is what some checks ask for; a file that is missing is not.
  const meant = (m) => /^Failed to load resource/.test(m.text()) && !m.location().url.includes('/static/') &&
    (/status of 4(01|03|04|09|22)/.test(m.text()) || (o.outages && /net::ERR_/.test(m.text())));
  c.on('console', (m) => { if (m.type() === 'error' && !meant(m)) c.trouble.push(`${m.text()} at ${m.location().url}`); });
  c.on('weberror', (e) => c.trouble.push('uncaught: ' + String(e.error() && e.error().stack || e.error())));
  c.on('dialog', (d) => { c.dialogs.push(d.message()); d.dismiss().catch(() => {}); });
  watched.push(c);
  return c;
}

// signIn by e-mail and password, as in real life.
export async function signIn(page, person, next = '/') {
  await page.goto('/sign-in?next=' + encodeURIComponent(next));
  await page.fill('#email', person.email);
  await page.fill('#password', person.password);
  await page.click('[data-testid=enter]');
  await page.waitForURL((u) => u.pathname !== '/sign-in');
}

// at is a new window with a person signed in.
export async function at(name, next = '/', o = {}) {
  const c = await fresh(o);
  const page = await c.newPage();
  await signIn(page, who(name), next);
  return page;
}

// accountWithKey sets the control key (ninth digit) of an account so that it fits its bank.
export function accountWithKey(bik, account) {
  const digits = bik.slice(-3) + account.slice(0, 8) + '0' + account.slice(9);
  const sum = [...digits].reduce((n, d, i) => n + (Number(d) * [7, 1, 3][i % 3]) % 10, 0);
  return account.slice(0, 8) + ((sum % 10) * 3) % 10 + account.slice(9);
}

let serial = Math.floor(Date.now() / 1000) % 1_000_000;
// payout is a payout nobody entered before.
export function payout(over = {}) {
  serial++;
  return { full_name: 'Щербаков Тимур Русланович', bik: '044525974', account: accountWithKey('044525974', '408178100' + String(serial).padStart(11, '0')),
    amount: '1500,00', description: `Оплата по договору № ${serial}. НДС не облагается`, ...over };
}

export async function type(page, p) {
  if (p.own_ref || p.note || p.inn || p.kpp) await page.evaluate(() => { document.querySelector('#more').open = true; }).catch(() => {});
  for (const [name, value] of Object.entries(p)) await page.fill('#' + name, value);
}

// enter types a payout and submits it; the page is then the payout's own.
export async function enter(page, p, o = {}) {
  await page.goto('/payouts/new');
  await type(page, p);
  for (const a of o.acks || []) await page.check('#ack-' + a);
  await page.click(`[data-testid=${o.draft ? 'draft' : 'submit'}]`);
  await page.waitForURL(/\/payouts\/[^/]+$/);
  must(!page.url().endsWith('/new'), 'still on the form: ' + await page.locator('main').innerText());
  return new URL(page.url()).pathname;
}

export const statusOf = (page) => page.locator('#head .badge').first().getAttribute('data-status');
// becomes waits, without touching the page, until the open payout has a status.
export const becomes = (page, status) => page.waitForSelector(`#head .badge[data-status="${status}"]`);

// mark leaves something on the window that no reload survives.
export const mark = (page) => page.evaluate(() => { window.stayed = true; });
export const stayed = async (page) => must(await page.evaluate(() => window.stayed === true), 'the page was loaded again');

export async function ledger() {
  return (await fetch(desk.bank + '/ledger')).json();
}

export async function ledgerOf(page) {
  const ref = await page.locator('[data-reference]').getAttribute('data-reference');
  return (await ledger()).find((e) => e.reference === ref);
}

// wire is a TCP proxy before the desk: it counts streams, and can cut them.
export async function wire() {
  const to = new URL(desk.open);
  const pairs = new Set();
  const w = { streams: 0, opened: 0, down: false, cut() { w.down = true; pairs.forEach((s) => s.destroy()); }, mend() { w.down = false; } };
  const server = net.createServer((s) => {
    if (w.down) return s.destroy();
    const up = net.connect(Number(to.port), '127.0.0.1');
    let live = false;
    pairs.add(s);
    s.on('data', (d) => {
      if (/^GET \/live[ ?]/m.test(d.toString('latin1'))) {
        w.opened++;
        if (!live) { live = true; w.streams++; }
      }
    });
    const end = () => { if (live) { live = false; w.streams--; } pairs.delete(s); s.destroy(); up.destroy(); };
    s.on('close', end); s.on('error', end); up.on('close', end); up.on('error', end);
    s.pipe(up); up.pipe(s);
  });
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  w.base = 'http://localhost:' + server.address().port;
  return w;
}

// until waits for something outside any page.
export async function until(what, done) {
  const end = Date.now() + most;
  for (;;) {
    if (await done()) return;
    if (Date.now() > end) throw new Error('not within the deadline: ' + what);
    await new Promise((r) => setTimeout(r, 50)); // outside a page there is nothing to be woken by
  }
}

// tornWords, run in a page, finds words that their narrow place broke between two lines: a row that should have wrapped and squeezed its parts instead.
export function tornWords() {
  const found = [], range = document.createRange();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode() && found.length < 3) {
    const n = texts.currentNode, e = n.parentElement;
    if (e.closest('code, pre, .mono, textarea, script, style, [hidden]') || !e.checkVisibility()) continue;
    for (const m of n.data.matchAll(/\p{L}+/gu)) {
      if (m[0].length > 20) continue; // longer than any word on these pages: somebody's input, broken where it must be
      range.setStart(n, m.index);
      range.setEnd(n, m.index + m[0].length);
      const lines = new Set([...range.getClientRects()].map((r) => Math.round(r.top)));
      if (lines.size > 1) found.push(m[0] + ' in ' + e.outerHTML.slice(0, 90));
    }
  }
  return found.join(' | ');
}
