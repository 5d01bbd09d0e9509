// An outcome that the bank does not tell: proposed by a maker with a file, decided by two, paid again by a replacement that says what it replaces.
import { main, check, at, payout, enter, must, same, statusOf, becomes } from './kit.mjs';

await main(async () => {
  const maker = await at('kuznetsova');
  const orlov = await at('orlov');
  const gromova = await at('gromova');
  const letter = { name: 'C:\\bank\\<b>letter.txt', mimeType: 'text/html', buffer: Buffer.from('Банк: выплата не исполнена.\n<script>alert(1)</script>\n') };
  let path = '';
  let change = '';

  await check('a payout whose answer is cut off is unknown, and its page offers what to do', async () => {
    path = await enter(maker, payout({ amount: '1500,57' }));
    await orlov.goto(path);
    await orlov.click('[data-testid=approve]');
    await maker.goto(path);
    await becomes(maker, 'unknown');
    await maker.reload();
    same(await maker.locator(`a[href="${path}/outcome"]`).count(), 1, 'offers');
    await maker.goto('/unknown');
    const mine = maker.locator('[data-testid=case]', { has: maker.locator(`a[href="${path}"]`) });
    for (const part of ['owner', 'age', 'asked', 'closes', 'next']) must((await mine.locator(`[data-testid=case-${part}]`).innerText()).trim().length > 0, 'nothing said: ' + part);
    await mine.locator('[data-testid=case-act]').click();
    await maker.waitForURL(/outcome$/);
  });
  const fill = async (outcome, basis, file) => {
    await maker.goto(path + '/outcome');
    await maker.check(`[name=outcome][value=${outcome}]`);
    await maker.check(`[name=basis][value=${basis}]`);
    await maker.fill('#reason', 'Ответ банка № 17');
    if (file) await maker.setInputFiles('#file', file);
    await maker.click('[data-testid=outcome-propose]');
  };
  await check('without a file, with a program, or too early it is refused in its place', async () => {
    await fill('not_paid', 'letter', null);
    await maker.waitForSelector('[data-error=file]');
    await fill('not_paid', 'letter', { name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]) });
    await maker.waitForSelector('[data-error=file]');
    await fill('not_paid', 'statement', letter);
    await maker.waitForSelector('[data-error=outcome]');
    same(await maker.inputValue('#reason'), 'Ответ банка № 17', 'what was typed is kept');
  });
  await check('with the letter it goes to two approvers; its maker cannot decide', async () => {
    await fill('not_paid', 'letter', letter);
    await maker.waitForSelector('[data-testid=proposal]');
    change = new URL(maker.url()).pathname;
    same(await maker.locator('[data-testid=approve]').count(), 0, 'buttons of its maker');
    await orlov.goto('/approvals');
    same(await orlov.locator(`[data-testid=proposals] a[href^="${change}"], a[href^="${change}"]`).count() > 0, true, 'in the queue');
  });
  await check('the file is saved under our own name, never shown as a page', async () => {
    await orlov.goto(change);
    const href = await orlov.locator('a[href$="/file"]').getAttribute('href');
    const r = await orlov.evaluate(async (u) => {
      const a = await fetch(u);
      return { status: a.status, d: a.headers.get('content-disposition'), t: a.headers.get('content-type'), c: a.headers.get('content-security-policy'), n: a.headers.get('x-content-type-options'), b: await a.text() };
    }, href);
    same([r.status, r.t, r.n, r.c.includes('sandbox')], [200, 'text/plain; charset=utf-8', 'nosniff', true], 'headers');
    must(/^attachment; filename="evidence-\d+-1\.txt"$/.test(r.d), r.d);
    must(r.b.includes('не исполнена'), 'not what was uploaded');
  });
  await check('two approvers decide; then it is not paid, and can be paid again', async () => {
    await orlov.click('[data-testid=approve]');
    await orlov.waitForSelector('[data-testid=panel-others]');
    await maker.goto(path);
    same(await statusOf(maker), 'unknown', 'after one');
    await gromova.goto(change);
    await gromova.click('[data-testid=approve]');
    await gromova.waitForSelector('[data-testid=panel-ended]');
    await maker.goto(path);
    same(await statusOf(maker), 'failed', 'after two');
    same(await maker.locator(`a[href="${path}/copy"]`).count(), 1, 'fix and pay again');
  });
  await check('the replacement tells its approver what it replaces, asks first, and is paid', async () => {
    await maker.goto(path + '/copy');
    await maker.fill('#amount', '1500,00');
    await maker.click('[data-testid=submit]');
    await maker.waitForURL((u) => /\/payouts\/(?!new)[^/?]+$/.test(u.pathname) && u.pathname !== path);
    const again = new URL(maker.url()).pathname;
    await orlov.goto(again);
    same(await orlov.locator(`[data-testid^=panel-] a[href="${path}"]`).count() > 0, true, 'what it replaces');
    await orlov.click('[data-testid=approve]');
    await maker.goto(again);
    await becomes(maker, 'succeeded');
  });
});
