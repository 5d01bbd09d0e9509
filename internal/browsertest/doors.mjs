// The end of a sign-in covers the page and loses nothing; a suspended person's page ends; nothing stays behind; print.
import { main, check, at, fresh, signIn, who, payout, type, enter, must, same, becomes, mark, stayed, statusOf } from './kit.mjs';

const secret = { full_name: 'Тайный Получатель' };

await main(async () => {
  await check('a sign-in ended from elsewhere covers the page; the same person uncovers it as it was typed', async () => {
    const page = await at('kuznetsova', '/payouts/new');
    const p = payout(secret);
    await type(page, p);
    await page.waitForFunction(() => document.querySelector('#sheet .payee').textContent.includes('Тайный'));
    await mark(page);
    const other = await at('kuznetsova', '/account');
    for (;;) { // every other sign-in of hers
      const end = other.locator('form[action*="/account/sign-ins/"] button');
      if (await end.count() === 0) break;
      await Promise.all([other.waitForNavigation(), end.first().click()]);
    }
    await page.waitForSelector('#cover:not([hidden])');
    must(await page.evaluate(() => document.querySelector('#frame').inert), 'what lies under the cover can be reached');
    const covered = await page.evaluate(() => { const c = document.querySelector('#cover').getBoundingClientRect(); return c.width >= innerWidth && c.height >= innerHeight; });
    must(covered, 'the cover does not cover');
    if (await page.locator('#cover-password').count()) {
      await page.fill('#cover-password', 'wrong');
      await page.click('#cover .btn-main');
      await page.waitForSelector('#cover .err:not([hidden])');
      await page.fill('#cover-password', who('kuznetsova').password);
    }
    await page.click('#cover .btn-main');
    await page.waitForSelector('#cover', { state: 'hidden' });
    await stayed(page);
    for (const [k, v] of Object.entries(p)) same(await page.inputValue('#' + k), v, k);
    await page.click('[data-testid=submit]');
    await page.waitForURL(/\/payouts\/(?!new)[^/]+$/);
    same(await statusOf(page), 'pending_approval', 'status');
    await mark(page);
    const approver = await at('orlov', new URL(page.url()).pathname);
    await approver.click('[data-testid=approve]');
    await becomes(page, 'succeeded');
    await stayed(page);
    await other.context().close();
    await page.context().close();
  });
  await check('two minutes before a sign-in ends the page says so; staying is one press; then the page is covered', async () => {
    const c = await fresh();
    const page = await c.newPage();
    await page.clock.install();
    await signIn(page, who('lebedev'), '/payouts/new');
    await page.fill('#full_name', secret.full_name);
    must(await page.isHidden('#bar-ends'), 'it says so at once');
    await page.clock.fastForward('13:30');
    await page.waitForSelector('#bar-ends:not([hidden])');
    await page.click('#bar-ends button');
    await page.clock.runFor(2000);
    must(await page.isHidden('#bar-ends'), 'staying did not help');
    await page.clock.fastForward('15:10');
    await page.waitForSelector('#cover:not([hidden])');
    if (await page.locator('#cover-password').count()) await page.fill('#cover-password', who('lebedev').password);
    await page.click('#cover .btn-main');
    await page.waitForSelector('#cover', { state: 'hidden' });
    same(await page.inputValue('#full_name'), secret.full_name, 'name');
    await c.close();
  });
  await check('a form that is posted without a sign-in comes back after signing in', async () => {
    const c = await fresh({ js: false });
    const page = await c.newPage();
    await signIn(page, who('lebedev'), '/payouts/new');
    const p = payout();
    for (const [k, v] of Object.entries(p)) await page.fill('#' + k, v);
    const known = (await c.cookies()).filter((x) => x.name !== '__Host-sid');
    await c.clearCookies();
    await c.addCookies(known);
    await page.click('[data-testid=submit]');
    await page.fill('#email', who('lebedev').email);
    await page.fill('#password', who('lebedev').password);
    await page.click('[data-testid=enter]');
    await page.waitForSelector('[data-testid=payout]');
    must((await page.innerText('main')).includes(p.description), 'another payout');
    await c.close();
  });
  await check('after signing out the browser keeps nothing of it', async () => {
    const page = await at('orlov', '/payouts');
    await page.click('#menu [data-testid=sign-out]');
    await page.waitForURL('**/sign-in');
    const kept = await page.evaluate(async () => ({ local: localStorage.length, session: sessionStorage.length, caches: (await caches.keys()).length,
      databases: indexedDB.databases ? (await indexedDB.databases()).length : 0, workers: (await navigator.serviceWorker.getRegistrations()).length }));
    same(kept, { local: 0, session: 0, caches: 0, databases: 0, workers: 0 }, 'storage');
    must(!(await page.context().cookies()).some((c) => c.name === '__Host-sid' && c.value), 'the cookie of the sign-in is still there');
    await page.goBack();
    await page.waitForURL((u) => u.pathname === '/sign-in');
    await page.context().close();
  });
  await check('printed: the ledger without rail, bars and buttons', async () => {
    const maker = await at('lebedev');
    const path = await enter(maker, payout());
    const page = await at('orlov', path);
    await page.emulateMedia({ media: 'print' });
    for (const where of [path, '/payouts', '/']) {
      await page.goto(where);
      const seen = await page.evaluate(() => [...document.querySelectorAll('.rail, .dock, .bar, .btn, button, .filter, .skip, textarea')].filter((e) => e.getClientRects().length && getComputedStyle(e).visibility !== 'hidden').map((e) => e.outerHTML.slice(0, 80)));
      same(seen, [], where);
    }
    await page.goto(path);
    must(await page.isVisible('#head .amount') && await page.isVisible('#story'), 'the payout itself is not printed');
    same(await page.evaluate(() => getComputedStyle(document.body).color), 'rgb(0, 0, 0)', 'ink');
    await page.context().close();
    await maker.context().close();
  });
  await check('a suspended person\'s page ends, and they do not come back', async () => {
    const page = await at('gromova', '/payouts');
    const admin = await at('tikhonov', '/settings/people');
    const row = admin.locator('tr', { hasText: 'Громова' });
    await row.locator('summary').click();
    await row.locator('textarea').fill('Ушла в отпуск');
    await row.locator('form .btn').first().click();
    await page.waitForFunction(() => location.pathname === '/sign-in' || (document.querySelector('#cover') && !document.querySelector('#cover').hidden));
    await page.goto('/payouts');
    await page.waitForURL((u) => u.pathname === '/sign-in');
    await page.fill('#email', who('gromova').email);
    await page.fill('#password', who('gromova').password);
    await page.click('[data-testid=enter]');
    await page.waitForSelector('[data-error=form]');
  });
});
