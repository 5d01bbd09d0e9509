// What people type is text: markup through every field into list, detail, bank messages, log.
import { main, check, at, payout, type, enter, must, same, becomes } from './kit.mjs';

const bombs = [`<script>window.hit=1</script>`, `"><img src=x onerror="window.hit=1">`, `'><svg onload=window.hit=1>`, `{{window.hit=1}} javascript:window.hit=1`, `</textarea><script>window.hit=1</script>`];

async function clean(page, where) {
  const bad = await page.evaluate(() => (window.hit ? 'a script ran; ' : '') + [...document.querySelectorAll('img, script:not([src]), svg[onload], [onerror]')].map((e) => e.outerHTML).join(' '));
  same(bad, '', where);
  same(page.context().dialogs, [], where + ': dialogs');
}

await main(async () => {
  const maker = await at('kuznetsova'), approver = await at('orlov'), auditor = await at('belova'), admin = await at('tikhonov');
  const everybody = [maker, approver, auditor, admin];
  const paths = [];
  await check('a draft with markup in every field', async () => {
    for (const b of bombs) {
      const p = { full_name: b, bik: b, account: b, amount: b, description: b, own_ref: b.slice(0, 40), inn: b, kpp: b, note: b };
      await maker.goto('/payouts/new');
      await type(maker, p);
      await maker.waitForFunction((t) => document.querySelector('#sheet .payee').textContent === t, b);
      await clean(maker, 'the form while typing');
      await maker.click('[data-testid=submit]');
      await maker.waitForSelector('#errors');
      await clean(maker, 'the form refused');
      await maker.click('[data-testid=draft]');
      await maker.waitForSelector('[data-testid=payout], #errors');
      await clean(maker, 'the draft');
      if (await maker.locator('[data-testid=payout]').count()) paths.push(new URL(maker.url()).pathname);
    }
  });
  await check('a payout with markup that is sent, and comes back from the bank', async () => {
    const path = await enter(maker, payout({ note: bombs[1], own_ref: bombs[0].slice(0, 40), description: `Оплата <b onmouseover=window.hit=1>7</b> ${bombs[3].slice(0, 30)} ${Date.now()}. НДС не облагается` }));
    paths.push(path);
    await approver.goto(path);
    await approver.click('[data-testid=approve]');
    await becomes(approver, 'succeeded');
  });
  await check('reasons', async () => {
    for (const [button, b] of [['changes', bombs[1]], ['reject', bombs[4]]]) {
      const path = await enter(maker, payout());
      paths.push(path);
      await approver.goto(path);
      await approver.fill('#reason', b);
      await approver.click(`[data-testid=${button}]`);
      await becomes(approver, button === 'changes' ? 'draft' : 'rejected');
    }
    await maker.goto(paths[paths.length - 2]);
    await maker.click('#cancel summary');
    await maker.fill('#cancel-reason', bombs[2]);
    await maker.click('#cancel form .btn');
    await becomes(maker, 'cancelled');
  });
  await check('everybody reads it everywhere as text', async () => {
    for (const page of everybody) {
      for (const at of ['/', '/payouts', ...paths, ...bombs.map((b) => '/payouts?q=' + encodeURIComponent(b) + '&from=' + encodeURIComponent(b) + '&min=' + encodeURIComponent(b) + '&tab=' + encodeURIComponent(b))]) {
        await page.goto(at);
        await clean(page, at);
      }
    }
    must((await maker.goto(paths[0]), await maker.innerText('#head')).includes('<script>'), 'the name is not shown as it was typed');
    await auditor.goto('/inbox');
    const message = await auditor.locator('[data-testid=inbox] a[href^="/inbox/"], a[href^="/inbox/"]').first().getAttribute('href');
    for (const at of ['/inbox', message, '/history', '/history?q=' + encodeURIComponent(bombs[0])]) {
      await auditor.goto(at);
      await clean(auditor, at);
    }
  });
  await check('at the door', async () => {
    const page = await maker.context().newPage();
    await page.context().clearCookies();
    await page.goto('/sign-in?next=' + encodeURIComponent('javascript:window.hit=1//' + bombs[0]));
    await clean(page, 'sign-in');
    await page.evaluate(() => { document.querySelector('#email').type = 'text'; document.querySelector('form').noValidate = true; });
    await page.fill('#email', bombs[1]);
    await page.fill('#password', bombs[0]);
    await page.click('[data-testid=enter]');
    await page.waitForSelector('[data-error=form]');
    await clean(page, 'sign-in refused');
  });
});
