// One payout from a double click, Enter twice, and the back button; amounts that can be read in two ways; a draft; a conflict.
import { main, check, at, payout, type, enter, must, same, statusOf, becomes, fresh, signIn, who, ledgerOf } from './kit.mjs';

await main(async () => {
  const maker = await at('kuznetsova', '/payouts');
  const found = async (p) => {
    await maker.goto('/payouts?q=' + encodeURIComponent(p.description.match(/\d+/)[0]));
    return maker.locator('[data-testid=list] tbody tr').count();
  };
  const fill = async (p) => { await maker.goto('/payouts/new'); await type(maker, p); };
  const there = () => maker.waitForURL(/\/payouts\/(?!new)[^/?]+$/);

  await check('a double click makes one payout', async () => {
    const p = payout();
    await fill(p);
    await Promise.all([there(), maker.dblclick('[data-testid=submit]', { noWaitAfter: true })]);
    same(await found(p), 1, 'payouts');
  });
  await check('Enter twice makes one payout', async () => {
    const p = payout();
    await fill(p);
    await maker.focus('#amount');
    await Promise.all([there(), maker.keyboard.press('Enter').then(() => maker.keyboard.press('Enter')).catch(() => {})]);
    same(await found(p), 1, 'payouts');
  });
  await check('back, and submitted again, is the same payout', async () => {
    const p = payout();
    await fill(p);
    await maker.click('[data-testid=submit]');
    await there();
    const first = new URL(maker.url()).pathname;
    await maker.goBack();
    await maker.waitForSelector('#full_name');
    if ((await maker.inputValue('#full_name')) === '') await type(maker, p); // a browser that brings the form back empty
    await maker.click('[data-testid=submit]');
    await maker.waitForSelector('[data-testid=payout], [data-error]');
    if (await maker.locator('[data-testid=payout]').count()) same(new URL(maker.url()).pathname, first, 'payout');
    else must(await maker.locator('[data-warning=duplicate]').count() === 1, 'neither the same payout nor a warning: ' + await maker.innerText('main'));
    same(await maker.evaluate((q) => fetch('/payouts?state=pending_approval&q=' + q).then((r) => r.text()).then((t) => (t.match(/<tr>/g) || []).length), p.description.match(/\d+/)[0]), 1, 'payouts that wait for approval');
  });
  await check('an amount that reads in two ways is answered with both, as buttons', async () => {
    const p = payout({ amount: '1.000' });
    await fill(p);
    await maker.click('[data-testid=submit]');
    await maker.waitForSelector('[data-error=amount]');
    same(await maker.locator('[data-reading]').count(), 2, 'readings');
    same(await maker.inputValue('#description'), p.description, 'purpose');
    await maker.locator('[data-reading]').last().click();
    await maker.waitForFunction(() => !document.querySelector('[data-error=amount]'));
    must(/^1/.test(await maker.inputValue('#amount')), 'no amount');
    await maker.click('[data-testid=submit]');
    await there();
    same(await statusOf(maker), 'pending_approval', 'status');
  });
  await check('a draft keeps anything, and what a page prints pastes back', async () => {
    const p = payout({ full_name: 'Не дописано', bik: '04', account: '12', amount: 'сто', description: '' });
    const path = await enter(maker, p, { draft: true });
    same(await statusOf(maker), 'draft', 'status');
    await maker.goto(path + '/edit');
    same(await maker.inputValue('#amount'), 'сто', 'amount');
    await maker.fill('#amount', '1\u00a0234,56\u00a0₽');
    await maker.waitForFunction(() => /двести тридцать четыре рубля 56 копеек/.test(document.querySelector('#amount-h').textContent));
  });
  await check('approving what was edited meanwhile is answered with the difference', async () => {
    const p = payout({ amount: '3000,00' });
    const path = await enter(maker, p);
    const c = await fresh({ js: false }); // a page that could not renew itself
    const approver = await c.newPage();
    await signIn(approver, who('orlov'), path);
    await maker.goto(path + '/edit');
    await maker.fill('#amount', '3500,00');
    await maker.click('[data-testid=submit]');
    await there();
    const [answer] = await Promise.all([approver.waitForResponse((r) => r.url().endsWith('/approve')), approver.click('[data-testid=approve]')]);
    same(answer.status(), 409, 'answer');
    const text = await approver.innerText('[data-testid=difference]');
    must(/3\s000,00/.test(text) && /3\s500,00/.test(text), 'the difference says: ' + text);
    same(await maker.evaluate(() => document.querySelector('#head .badge').dataset.status), 'pending_approval', 'status');
    await c.close();
  });
  await check('an approval can be taken back while the countdown runs', async () => {
    const path = await enter(maker, payout());
    const approver = await at('gromova', path);
    await approver.click('[data-testid=approve]');
    await approver.click('#decide form[action$="/back"] button');
    await becomes(approver, 'pending_approval');
    await approver.click('[data-testid=approve]');
    await becomes(approver, 'succeeded');
    const e = await ledgerOf(approver);
    same([e.executed, e.requests], [1, 1], 'ledger');
    await approver.context().close();
  });
  await check('sent back for changes: the reason stands over the form, an edit shows its difference', async () => {
    const path = await enter(maker, payout({ amount: '4000,00' }));
    const approver = await at('gromova', path);
    await approver.click('[data-testid=changes]');
    await approver.waitForSelector('[data-error=reason]');
    await approver.fill('#reason', 'Сумма по акту 4100');
    await approver.click('[data-testid=changes]');
    await becomes(approver, 'draft');
    await becomes(maker, 'draft');
    await maker.goto(path + '/edit');
    must((await maker.innerText('main')).includes('Сумма по акту 4100'), 'no reason over the form');
    await maker.fill('#amount', '4100,00');
    await maker.click('[data-testid=submit]');
    await there();
    await approver.waitForSelector('[data-testid=approve]');
    const text = await approver.innerText('#decide');
    must(/4\s000,00/.test(text) && /4\s100,00/.test(text), 'no difference beside the decision: ' + text);
    await approver.context().close();
  });
});
