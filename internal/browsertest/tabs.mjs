// Ten tabs of one browser: all live over one stream, all usable; and a stream that was cut catches up.
import { main, check, at, fresh, signIn, who, must, same, mark, stayed, wire, enter, payout, until, becomes, note } from './kit.mjs';

await main(async () => {
  const w = await wire();
  const maker = await at('lebedev', '/payouts');
  const path = await enter(maker, payout());
  const c = await fresh({ base: w.base, outages: true });
  const first = await c.newPage();
  await signIn(first, who('gromova'), '/');
  const pages = [first];
  const places = ['/payouts', path, '/approvals', '/unknown', '/inbox', path, '/', '/payouts?tab=open', '/account'];
  for (const p of places) {
    const page = await c.newPage();
    await page.goto(p);
    pages.push(page);
  }
  for (const p of pages) await mark(p);
  const count = (p) => p.locator('#menu [data-count=approvals]').textContent().then((s) => Number(s || 0));
  const before = await count(pages[0]);

  await check('ten tabs share one stream', async () => {
    await until('one stream', () => w.streams === 1);
    same(w.opened, 1, 'streams opened');
  });
  let other = '';
  await check('the count changes in all ten', async () => {
    other = await enter(maker, payout({ amount: '2500,00' }));
    for (const p of pages) await p.waitForFunction((n) => document.querySelector('#menu [data-count=approvals]').textContent.trim() === String(n), before + 1);
    for (const p of pages) await stayed(p);
  });
  await check('an eleventh page loads quickly and hears too', async () => {
    const page = await c.newPage();
    const begin = Date.now();
    await page.goto('/payouts');
    const took = Date.now() - begin;
    note(`the eleventh page took ${took} ms`);
    must(took < 15_000, `it took ${took} ms`); // were the connections used up, it would wait for ever
    await mark(page);
    pages.push(page);
    same(w.streams, 1, 'streams');
  });
  await check('a payout that is approved in one tab is shown in the others', async () => {
    const two = pages.filter((p) => p.url().endsWith(path));
    same(two.length, 2, 'tabs with the payout');
    await two[0].click('[data-testid=approve]');
    await becomes(two[1], 'succeeded');
    await stayed(two[1]);
    await pages[pages.length - 1].waitForSelector(`tr:has(a[href="${path}"]) .badge[data-status=succeeded]`);
  });
  await check('a cut stream is said, and catches up with what it missed', async () => {
    const tab = pages[pages.length - 1]; // its list was loaded with the payout in it
    w.cut();
    const bar = tab.waitForSelector('#bar-live:not([hidden])');
    const orlov = await at('orlov', other);
    await orlov.click('[data-testid=approve]');
    await becomes(orlov, 'succeeded');
    await bar;
    w.mend();
    await tab.waitForSelector(`tr:has(a[href="${other}"]) .badge[data-status=succeeded]`);
    await tab.waitForSelector('#bar-live[hidden]', { state: 'attached' });
    for (const p of pages) if (!p.url().endsWith(path)) await stayed(p);
    await until('one stream again', () => w.streams === 1);
  });
});
