// Every page that each role can reach, in the language it is called with: axe finds nothing in light and dark, wide and on a phone; nothing scrolls
// sideways from 390 to 1920 px, with the longest names; no console error and no refused script or style.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { main, check, at, fresh, who, enter, payout, becomes, must, same, note, type, desk, accountWithKey, tornWords } from './kit.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// Both sides of every place where the layout changes.
const widths = [390, 639, 640, 899, 900, 999, 1000, 1199, 1200, 1339, 1340, 1920];
const long = {
  full_name: 'Муниципальное автономное общеобразовательное учреждение дополнительного профессионального образования «Нижнереченский межрегиональный учебно-методический центр»'.slice(0, 160),
  description: 'Оплата по договору № 17/26-ГПХ от 12.01.2026 за разработку методических материалов и проведение вебинаров для преподавателей, акт № 88 от 13.11.2026, этап 4 из 10, по поручению от 01.11.2026. НДС не облагается.'.padEnd(210, '0').slice(0, 210),
  own_ref: 'ВП-2026/11-0000000000000000000000001042',
  note: ('Договор № 17/26-ГПХ от 12 января 2026, акт № 88 от 13 ноября 2026; ' + 'приложение '.repeat(60)).slice(0, 499),
};
const solid = { full_name: 'Ж'.repeat(160), description: 'НДСнеоблагается' + 'Щ'.repeat(195), note: 'W'.repeat(500), own_ref: 'Ш'.repeat(40) };

const kinds = new Set();
const findings = new Map(); // what axe says → where
const wide = [];
let runs = 0, pages = 0, spent = 0;

// look looks at one page. A kind of page that another role's eyes have been over is looked at in two of the four ways, and at four widths.
async function look(page, where, kind = where) {
  pages++;
  const known = kinds.has(kind);
  kinds.add(kind);
  const cdp = page.cdp ||= await page.context().newCDPSession(page);
  const resize = (width) => cdp.send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: false });
  const theme = (value) => cdp.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }, { name: 'prefers-reduced-motion', value: 'reduce' }] });
  await page.evaluate(axe);
  for (const [width, scheme] of known ? [[1440, 'light'], [390, 'dark']] : [[1440, 'light'], [1440, 'dark'], [390, 'dark'], [390, 'light']]) {
    await resize(width);
    await theme(scheme);
    const begin = Date.now();
    // Everything at both widths; in the other theme of a width only what a theme can change.
    const only = scheme === (width === 1440 ? 'dark' : 'light') ? ['color-contrast', 'link-in-text-block'] : null;
    const found = await page.evaluate((o) => window.axe.run(document, { resultTypes: ['violations'], ...(o ? { runOnly: o } : {}) })
      .then((r) => r.violations.map((v) => ({ id: v.id, nodes: v.nodes.map((n) => n.html.slice(0, 160) + ' — ' + (n.any.concat(n.all, n.none)[0] || {}).message) }))), only);
    spent += Date.now() - begin;
    runs++;
    for (const f of found) for (const n of f.nodes) {
      const key = f.id + ': ' + n;
      findings.set(key, [...(findings.get(key) || []), `${where} ${width} ${scheme}`]);
    }
  }
  for (const w of known ? [390, 640, 1000, 1920] : widths) {
    await resize(w);
    const over = await page.evaluate(() => {
      const all = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth);
      if (all <= innerWidth) return '';
      const far = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(-3).map((e) => e.outerHTML.slice(0, 90));
      return `${all} > ${innerWidth}: ${far.join(' | ')}`;
    });
    if (over) wide.push(`${where} at ${w}: ${over}`);
    const torn = await page.evaluate(tornWords);
    if (torn) wide.push(`${where} at ${w}, torn: ${torn}`);
  }
  await resize(1440);
  await theme('light');
}

// kindOf makes one kind of page of many addresses, so that a few of each are looked at.
function kindOf(href, status) {
  const u = new URL(href, desk.open);
  const path = u.pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ':id').replace(/\d{4}-\d\d-\d\d/g, ':day').replace(/\/\d+/g, '/:n');
  // A list is one kind of page however it is filtered; only what is searched for and what is wrong look otherwise.
  const keys = [...u.searchParams.keys()].filter((k) => k === 'tab' || k === 'q' || u.searchParams.get(k) === 'xx').sort().join('&');
  return path + (keys ? '?' + keys : '') + (status ? ' ' + status : '');
}

async function crawl(page, role, lang, extra) {
  const seen = new Set(), been = new Map();
  const todo = ['/', ...extra].map((href) => ({ href, kind: extra.includes(href) ? href : kindOf(href) }));
  while (todo.length) {
    const { href, kind } = todo.shift();
    const u = new URL(href, desk.open), key = u.pathname + u.search;
    if (seen.has(key) || been.has(kind)) continue;
    seen.add(key);
    const answer = await page.goto(key);
    if (/text\/(csv|plain)/.test(answer.headers()['content-type'] || '')) continue;
    must(answer.status() === 200 || (answer.status() === 422 && key.includes('from=xx')), `${role} is led to ${key}: ${answer.status()}`);
    been.set(kind, key);
    await look(page, `${role} ${lang} ${kind}`, kind);
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => {
      const row = a.closest('tr,li'), b = row && row.querySelector('.badge');
      return { href: a.getAttribute('href'), status: b ? b.dataset.status + (b.dataset.held || '') + (b.dataset.review === undefined ? '' : '!') : '' };
    }));
    for (const l of links) {
      if (!l.href.startsWith('/') || /^\/(static|sign-in)/.test(l.href) || l.href.includes('format=csv') || /\/bodies\//.test(l.href)) continue;
      const k = kindOf(l.href, /^\/payouts\/[0-9a-f-]{36}$/.test(l.href) ? l.status : '');
      todo.push({ href: l.href, kind: k });
    }
  }
  return been;
}

