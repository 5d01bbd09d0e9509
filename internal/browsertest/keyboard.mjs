// The keyboard alone: sign in, enter, submit, approve; where the focus is can always be seen; single keys are off in fields.
import { main, check, fresh, who, payout, must, same, becomes, statusOf } from './kit.mjs';

// focused says what has focus and whether it can be seen.
const focused = (page) => page.evaluate(() => {
  const e = document.activeElement, s = getComputedStyle(e), a = getComputedStyle(e, '::after');
  const shown = (c) => c.outlineStyle !== 'none' && parseFloat(c.outlineWidth) >= 2;
  return { id: e.id || e.dataset.testid || e.tagName + ' ' + e.textContent.trim().slice(0, 30), seen: e === document.body || shown(s) || shown(a) };
});

async function tabTo(page, selector, n = 60) {
  for (let i = 0; i < n; i++) {
    await page.keyboard.press('Tab');
    const f = await focused(page);
    must(f.seen, `the focus on ${f.id} cannot be seen`);
    if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
  }
  throw new Error(`Tab does not reach ${selector} in ${n} presses`);
}

async function signInByKeys(name) {
  const page = await (await fresh()).newPage();
  await page.goto('/sign-in');
  same((await focused(page)).id, 'email', 'first focus');
  await page.keyboard.type(who(name).email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(who(name).password);
  await Promise.all([page.waitForURL((u) => u.pathname === '/'), page.keyboard.press('Enter')]);
  return page;
}

// cyrillic presses a letter key as a Russian layout does.
async function cyrillic(page, code, key) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Input.dispatchKeyEvent', { type: 'keyDown', code, key, text: key });
  await cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', code, key });
  await cdp.detach();
}

await main(async () => {
  let maker, approver, path;
  const p = payout();
  await check('sign in', async () => { maker = await signInByKeys('lebedev'); approver = await signInByKeys('orlov'); });
  await check('N on a Russian layout opens a new payout, the first link leads to the content', async () => {
    await maker.goto('/payouts');
    await Promise.all([maker.waitForURL('**/payouts/new'), cyrillic(maker, 'KeyN', 'т')]);
    await maker.keyboard.press('Tab');
    same(await maker.evaluate(() => document.activeElement.className), 'skip', 'first Tab');
    await maker.keyboard.press('Enter');
  });
  await check('single keys are off in fields', async () => {
    await tabTo(maker, '#full_name');
    await maker.keyboard.type('njka/ ');
    same(await maker.inputValue('#full_name'), 'njka/ ', 'name');
    same(new URL(maker.url()).pathname, '/payouts/new', 'page');
    await maker.keyboard.press('Control+A');
  });
  await check('enter and submit', async () => {
    await maker.keyboard.insertText(p.full_name);
    for (const name of ['bik', 'account', 'amount', 'description']) {
      await tabTo(maker, '#' + name);
      await maker.keyboard.insertText(p[name]);
    }
    await tabTo(maker, '[data-testid=submit]');
    await Promise.all([maker.waitForURL(/\/payouts\/(?!new)[^/]+$/), maker.keyboard.press('Enter')]);
    path = new URL(maker.url()).pathname;
    same(await statusOf(maker), 'pending_approval', 'status');
  });
  await check('J finds the payout in the queue, A the button, Enter approves', async () => {
    await approver.goto('/approvals');
    for (let i = 0; ; i++) {
      must(i < 50, 'J does not reach the payout');
      await approver.keyboard.press('KeyJ');
      must((await focused(approver)).seen, 'the row in focus cannot be seen');
      if (await approver.evaluate((h) => document.activeElement.getAttribute('href') === h, path)) break;
    }
    await Promise.all([approver.waitForURL('**' + path), approver.keyboard.press('Enter')]);
    await approver.keyboard.press('KeyA');
    await approver.waitForFunction(() => document.activeElement.matches('[data-testid=approve]'));
    must((await focused(approver)).seen, 'the focus on Approve cannot be seen');
    await approver.keyboard.press('Enter');
    await becomes(approver, 'succeeded');
  });
  await check('the focus can be seen on every stop of every kind of page', async () => {
    for (const at of ['/', '/payouts', '/approvals', '/inbox', '/account', '/halt', path]) {
      await approver.goto(at);
      let last = '';
      for (let i = 0; i < 45; i++) {
        await approver.keyboard.press('Tab');
        const f = await focused(approver);
        must(f.seen, `${at}: the focus on ${f.id} cannot be seen`);
        if (f.id === last && f.id.startsWith('BODY')) break;
        last = f.id;
      }
    }
  });
});
