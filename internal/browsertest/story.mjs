// A maker, an approver and an auditor in three windows: the bank's documented payout, from entering to the bank's confirmed answer.
import { main, check, at, desk, must, same, mark, stayed, becomes, ledgerOf, most, statusOf } from './kit.mjs';

await main(async () => {
  const auditor = await at('belova', '/payouts');
  const detail = await auditor.context().newPage();
  const approver = await at('orlov', '/approvals');
  const maker = await at('kuznetsova', '/payouts');
  const d = desk.documented;
  let path = '', asked = 0;
  const mine = () => approver.locator('#menu [data-count=approvals]').innerText().then((s) => Number(s || 0));
  const before = await mine();
  await mark(auditor);
  await mark(approver);

  await check('the form helps while the documented payout is typed', async () => {
    await maker.click('[data-testid=new]');
    await maker.fill('#full_name', d.full_name);
    await maker.fill('#bik', d.bik);
    await maker.fill('#account', d.account);
    await maker.fill('#amount', '100,00');
    await maker.fill('#description', d.description);
    await maker.waitForSelector('[data-warning=account_key]');
    await maker.waitForFunction(() => /Сто рублей 00 копеек/.test(document.querySelector('#amount-h').textContent));
    await maker.waitForFunction(() => /100/.test(document.querySelector('#sheet .amount').textContent));
    must(/Физическое лицо/.test(await maker.innerText('#account-h')), 'the kind of account is not named');
  });
  await check('a warning that is not ticked is refused at its place, what was typed is kept', async () => {
    await maker.click('[data-testid=submit]');
    await maker.waitForSelector('[data-error=ack]');
    same(await maker.inputValue('#account'), d.account, 'account');
    same(await maker.inputValue('#description'), d.description, 'purpose');
  });
  await check('ticked, it is submitted', async () => {
    await maker.check('#ack-account_key');
    await maker.click('[data-testid=submit]');
    await maker.waitForURL(/\/payouts\/(?!new)[^/]+$/);
    path = new URL(maker.url()).pathname;
    same(await statusOf(maker), 'pending_approval', 'status');
  });
  await check('the approver is told without a reload: count, tab title, queue', async () => {
    await approver.waitForFunction((n) => document.querySelector('#menu [data-count=approvals]').textContent.trim() === String(n), before + 1);
    must((await approver.title()).startsWith(`(${before + 1})`), 'title: ' + await approver.title());
    await stayed(approver);
  });
  await check('the auditor\'s list offers the new payout without moving a row', async () => {
    await auditor.waitForSelector('[data-news]:not([hidden]) a');
    await stayed(auditor);
    await auditor.click('[data-news] a');
    await auditor.waitForSelector(`[data-testid=list] a[href="${path}"]`);
    await mark(auditor);
    await detail.goto(path);
    await mark(detail);
    await mark(maker);
  });
  await check('the decision page has everything that counts', async () => {
    await approver.goto(path);
    const text = await approver.innerText('main');
    for (const s of ['Иванов Иван Иванович', '044525971', d.description, 'Сто рублей 00 копеек', 'Ключ счёта', 'Кузнецова']) must(text.includes(s), `"${s}" is not on the page:\n${text}`);
    same((await approver.innerText('[data-testid=account-whole]')).replace(/\s/g, ''), d.account, 'whole account');
    same(await approver.innerText('[data-testid=approve]').then((s) => s.replace(/\s+/g, ' ').trim()), 'Согласовать и отправить 100,00 ₽', 'button');
    must(!(await approver.evaluate(() => document.activeElement.matches('[data-testid=approve]'))), 'Approve has focus by itself');
  });
  await check('approved: the countdown runs in words and can be taken back', async () => {
    asked = Date.now();
    await Promise.all([approver.waitForSelector('[data-testid=countdown]'), approver.click('[data-testid=approve]')]);
    must(/\d+ с/.test(await approver.innerText('[data-testid=countdown]').catch(() => '1 с')), 'no seconds in the countdown');
  });
  await check('the auditor\'s open page shows the bank\'s answer without a reload', async () => {
    await becomes(detail, 'succeeded');
    const took = Date.now() - asked;
    await stayed(detail);
    must(took < most, `it took ${took} ms`);
    await detail.waitForFunction(() => /подтвержд/i.test(document.querySelector('#story').textContent));
    const story = await detail.innerText('#story');
    for (const s of ['Отправлена на согласование', 'Согласована: Орлов П.', 'Исполнена банком']) must(story.includes(s), `"${s}" is not in the story:\n${story}`);
    await stayed(detail);
  });
  await check('so do the auditor\'s list, the maker\'s page and the approver\'s', async () => {
    await auditor.waitForSelector(`tr:has(a[href="${path}"]) .badge[data-status=succeeded]`);
    await stayed(auditor);
    await becomes(maker, 'succeeded');
    await stayed(maker);
    await becomes(approver, 'succeeded');
  });
  await check('the bank was asked once and paid once', async () => {
    const e = await ledgerOf(detail);
    same([e.amount, e.executed, e.requests, e.account], [10000, 1, 1, d.account], 'ledger');
  });
  await check('the auditor sees the last four signs, and the whole account after a look that is recorded', async () => {
    must(!(await detail.innerText('#facts')).replace(/\s/g, '').includes(d.account), 'the whole account is shown');
    await detail.click('[data-testid=reveal]');
    await detail.waitForSelector('[data-testid=account-whole]');
    await detail.goto('/history');
    must((await detail.innerText('main')).includes('счёт'), 'the look is not in the log');
  });
});
