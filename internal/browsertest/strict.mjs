// The strict demo as somebody meets it: one press opens the desk of each printed person, a payee is saved and paid by the guarded rules, and a sum above the limit is signed
// with a passkey that the decision page makes in one step. No page but one's own factors is ever in the way.
import { main, check, fresh, desk, payout, type, must, same, statusOf } from './kit.mjs';

async function press(email, next = '/') {
  const page = await (await fresh()).newPage();
  await page.goto('/sign-in?next=' + encodeURIComponent(next));
  await page.click(`form[action="/sign-in/demo"] button[value="${email}"]`);
  await page.waitForURL((u) => u.pathname !== '/sign-in');
  return page;
}

await main(async () => {
  await check('one press opens the desk of each of the eight', async () => {
    same(desk.people.length, 8, 'people');
    for (const p of desk.people) {
      const page = await press(p.email);
      same(new URL(page.url()).pathname, '/', p.email);
      await page.context().close();
    }
  });
  await check('the sign-in page shows the codes that a password needs, and one of them works', async () => {
    const page = await (await fresh()).newPage();
    await page.goto('/sign-in');
    await page.click('[data-testid=demo-codes] summary');
    const admin = desk.people.find((p) => p.roles.includes('admin'));
    await page.fill('#email', admin.email);
    await page.fill('#password', admin.password);
    await page.fill('#code', await page.innerText(`[data-code="${admin.email}"]`));
    await page.click('[data-testid=enter]');
    await page.waitForURL((u) => u.pathname === '/');
    await page.context().close();
  });
  const maker = await press('kuznetsova@demo.test');
  await check('a free entry above the first band is refused in words, a saved payee is not', async () => {
    await maker.goto('/payouts/new');
    await type(maker, payout({ amount: '250 000,00' }));
    await Promise.all([maker.waitForNavigation(), maker.click('[data-testid=submit]')]);
    must(/сохранённ/i.test(await maker.innerText('main')), 'it does not say that a saved payee is needed');
    await maker.goto('/payees');
    await maker.locator('[data-testid=payees] .to a[href^="/payees/"]').first().click();
    await maker.click('[data-testid=pay]');
    await maker.fill('#amount', '1 250 000,00');
    await maker.fill('#description', 'Оплата по договору № 77. НДС не облагается');
    await Promise.all([maker.waitForURL(/\/payouts\/(?!new)[^/]+$/), maker.click('[data-testid=submit]')]);
    same(await statusOf(maker), 'pending_approval', 'status');
  });
  await check('above the limit the first passkey is made and signs in one press, though there are one-time codes already', async () => {
    const page = await press('orlov@demo.test', new URL(maker.url()).pathname);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
    await page.click('[data-testid=approve]');
    await page.waitForSelector('[data-testid=back],main [data-say]:not([hidden]),[data-error]');
    same(await page.locator('[data-testid=back]').count(), 1, 'approved; it says: ' + await page.locator('main [data-say],[data-error]').allInnerTexts());
  });
});
