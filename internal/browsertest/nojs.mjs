// Without JavaScript: enter, approve, see the result by reload.
import { main, check, at, desk, must, same, payout, enter, until, statusOf } from './kit.mjs';

await main(async () => {
  const off = { js: false };
  const maker = await at('kuznetsova', '/payouts', off);
  const approver = await at('gromova', '/', off);
  let path;
  await check('the documented payout: a warning comes back as a box, ticked it is submitted', async () => {
    await maker.click('[data-testid=new]');
    const d = desk.documented;
    for (const [k, v] of Object.entries({ full_name: d.full_name, bik: d.bik, account: d.account, amount: '101,00', description: d.description })) await maker.fill('#' + k, v);
    await maker.click('[data-testid=submit]');
    await maker.check('#ack-account_key');
    await maker.click('[data-testid=submit]');
    await maker.waitForURL(/\/payouts\/(?!new)[^/]+$/);
    path = new URL(maker.url()).pathname;
    if (path.endsWith('/edit')) throw new Error(await maker.innerText('main'));
  });
  await check('the approver finds it in the queue, approves, and sees the result by reload', async () => {
    await approver.click('#menu a[href="/approvals"]');
    await approver.click(`[data-testid=queue] a[href="${path}"]`);
    await approver.click('[data-testid=approve]');
    await approver.waitForSelector('[data-status]:not([data-status=pending_approval])'); // the answer's page is there: a reload would meet it half-way
    await until('paid', async () => { await approver.goto(path); return (await statusOf(approver)) === 'succeeded'; });
  });
  await check('amounts in two readings, words about VAT and languages work as plain buttons', async () => {
    await maker.goto('/payouts/new');
    const p = payout({ amount: '2.000', description: 'Оплата по счёту', account: '40702810300000000007' });
    for (const [k, v] of Object.entries(p)) await maker.fill('#' + k, v);
    await maker.click('[data-testid=submit]');
    await maker.locator('[data-reading]').first().click();
    must((await maker.inputValue('#amount')) !== '2.000', 'the reading was not taken');
    same(await maker.inputValue('#full_name'), p.full_name, 'name');
    await maker.click('button[name=lang]');
    must((await maker.innerText('main')).includes('New payout') || (await maker.innerText('main')).includes('Payout'), 'not English');
  });
  await check('a reason is asked for and kept; the payout is rejected', async () => {
    await maker.goto('/payouts');
    const other = await enter(maker, payout());
    await approver.goto(other);
    await approver.click('[data-testid=reject]');
    await approver.waitForSelector('[data-error=reason]');
    await approver.fill('#reason', 'Не наша выплата');
    await approver.click('[data-testid=reject]');
    same(await statusOf(approver), 'rejected', 'status');
  });
});
