// The bank's report of a day: uploaded by a maker, seen as a day three ways, an odd row matched by hand before four eyes, the day closed by an approver; on a phone, too.
import { main, check, at, desk, must, same, tornWords } from './kit.mjs';

await main(async () => {
  const maker = await at('kuznetsova', '/reports');
  let day = '', file = null;
  const fits = async (page) => {
    same(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'fits its window at ' + page.url());
    same(await page.evaluate(tornWords), '', 'words broken at ' + page.url());
  };
  const upload = async (page, f) => {
    await page.goto('/reports/bank');
    await page.setInputFiles('#file', f);
    await page.click('[data-testid=report-upload]');
  };
  await check('today\'s report, as far as it goes, is taken; the same file again is named', async () => {
    const today = new Date(Date.now() + 3 * 3600e3).toISOString().slice(0, 10);
    const r = await fetch(`${desk.bank}/report?date=${today}`);
    same(r.status, 200, 'the pretend bank');
    const f = { name: /filename="([^"]+)"/.exec(r.headers.get('content-disposition'))[1], mimeType: 'text/csv', buffer: Buffer.from(await r.arrayBuffer()) };
    await upload(maker, f);
    await maker.waitForSelector('[data-testid=taken]');
    await maker.click('[data-testid=taken] a');
    await maker.waitForURL((u) => u.pathname === '/reports/' + today);
    await upload(maker, f);
    await maker.waitForSelector('[data-error=file]');
  });
  await check('a day without a report says so, and its report is offered; an odd row in it needs somebody', async () => {
    await maker.goto('/reports/bank');
    const link = maker.locator('[data-testid=missing] a').first();
    const href = await link.getAttribute('href');
    day = new URL(href).searchParams.get('date');
    await maker.goto('/reports/' + day);
    await maker.waitForSelector('[data-testid=waits]');
    const r = await fetch(href);
    const text = await r.text();
    const [head, first] = text.split('\n');
    const cols = head.replace('\ufeff', '').split(','), row = first.split(',');
    must(cols.includes('operationId'), head);
    // The same kind of line, about a payout that nobody here knows.
    const odd = cols.map((c, i) => ({ operationId: 'po_odd', paymentSessionId: 'ps_odd', paymentSessionMerchantMetadata: '"""elsewhere"""' })[c] || row[i]).join(',');
    file = { name: `countersign-demo_${day}_${day}.csv`, mimeType: 'text/csv', buffer: Buffer.from(text.replace(/\s*$/, '\n') + odd + '\n') };
    await upload(maker, file);
    await maker.click('[data-testid=taken] a');
    await maker.waitForSelector('[data-testid=figures-paid] [data-class=matched]');
    same(await maker.locator('[data-testid=lines] li').count(), 1, 'lines that need somebody');
    same(await maker.locator('[data-testid=close-day]').count(), 0, 'a maker closes');
    await maker.setViewportSize({ width: 390, height: 844 });
    await fits(maker); // the line with its step and links
    await maker.setViewportSize({ width: 1440, height: 900 });
  });
  let change = '';
  await check('the maker proposes a match, with a reason; nobody alone decides it', async () => {
    await maker.click('[data-testid=lines] li[data-class=missing_us] a[href^="/reports/match"]');
    await maker.click('[data-testid=match-propose]');
    await maker.waitForSelector('[data-error=reason]');
    await maker.fill('#reason', 'Выплата другой программы, письмо банка № 5');
    await maker.click('[data-testid=match-propose]');
    await maker.waitForSelector('[data-testid=proposal]');
    change = new URL(maker.url()).pathname;
    same(await maker.locator('[data-testid=approve]').count(), 0, 'buttons of its maker');
  });
  const phone = await at('orlov', '/approvals', { width: 390, height: 844 });
  await check('an approver agrees and closes the day on a phone', async () => {
    await phone.goto(change);
    await fits(phone);
    await phone.click('[data-testid=approve]');
    await phone.waitForSelector('[data-testid^=panel-]');
    if (await phone.locator('[data-testid=panel-others]').count()) { // the rules ask for two
      const second = await at('gromova', change);
      await second.click('[data-testid=approve]');
      await second.waitForSelector('[data-testid=panel-ended]');
    }
    await phone.goto('/reports/' + day);
    await phone.waitForSelector('[data-testid=figures-paid] [data-class=by_hand]');
    await fits(phone);
    await Promise.all([phone.waitForLoadState('load'), phone.click('[data-testid=close-day]')]);
    await phone.waitForSelector('[data-testid=closing] p');
    await phone.waitForFunction(() => !document.querySelector('[data-testid=close-day]'));
    for (const path of ['/reports', '/reports/ageing', '/reports/bank']) {
      await phone.goto(path);
      await fits(phone);
    }
  });
  await check('the list of days says who closed it', async () => {
    await maker.goto('/reports');
    const row = maker.locator(`[data-testid=days] tr:has(a[href="/reports/${day}"])`);
    must((await row.innerText()).includes('Орлов'), await row.innerText());
  });
});