await main(async () => {
  // What a desk looks like in the middle of its day, with the longest there is.
  const maker = await at('kuznetsova'), approver = await at('orlov');
  const paths = {};
  const end = async (name, p, o, then) => { paths[name] = await enter(maker, payout(p), o); if (then) await then(paths[name]); };
  const approve = (status) => async (path) => {
    await approver.goto(path);
    await approver.click('[data-testid=approve]');
    await becomes(approver, status);
  };
  const reason = (button, text) => async (path) => {
    await approver.goto(path);
    await approver.fill('#reason', text);
    await Promise.all([approver.waitForURL((u) => u.pathname === path), approver.click(`[data-testid=${button}]`)]);
  };
  await end('long', { ...long, amount: '987654,21' });
  await end('solid', { ...solid, amount: '99999,99' }, { acks: [] });
  await end('solid paid', { ...solid, amount: '99999,98' }, {}, approve('succeeded'));
  await end('long failed', { ...long, amount: '98765,51' }, {}, approve('failed'));
  await end('long review', { ...long, amount: '98765,77' }, {}, approve('unknown'));
  await end('long back', { ...long, amount: '98765,67' }, {}, approve('returned'));
  await end('asked', { ...long, amount: '765,20' }, {}, reason('changes', 'Акт другой: 88, не 87. ' + 'Ы'.repeat(200)));
  await end('rejected', { ...long, amount: '765,10' }, {}, reason('reject', 'Не наша выплата. ' + 'Ы'.repeat(200)));
  await end('draft', { full_name: solid.full_name, bik: '', account: '', amount: '', description: '' }, { draft: true });
  await end('firm', { full_name: 'ООО «Северные мастерские»', account: accountWithKey('044525974', '40702810000000000001'), inn: '7707083893', kpp: '770701001', amount: '1200,00', description: 'Оплата по счёту № 5. НДС не облагается' }, );
  note('ready');

  for (const lang of [process.argv[2] || 'ru']) {
    for (const [role, name] of [['maker', 'kuznetsova'], ['approver', 'gromova'], ['auditor', 'belova'], ['admin', 'tikhonov']]) {
      await check(`${role}, ${lang}: every page`, async () => {
        const page = await at(name, '/', { lang });
        const been = await crawl(page, role, lang, [...(role === 'approver' ? ['long', 'solid', 'long review', 'asked'].map((n) => paths[n]) : []), '/account', '/halt', '/payouts?q=' + encodeURIComponent('Ж'.repeat(20)), '/payouts?from=xx', '/demo/kopecks']);
        note(`${role} ${lang}: ${been.size} kinds of pages: ${[...been.keys()].map((k) => k.slice(0, 40)).join(' ')}`);
        for (const href of ['/nowhere', '/payouts/nothing', role === 'maker' ? '/history' : '/payouts/new']) {
          await page.goto(href);
          await look(page, `${role} ${lang} ${href}`, href);
        }
        same(page.context().dialogs, [], 'dialogs');
        await page.context().close();
      });
    }
    await check(`pages that answer no, ${lang}`, async () => {
      const page = await at('lebedev', '/payouts/new', { lang });
      await page.click('[data-testid=submit]');
      await page.waitForSelector('#errors');
      await look(page, `empty form ${lang}`);
      await type(page, { ...payout(), account: '40817810100000270411', bik: '044525971', amount: '1.000', full_name: 'Ivанов ' + long.full_name.slice(0, 150), description: 'Срочно!' });
      await page.click('[data-testid=submit]');
      await page.waitForSelector('[data-testid=readings]');
      await look(page, `wrong form ${lang}`);
      await page.goto(paths.long + '/edit');
      await look(page, `edit ${lang}`);
      await page.context().close();
      const c = await fresh({ lang });
      const out = await c.newPage();
      await out.goto('/payouts');
      await look(out, `sign-in ${lang}`);
      await out.fill('#email', who('orlov').email);
      await out.fill('#password', 'wrong');
      await out.click('[data-testid=enter]');
      await out.waitForSelector('[data-error=form]');
      await look(out, `sign-in refused ${lang}`);
      await c.close();
    });
  }
  await check('while sending is stopped', async () => {
    const page = await at('gromova', '/halt');
    await page.fill('#halt-form-reason', 'Проверка: ' + 'Ы'.repeat(200));
    await page.click('#halt-panel form .btn');
    await page.waitForSelector('[data-testid=bar-stop]');
    for (const lang of [process.argv[2] || 'ru']) {
      const p = await at('sokolovsky', '/halt', { lang });
      for (const href of ['/halt', '/', '/payouts', paths.long]) { await p.goto(href); await look(p, `stopped ${lang} ${href}`, 'stopped ' + href); }
      await p.context().close();
    }
  });
  await check('axe finds nothing on any of them', () => {
    note(`${pages} pages, ${runs} runs of axe, ${Math.round(spent / 1000)} s in axe`);
    same([...findings].map(([what, where]) => `${what} (${where.length} times, ${where.slice(0, 3).join('; ')})`), [], 'findings');
  });
  await check('nothing scrolls sideways from 390 to 1920 px', () => same(wide, [], 'pages'));
});
