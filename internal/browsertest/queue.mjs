// The queue by keyboard, and many at once: J and K without the list, A, C, R to the buttons, on a Russian layout too; nothing is pressed by a held key or in the
// first half second; one press decides once; what moved in another tab is a 409 with the difference.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { main, check, at, payout, enter, must, same, becomes, statusOf, ledger } from './kit.mjs';

const nap = 500;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// sound: axe finds nothing, in light and dark, wide and on a phone, and nothing scrolls sideways.
async function sound(page, what) {
  const cdp = await page.context().newCDPSession(page);
  await page.evaluate(axe);
  for (const [width, scheme] of [[1440, 'light'], [390, 'dark']]) {
    await cdp.send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: false });
    await cdp.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120)).join(' | '))));
    same(found, [], `${what} at ${width} ${scheme}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    must(over <= 0, `${what} at ${width}: ${over} px too wide`);
  }
  await cdp.send('Emulation.clearDeviceMetricsOverride');
  await cdp.send('Emulation.setEmulatedMedia', { features: [] });
  await cdp.detach();
}

async function press(page, code, key, repeat = 0) { // as a Russian layout does
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Input.dispatchKeyEvent', { type: 'keyDown', code, key, text: key.length === 1 ? key : undefined });
  for (let i = 0; i < repeat; i++) await cdp.send('Input.dispatchKeyEvent', { type: 'keyDown', code, key, text: key.length === 1 ? key : undefined, autoRepeat: true });
  await cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', code, key });
  await cdp.detach();
}

const focus = (page) => page.evaluate(() => document.activeElement.dataset.testid || document.activeElement.id || document.activeElement.tagName);
const awake = (page) => page.waitForFunction(() => document.documentElement.dataset.asleep === undefined);
const focuses = (page, id) => page.waitForFunction((x) => document.activeElement.dataset.testid === x, id);

await main(async () => {
  const maker = await at('lebedev');
  const paths = [];
  for (let i = 0; i < 4; i++) paths.push(await enter(maker, payout({ amount: `1${i}00,00` })));
  const page = await at('orlov', paths[0]);
  await check('J and K go from payout to payout without the list, on a Russian layout', async () => {
    for (const [code, key, to] of [['KeyJ', 'о', 1], ['KeyJ', 'о', 2], ['KeyK', 'л', 1], ['KeyK', 'л', 0]]) {
      await awake(page);
      await Promise.all([page.waitForURL((u) => u.pathname === paths[to]), press(page, code, key)]);
    }
  });
  await check('a held J goes on by one', async () => {
    await page.goto(paths[0]);
    await awake(page);
    await Promise.all([page.waitForURL((u) => u.pathname === paths[1]), press(page, 'KeyJ', 'о', 5)]);
    await awake(page);
    same(new URL(page.url()).pathname, paths[1], 'after the key was let go');
  });
  await check('A, C and R lead to their buttons, and press nothing', async () => {
    for (const [code, key, id] of [['KeyA', 'ф', 'approve'], ['KeyC', 'с', 'changes'], ['KeyR', 'к', 'reject']]) {
      await press(page, code, key);
      await focuses(page, id);
      const seen = await page.evaluate(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; });
      must(seen, `the focus on ${id} cannot be seen`);
    }
    same(await statusOf(page), 'pending_approval', 'status');
  });
  await check('the decision page with rules unfolded and hints is sound', async () => {
    await page.evaluate(() => { document.querySelector('.asks details').open = true; });
    must(await page.locator('[data-testid=hints] li').count() > 0, 'no hints');
    await sound(page, 'the decision page');
  });
  await check('keys are off in the reason', async () => {
    await page.focus('#reason');
    await page.keyboard.type('jkacr?');
    same(await page.inputValue('#reason'), 'jkacr?', 'reason');
    same(new URL(page.url()).pathname, paths[1], 'page');
    await page.fill('#reason', '');
  });
  await check('a held Enter presses nothing', async () => {
    await page.goto(paths[1]);
    await awake(page);
    await press(page, 'KeyA', 'ф');
    await focuses(page, 'approve');
    const cdp = await page.context().newCDPSession(page);
    for (let i = 0; i < 10; i++) await cdp.send('Input.dispatchKeyEvent', { type: 'keyDown', code: 'Enter', key: 'Enter', text: '\r', autoRepeat: true });
    await cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', code: 'Enter', key: 'Enter' });
    await cdp.detach();
    same(await statusOf(page), 'pending_approval', 'status');
    same(await page.evaluate(() => document.querySelector('#decide-form').dataset.busy), undefined, 'posted');
  });
  await check('nothing can be pressed in the first half second of a page', async () => {
    await page.context().addInitScript(() => { // as early as anybody could press
      document.addEventListener('DOMContentLoaded', () => {
        window.napBegan = performance.now();
        const b = document.querySelector('[data-testid=approve]');
        const o = new MutationObserver(() => { if (document.documentElement.dataset.asleep === undefined) { window.napped = performance.now() - window.napBegan; o.disconnect(); } });
        o.observe(document.documentElement, { attributes: true });
        if (b) { b.click(); b.form.requestSubmit(); window.tried = b.disabled; }
      });
    });
    await page.goto(paths[1]);
    await awake(page);
    const saw = await page.evaluate(() => ({ tried: window.tried, napped: window.napped, left: [...document.querySelectorAll('[data-decides]')].filter((b) => b.disabled).length }));
    same(saw.tried, true, 'the button slept');
    must(saw.napped >= nap - 50, `it slept ${saw.napped} ms`);
    same(saw.left, 0, 'buttons still asleep');
    same(new URL(page.url()).pathname, paths[1], 'page');
    same(await statusOf(page), 'pending_approval', 'status');
  });
  await check('? lists the keys, keeps the focus, and they do nothing while it is open', async () => {
    await page.focus('[data-testid=changes]');
    await press(page, 'Slash', '?');
    await page.waitForSelector('#keys[open]');
    await press(page, 'KeyJ', 'о');
    same(new URL(page.url()).pathname, paths[1], 'page');
    await sound(page, 'the list of keys');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#keys:not([open])', { state: 'attached' });
    same(await focus(page), 'changes', 'focus');
  });
  await check('a decision on the walk opens the next one, which says what became of the one before', async () => {
    await page.goto(paths[0]);
    await awake(page);
    await Promise.all([page.waitForURL((u) => u.pathname === paths[1]), press(page, 'KeyJ', 'о')]);
    await awake(page);
    await press(page, 'KeyA', 'ф');
    await focuses(page, 'approve');
    await Promise.all([page.waitForURL((u) => u.pathname === paths[2]), page.keyboard.press('Enter')]);
    must((await page.innerText('[data-testid=before]')).includes('№'), 'nothing about the one before');
    const done = await at('lebedev', paths[1]);
    await becomes(done, 'succeeded');
    await done.context().close();
  });
  await check('a double click approves once', async () => {
    await page.goto(paths[2]);
    await awake(page);
    let posts = 0;
    page.on('request', (r) => { if (r.method() === 'POST' && r.url().endsWith('/approve')) posts++; });
    await page.dblclick('[data-testid=approve]');
    await becomes(page, 'succeeded');
    same(posts, 1, 'posts');
    const ref = await page.locator('[data-reference]').getAttribute('data-reference');
    same((await ledger()).filter((e) => e.reference === ref).length, 1, 'payments at the bank');
  });
  await check('an edit in another tab: the decision is a 409 with the difference, and nothing is decided', async () => {
    await page.goto(paths[3]);
    await awake(page);
    await page.context().setOffline(false);
    const edit = await at('lebedev', paths[3] + '/edit');
    await page.route('**/live*', (r) => r.abort()); // this tab hears nothing of it
    await page.evaluate(() => { document.querySelector('#decide').removeAttribute('data-live'); });
    await edit.fill('#amount', '7777,00');
    await Promise.all([edit.waitForURL((u) => u.pathname === paths[3]), edit.click('[data-testid=submit]')]);
    const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() === 'POST'), page.click('[data-testid=approve]')]);
    same(answer.status(), 409, 'answer');
    const text = (await page.innerText('main')).replace(/\u00a0/g, ' ');
    must(text.includes('1300,00') || text.includes('1 300,00'), 'what was seen is not shown: ' + text);
    must(text.includes('7777,00') || text.includes('7 777,00'), 'what is now is not shown: ' + text);
    await page.unroute('**/live*');
    await page.goto(paths[3]);
    same(await statusOf(page), 'pending_approval', 'status');
    await edit.context().close();
  });
  await check('many at once: picked by keyboard, fixed, decided in one press, told line by line', async () => {
    const some = [];
    for (let i = 0; i < 3; i++) some.push(await enter(maker, payout({ amount: `2${i}00,00` })));
    await page.goto('/approvals');
    for (const p of some) {
      await page.focus(`tr:has(a[href="${p}"]) input[name=pick]`);
      await page.keyboard.press('Space');
    }
    await page.focus('[data-testid=many-picked]');
    await Promise.all([page.waitForURL('**/approvals/many'), page.keyboard.press('Enter')]);
    same(await page.locator('input[name=i]').count(), 3, 'items');
    await sound(page, 'the list before it is decided');
    const edit = await at('lebedev', some[1] + '/edit');
    await edit.fill('#amount', '8888,00');
    await Promise.all([edit.waitForURL((u) => u.pathname === some[1]), edit.click('[data-testid=submit]')]);
    await edit.context().close();
    await awake(page);
    await press(page, 'KeyA', 'ф');
    await focuses(page, 'approve-many');
    await Promise.all([page.waitForURL(/\/approvals\/many\/b[0-9a-f]+$/), page.keyboard.press('Enter')]);
    const lines = await page.locator('[data-testid=batch-result] tbody tr').allInnerTexts();
    same(lines.length, 3, 'lines');
    must(lines[0].includes('Изменилась'), 'what moved is not named first: ' + lines[0]);
    await sound(page, 'what came of the list');
    const one = await at('lebedev', some[0]);
    await becomes(one, 'succeeded');
    await one.context().close();
  });
  await check('at 400 % and on a phone nothing scrolls sideways and the buttons can be reached', async () => {
    for (const [width, height] of [[320, 256], [390, 844]]) { // 1280 × 1024 at 400 %
      const cdp = await page.context().newCDPSession(page);
      await cdp.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
      for (const where of [paths[3], '/approvals']) {
        await page.goto(where);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        must(over <= 0, `${where} at ${width}: ${over} px too wide`);
      }
      await page.goto(paths[3]);
      await awake(page);
      await press(page, 'KeyA', 'ф');
      await focuses(page, 'approve');
      const box = await page.locator('[data-testid=approve]').boundingBox();
      must(box.x >= 0 && box.x + box.width <= width && box.height >= 44, `the button at ${width}: ${JSON.stringify(box)}`);
      await cdp.send('Emulation.clearDeviceMetricsOverride');
      await cdp.detach();
    }
  });
});
