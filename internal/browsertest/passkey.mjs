// A passkey in a real Chromium, with its virtual authenticator: made on the decision page of a payout above the limit and used there at once, seen on the page of
// one's own keys, enough to sign in and to uncover a page, and one press for a whole list. Issue 4, point 13 and "To show" d.
import { main, check, must, same, fresh, at, who, signIn, enter, payout, statusOf, mark, stayed } from './kit.mjs';

// authenticator gives a page's browser a key that verifies its user and stays with the page's tab.
async function authenticator(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return {
    cdp, authenticatorId,
    keys: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    verified: (isUserVerified) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}

main(async () => {
  const maker = await at('kuznetsova');
  const large = await enter(maker, payout({ amount: '1 500 000,00' }));
  const second = await enter(maker, payout({ amount: '1 600 000,00' }));

  const c = await fresh();
  const page = await c.newPage();
  await signIn(page, who('orlov'), large);
  const key = await authenticator(page);

  await check('above the limit the decision page makes a passkey and signs with it in one press', async () => {
    const button = page.locator('[data-testid=approve]');
    must((await button.innerText()).includes('Создать ключ доступа и подписать'), await button.innerText());
    await button.click();
    await page.waitForSelector('[data-testid=back],main [data-say]:not([hidden]),[data-error]');
    same(await page.locator('[data-testid=back]').count(), 1, 'approved; it says: ' + await page.locator('main [data-say],[data-error]').allInnerTexts());
    same((await key.keys()).length, 1, 'keys');
    same(await statusOf(page), 'pending_approval', 'status');
    same(await page.locator('#head .badge[data-status=pending_approval]').count(), 1, 'badge');
  });

  await check('one’s own page shows the key with its fingerprint, to be written down', async () => {
    await page.goto('/account/factors');
    same(await page.locator('[data-factor]').count(), 1, 'rows');
    must(/^[0-9a-f]{4}( [0-9a-f]{4}){3}$/.test(await page.locator('[data-fingerprint]').getAttribute('data-fingerprint')), 'fingerprint');
    must((await page.locator('main').innerText()).includes('Подписывает с'), 'it does not sign');
  });

  await check('the next payout is signed by one press with the same key', async () => {
    await page.goto(second);
    must(!(await page.locator('[data-testid=approve]').innerText()).includes('Создать'), 'a second key is offered');
    await page.click('[data-testid=approve]');
    await page.waitForSelector('[data-testid=back]');
    same((await key.keys()).length, 1, 'keys');
  });

  await check('taken back, it is not signed by somebody who is not verified; the page says what to do', async () => {
    await page.click('[data-testid=back]');
    await page.waitForSelector('[data-testid=approve]');
    await key.verified(false);
    await page.click('[data-testid=approve]');
    await page.waitForSelector('main [data-say]:not([hidden])');
    must((await page.locator('main [data-say]').innerText()).length > 10, 'it says nothing');
    same(await page.locator('[data-testid=back]').count(), 0, 'approvals');
    await key.verified(true);
    await page.click('[data-testid=approve]');
    await page.waitForSelector('[data-testid=back]');
  });

  await check('the passkey alone signs in, and leads to where the person wanted to go', async () => {
    await page.goto('/account');
    await page.locator('form[action="/sign-out"] button').first().click();
    await page.waitForURL((u) => u.pathname === '/sign-in');
    await page.goto('/sign-in?next=' + encodeURIComponent(large));
    await page.click('[data-testid=sign-in-passkey] button');
    await page.waitForURL((u) => u.pathname === large);
    same(await page.locator('#desk').getAttribute('data-who'), who('orlov').email, 'who');
  });

  await check('a sign-in ended from elsewhere: the passkey uncovers the page as it was typed, another person’s does not', async () => {
    await page.goto(second);
    await page.click('[data-testid=back]');
    await page.waitForSelector('[data-testid=approve]');
    await page.fill('#decide textarea', 'Проверьте номер счёта');
    await mark(page);
    const elsewhere = await at('orlov', '/account');
    for (;;) {
      const end = elsewhere.locator('form[action*="/account/sign-ins/"] button');
      if (await end.count() === 0) break;
      await Promise.all([elsewhere.waitForNavigation(), end.first().click()]);
    }
    await page.waitForSelector('#cover:not([hidden])');
    const only = page.locator('[data-testid=cover-passkey] input[name=only]');
    const mine = await only.getAttribute('value');
    same(mine, who('orlov').email, 'whom the cover waits for');
    await only.evaluate((i, v) => { i.value = v; }, who('gromova').email); // as if she had left the page
    await page.click('[data-testid=cover-passkey] .btn');
    await page.waitForSelector('[data-testid=cover-passkey] .err:not([hidden])');
    must(await page.isVisible('#cover'), 'it was uncovered');
    await only.evaluate((i, v) => { i.value = v; }, mine);
    await page.click('[data-testid=cover-passkey] .btn');
    await page.waitForSelector('#cover', { state: 'hidden' });
    await stayed(page);
    same(await page.inputValue('#decide textarea'), 'Проверьте номер счёта', 'reason');
    await page.fill('#decide textarea', '');
    await page.click('[data-testid=approve]');
    await page.waitForSelector('[data-testid=back]');
    await elsewhere.context().close();
  });

  await check('many at once above the limit: one press signs the list', async () => {
    const some = [await enter(maker, payout({ amount: '700 000,00' })), await enter(maker, payout({ amount: '800 000,00' }))];
    await page.goto('/approvals');
    for (const p of some) await page.check(`tr:has(a[href="${p}"]) input[name=pick]`);
    await Promise.all([page.waitForURL('**/approvals/many'), page.click('[data-testid=many-picked]')]);
    const before = (await key.keys())[0].signCount;
    await page.waitForFunction(() => document.documentElement.dataset.asleep === undefined);
    await Promise.all([page.waitForURL(/\/approvals\/many\/b[0-9a-f]+$/), page.click('[data-testid=approve-many]')]);
    same((await key.keys())[0].signCount, before + 1, 'signatures asked of the key');
    same(await page.locator('[data-testid=batch-result] tbody tr').count(), 2, 'lines');
    for (const p of some) {
      await page.goto(p);
      same(await page.locator('[data-testid=back]').count(), 1, 'approved ' + p);
    }
  });

  await check('without a script the page says that a passkey needs one, and a press alone is refused', async () => {
    const bare = await (await fresh({ js: false })).newPage();
    await signIn(bare, who('gromova'), large);
    must((await bare.locator('[data-sign]').innerText()).includes('JavaScript'), 'it does not say so');
    await bare.click('[data-testid=approve]');
    await bare.waitForSelector('[data-error=form]');
  });

  await check('recovery codes are shown once', async () => {
    await page.goto('/account/factors');
    if (await page.locator('[data-testid=fresh]').count()) throw new Error('it asks who is there a moment after signing in');
    await page.locator('[data-testid=recovery] button').click();
    await page.waitForSelector('[data-testid=codes]');
    same(await page.locator('[data-testid=codes] li').count(), 10, 'codes');
    await page.goto('/account/factors');
    same(await page.locator('[data-testid=codes]').count(), 0, 'shown again');
  });
});
