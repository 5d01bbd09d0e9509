// The desk is restarted under open pages: they go on by themselves.
import { main, check, at, mark, stayed, enter, payout, becomes, ask, ledgerOf, same, desk } from './kit.mjs';

await main(async () => {
  const maker = await at('lebedev', '/payouts', { outages: true });
  const approver = await at('gromova', '/', { outages: true });
  const path = await enter(maker, payout());
  await mark(maker);
  await approver.goto(path);
  await check('the desk restarts on the same port with the same data', async () => Object.assign(desk, { bank: JSON.parse(await ask('restart')).bank }));
  await check('the person is still signed in and decides', async () => {
    await approver.click('[data-testid=approve]');
    await becomes(approver, 'succeeded');
  });
  await check('the page that stayed open catches up without a reload', async () => {
    await becomes(maker, 'succeeded');
    await stayed(maker);
    await maker.waitForSelector('#bar-live[hidden]', { state: 'attached' });
    const e = await ledgerOf(maker);
    same([e.executed, e.requests], [1, 1], 'ledger');
  });
});
