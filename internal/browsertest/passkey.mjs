// A passkey in a real Chromium, with its virtual authenticator: made on the decision page of a payout above the limit and used there at once, seen on the page of
// one's own keys, and enough to sign in. Issue 4, point 13 and "To show" d.
import { main, check, must, same, fresh, at, who, signIn, enter, payout, statusOf } from './kit.mjs';

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
    await page.waitForSelector('[data-testid=back],[data-say]:not([hidden]),[data-error]');
    same(await page.locator('[data-testid=back]').count(), 1, 'approved; it says: ' + await page.locator('[data-say],[data-error]').allInnerTexts());
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
    await page.waitForSelector('[data-say]:not([hidden])');
    must((await page.locator('[data-say]').innerText()).length > 10, 'it says nothing');
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
