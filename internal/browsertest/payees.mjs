// A saved payee from first to last: a maker enters it, another person approves it, a payout names it, and a change of the payee takes the unsent payout back to its
// draft, with the reason on its page, in its history and on the page that the approver still had open. The longest names stay whole, wide and on a phone.
import { main, check, at, accountWithKey, becomes, must, same, statusOf, mark } from './kit.mjs';

const longest = 'Общество с ограниченной ответственностью «Научно-производственное объединение специального машиностроения имени академика Н. Н. Преображенского-Воскресенского»';
const bik = '044525974';
let serial = Date.now() % 1_000_000_000;
const account = () => accountWithKey(bik, '407028100' + String(++serial).padStart(11, '0'));

// whole: nothing scrolls sideways and no letter of the name is cut off, wide and on a phone.
async function whole(page, where, name) {
  const cdp = await page.context().newCDPSession(page);
  for (const width of [1440, 390]) {
    await cdp.send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: false });
    await page.goto(where);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    must(over <= 0, `${where} at ${width}: ${over} px too wide`);
    const cut = await page.evaluate((n) => {
      const at = [...document.querySelectorAll('main *')].filter((e) => e.childElementCount === 0 && e.textContent.trim() === n && e.getClientRects().length);
      return { found: at.length, cut: at.filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible').map((e) => e.outerHTML.slice(0, 80)) };
    }, name);
    must(cut.found > 0, `${where} at ${width}: the name is not there`);
    same(cut.cut, [], `${where} at ${width}: cut`);
  }
  await cdp.send('Emulation.clearDeviceMetricsOverride');
  await cdp.detach();
}

// agree: an approver finds the proposal in their own queue and approves it by its page.
async function agree(page, path) {
  const at = '/changes' + path.replace('/payees/', '/payee/');
  await page.goto('/approvals');
  const link = page.locator(`main a[href^="${at}"]`).first();
  await Promise.all([page.waitForURL((u) => u.pathname === at), link.click()]);
  const saw = await page.innerText('main');
  await Promise.all([page.waitForNavigation(), page.click('[data-testid=approve]')]);
  must(await page.locator('[data-testid=approve]').count() === 0, 'it can still be approved');
  return saw;
}

await main(async () => {
  must([...longest].length <= 160, 'the name is too long by itself');
  const maker = await at('kuznetsova', '/payees');
  const other = await at('lebedev', '/payees');
  const approver = await at('gromova', '/approvals');
  const first = account(), second = account();
  let path = '', payout = '';

  await check('a maker enters a payee with the longest name; it waits and cannot be paid yet', async () => {
    await maker.click('[data-testid=new-payee]');
    await maker.check('input[name=kind][value=company]');
    for (const [k, v] of Object.entries({ full_name: longest, inn: '7707083893', kpp: '770701001', 'bik-1': bik, 'account-1': first, groups: 'подрядчики, аренда и коммунальные услуги' })) await maker.fill(`[name="${k}"]`, v);
    await Promise.all([maker.waitForURL(/\/payees\/(?!new)[0-9a-f-]+$/), maker.click('[data-testid=submit]')]);
    path = new URL(maker.url()).pathname;
    must(await maker.locator('[data-testid=payee-open]').count() === 1, 'it does not say that it waits');
    same(await maker.locator('[data-testid=pay]').count(), 0, 'buttons that pay');
  });
  await check('its maker cannot approve it, another person can', async () => {
    await maker.goto('/changes' + path.replace('/payees/', '/payee/'));
    same(await maker.locator('[data-testid=approve]').count(), 0, 'Approve for the maker');
    const saw = await agree(approver, path);
    for (const s of [longest, 'подрядчики']) must(saw.includes(s), `"${s}" is not on the page:\n${saw}`);
  });
  await check('the longest name is whole in the list, on its page and on the page that decided', async () => {
    await maker.goto('/payees');
    await whole(maker, '/payees', (await maker.locator(`a[href="${path}"]`).innerText()).trim());
    await whole(maker, path, longest);
    await whole(approver, '/changes' + path.replace('/payees/', '/payee/') + '?version=1', longest);
  });
  await check('a payout names it: chosen on its page, nothing of it typed', async () => {
    await other.goto(path);
    await other.click('[data-testid=pay]');
    await other.waitForSelector('[data-testid=payee-chosen]');
    same(await other.locator('#full_name').count(), 0, 'fields for a name');
    await other.fill('#amount', '543 210,00');
    await other.fill('#description', 'Аренда по договору № 8. НДС не облагается');
    await Promise.all([other.waitForURL(/\/payouts\/(?!new)[^/]+$/), other.click('[data-testid=submit]')]);
    payout = new URL(other.url()).pathname;
    same(await statusOf(other), 'pending_approval', 'status');
    await whole(approver, payout, longest);
    await approver.goto(payout);
    await mark(approver);
  });
  await check('whoever entered the payee is named among the makers of the payout', async () => {
    must((await approver.innerText('#facts')).includes('Данные получателя: Кузнецова'), 'she is not named');
  });
  await check('a changed payee sends the unsent payout back to its draft, with the reason', async () => {
    await maker.goto(path);
    await Promise.all([maker.waitForURL('**' + path + '/edit'), maker.click('[data-testid=edit-payee]')]);
    await maker.fill('[name="account-1"]', second);
    await Promise.all([maker.waitForURL((u) => u.pathname === path), maker.click('[data-testid=submit]')]);
    await other.goto(payout);
    same(await statusOf(other), 'pending_approval', 'nothing moves before the change is approved');
    const saw = await agree(await at('orlov'), path);
    must(saw.replace(/\s/g, '').includes(second), 'the new account is not shown whole to whoever approves it');
    await becomes(other, 'draft');
    await becomes(approver, 'draft'); // the page that was open, by itself
    same(await approver.locator('[data-testid=approve]').count(), 0, 'Approve');
    await other.goto(payout);
    const text = await other.innerText('main');
    must(/получател[ья] измен/i.test(text), 'the reason is not on the page:\n' + text);
    must((await other.innerText('#story')).includes('получатель изменён'), 'nor in its history');
  });
  await check('its next version asks for the new account and is submitted again', async () => {
    await other.goto(payout + '/edit');
    await other.waitForSelector('[data-testid=payee-moved]');
    await other.locator('input[name=payee_account]').first().check();
    await Promise.all([other.waitForURL((u) => u.pathname === payout), other.click('[data-testid=submit]')]);
    same(await statusOf(other), 'pending_approval', 'status');
    await approver.goto(payout);
    same((await approver.innerText('[data-testid=account-whole]')).replace(/\s/g, ''), second, 'account');
  });
});
