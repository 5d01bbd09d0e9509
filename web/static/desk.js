// The desk's own script. Every page works without it; with it a page stays true by itself, says in time that
// the sign-in ends, and helps while typing. What it needs stands in data attributes of #desk.
'use strict';
(() => {
  const one = (s, r) => (r || document).querySelector(s);
  const all = (s, r) => Array.from((r || document).querySelectorAll(s));
  const root = document.documentElement;
  const box = one('#desk');
  const words = box ? box.dataset : {};
  const fill = (s, ...a) => s.replace(/\{(\d)\}/g, (_, n) => a[n - 1]);
  const forms = new Intl.PluralRules(words.lang || 'ru');
  const counted = (name, n) => {
    const f = forms.select(n);
    return fill(words[name + (f === 'one' ? 'One' : f === 'few' ? 'Few' : 'Many')], n);
  };
  const say = (text) => { const s = one('#say'); if (s) s.textContent = text; };
  const post = (url) => fetch(url, { method: 'POST', credentials: 'same-origin', headers: { 'HX-Request': 'true' } });

  try { sessionStorage.clear(); } catch (e) { /* refused: then nothing is there */ } // htmx notes addresses; nothing stays in a browser

  // ---- Forms: one press is one post ----
  document.addEventListener('submit', (e) => {
    const f = e.target, b = e.submitter;
    if (e.defaultPrevented || f.method !== 'post') return;
    if (f.dataset.busy) return e.preventDefault();
    f.dataset.busy = '1';
    const shown = b && b.classList.contains('btn') ? b : one('.btn-main', f);
    if (shown && words.saving) {
      shown.dataset.was = shown.innerHTML;
      shown.setAttribute('aria-busy', 'true');
      shown.textContent = words.saving;
    }
  });
  window.addEventListener('pageshow', (e) => { // back button: the page comes as it was left
    if (!e.persisted) return;
    all('form[data-busy]').forEach((f) => f.removeAttribute('data-busy'));
    all('[data-was]').forEach((b) => { b.innerHTML = b.dataset.was; b.removeAttribute('data-was'); b.removeAttribute('aria-busy'); });
    join();
    refresh();
  });

  // ---- The payout form ----
  const check = (f) => { if (f && window.htmx) window.htmx.trigger(f, 'check-now'); };
  const put = (f, name, value) => { const i = f.elements[name]; if (i) { i.value = value; i.dispatchEvent(new Event('input', { bubbles: true })); } };
  document.addEventListener('input', (e) => { // characters used, at once
    const i = e.target, end = i.dataset && i.dataset.max && one('#' + i.id + '-h .end');
    if (end) end.textContent = fill(words.of, Array.from(i.value.trim()).length, i.dataset.max);
  });
  document.addEventListener('click', (e) => {
    const b = e.target.closest('button,a');
    if (!b) return;
    const d = b.dataset, f = b.form;
    if (d.copy !== undefined && navigator.clipboard) {
      const was = b.textContent;
      navigator.clipboard.writeText(d.copy).then(() => {
        b.textContent = words.copied;
        say(words.copied);
        setTimeout(() => { b.textContent = was; }, 2000);
      });
    } else if (d.reading !== undefined) {
      e.preventDefault();
      put(f, 'amount', d.reading);
      f.elements.amount.focus();
    } else if (d.insert !== undefined) {
      e.preventDefault();
      const t = f.elements.description;
      put(f, 'description', t.value.replace(/[\s.,;]*$/, t.value.trim() ? '. ' : '') + d.insert);
      t.focus();
    } else if (d.payee !== undefined) {
      e.preventDefault();
      ['full_name', 'bik', 'account', 'inn', 'kpp'].forEach((n) => put(f, n, d[n] || ''));
      f.elements.amount.focus();
      check(f);
    }
  });
  const first = one('[data-focus]');
  if (first) first.focus();

  // ---- Clocks ----
  const left = (ms) => {
    const s = Math.max(0, Math.ceil(ms / 1000));
    return s < 100 ? fill(words.sec, s) : fill(words.min, Math.ceil(s / 60));
  };
  const clocks = () => all('[data-until]').forEach((el) => {
    const t = left(el.dataset.until - Date.now());
    el.textContent = el.dataset.tick ? fill(el.dataset.tick, t) : t;
  });

  // ---- The queue by keyboard ----
  // A press that was meant for the page before must not decide on this one: the buttons that decide sleep for the first half second of every page.
  const nap = 500; // ms
  let wanted = null; // what a key asked for meanwhile: focused when it wakes
  const sleepers = () => all('[data-decides]');
  const sleep = () => {
    root.dataset.asleep = '';
    sleepers().forEach((b) => { b.disabled = true; });
    setTimeout(() => {
      delete root.dataset.asleep;
      sleepers().forEach((b) => { b.disabled = false; });
      if (wanted) decide(wanted);
      wanted = null;
    }, nap);
  };
  const asleep = () => root.dataset.asleep !== undefined;
  sleep();
  window.addEventListener('pageshow', (e) => { if (e.persisted) sleep(); });
  document.addEventListener('submit', (e) => { // whatever sends the form
    if (asleep() && one('[data-decides]', e.target)) { e.preventDefault(); e.stopImmediatePropagation(); }
  }, true);
  // A key that is held down from the page before, or just held, presses nothing.
  document.addEventListener('keydown', (e) => {
    if (e.repeat && (e.code === 'Enter' || e.code === 'NumpadEnter' || e.code === 'Space') && e.target.closest('[data-decides],.btn-main')) e.preventDefault();
  }, true);
  const keysDialog = one('#keys');
  const help = () => { if (keysDialog && keysDialog.showModal && !keysDialog.open) keysDialog.showModal(); };
  const decide = (code) => {
    if (asleep()) wanted = code; // what sleeps takes no focus
    else (one(decides[code], one('#decide')) || one('#decide')).focus();
  };
  const decides = { KeyA: '[data-decides][data-testid^=approve]', KeyC: '[data-decides][data-testid=changes]', KeyR: '[data-decides][data-testid=reject]' };

  // ---- Keys, by place on the keyboard: a Russian layout works alike ----
  document.addEventListener('keydown', (e) => {
    if (root.dataset.keys !== 'on' || e.ctrlKey || e.metaKey || e.altKey || e.repeat || covered() || (keysDialog && keysDialog.open)) return;
    if (e.target.closest('input:not([type=checkbox]),textarea,select,[contenteditable]')) return;
    if (e.code === 'Slash' && e.shiftKey || e.key === '?') { // on a Russian layout Shift and this place make a comma, and the question mark is at 7
      if (keysDialog) { e.preventDefault(); help(); }
      return;
    }
    if (e.shiftKey) return;
    if (e.code === 'KeyJ' || e.code === 'KeyK') {
      const walk = one(e.code === 'KeyJ' ? '[data-queue=next]' : '[data-queue=prev]');
      const links = all('.list .to a');
      if (walk) { // one payout is open: the next of the queue, without the list
        walk.click();
        return;
      }
      if (one('#queue-nav')) return; // the end of the queue
      const at = links.findIndex((a) => a === document.activeElement);
      const to = links[e.code === 'KeyJ' ? at + 1 : Math.max(0, at - 1)];
      if (to) to.focus();
    } else if (decides[e.code] && one('#decide')) {
      decide(e.code);
    } else if (e.code === 'KeyN' && one('a[href="/payouts/new"]')) {
      one('a[href="/payouts/new"]').click();
    } else if (e.code === 'Slash' && one('[data-search]')) {
      e.preventDefault();
      one('[data-search]').focus();
    }
  });
  if (!box) return; // nobody is signed in: the rest is not needed

  // ---- A page that stays true ----
  let busy = false, again = false, stale = false;
  const moved = new Set(); // payouts that moved since the page was fetched

  // refresh fetches this very page again and puts its live parts in place.
  function refresh() {
    if (document.hidden || covered()) { stale = true; return; }
    if (busy) { again = true; return; }
    busy = true;
    fetch(words.here, { credentials: 'same-origin', headers: { 'Desk-Refresh': '1' } })
      .then((r) => {
        if (r.status === 401 || (r.redirected && new URL(r.url).pathname === '/sign-in')) cover();
        else if (r.ok && !r.redirected) return r.text().then((t) => merge(new DOMParser().parseFromString(t, 'text/html')));
      })
      .catch(() => {})
      .then(() => setTimeout(() => { busy = false; if (again) { again = false; refresh(); } }, 500));
  }
  document.addEventListener('visibilitychange', () => { if (!document.hidden && stale) { stale = false; refresh(); } });

  function merge(doc) {
    all('[data-live]').forEach((was) => {
      const now = doc.getElementById(was.id);
      if (!now || typing(was) || was.outerHTML === now.outerHTML) return;
      if (was.dataset.steady !== undefined && was.matches(':hover')) { // nothing moves under the pointer
        was.addEventListener('mouseleave', refresh, { once: true });
        return;
      }
      keepPlace(was, now);
    });
    all('[data-rows]').forEach((list) => rows(list, doc.getElementById(list.id)));
    all('#menu [data-count]', doc).forEach((c) => count(c.dataset.count, Number(c.textContent)));
    moved.clear();
    clocks();
  }

  // typing: a field in it has focus or holds what the server does not know yet.
  const typing = (el) => all('input:not([type=hidden]),textarea', el).some((i) =>
    i === document.activeElement || (i.type === 'checkbox' ? i.checked !== i.defaultChecked : i.value !== i.defaultValue));

  // keepPlace swaps, with focus and unfolded details kept.
  function keepPlace(was, now) {
    const open = all('details[open]>summary', was).map((s) => s.textContent);
    all('details>summary', now).forEach((s) => { if (open.includes(s.textContent)) s.parentNode.open = true; });
    const can = 'a,button,summary,[tabindex]';
    const at = was.contains(document.activeElement) ? all(can, was).indexOf(document.activeElement) : -1;
    const text = at < 0 ? '' : document.activeElement.textContent;
    const self = was === document.activeElement;
    was.replaceWith(now);
    if (window.htmx) window.htmx.process(now);
    const to = self ? now : at < 0 ? null : all(can, now).find((x) => x.textContent === text);
    if (to) to.focus({ preventScroll: true });
  }

  // rows: a known row is renewed where it stands; one that left the filter dims; new ones wait behind a strip.
  function rows(list, fresh) {
    if (!fresh) return;
    if (list.tagName !== fresh.tagName) { // it was empty: nothing can move under the pointer
      const a = one('#list'), b = fresh.closest('#list');
      if (a && b) a.replaceWith(b);
      return;
    }
    const id = (tr) => { const b = one('[data-payout]', tr); return b ? b.dataset.payout : ''; };
    const had = new Map(Array.from(list.children).map((tr) => [id(tr), tr]));
    const has = new Set();
    let news = 0;
    Array.from(fresh.children).forEach((tr) => {
      const k = id(tr), old = had.get(k);
      has.add(k);
      if (!old) {
        news++;
      } else if (old.innerHTML !== tr.innerHTML) {
        if (moved.has(k)) tr.classList.add('changed');
        keepPlace(old, tr);
      }
    });
    const further = new URLSearchParams(location.search).has('after');
    had.forEach((tr, k) => {
      if (!has.has(k) && moved.has(k) && !further) { tr.classList.add('gone'); tr.title = words.gone; }
    });
    const strip = one('[data-news]');
    if (strip && !further) {
      strip.hidden = !news;
      one('a', strip).textContent = news ? counted('new', news) : '';
    }
  }

  function count(name, n) {
    all('[data-count="' + name + '"]').forEach((c) => {
      if (c.textContent.trim() !== String(n || '')) c.textContent = n || '';
    });
    all('[data-hide-at-zero="' + name + '"]').forEach((el) => { el.hidden = !n && !one('[aria-current]', el); });
    if (name !== 'approvals') return;
    const title = (n ? '(' + n + ') ' : '') + one('title').dataset.title;
    if (document.title === title) return;
    document.title = title;
    say(counted('say', n));
  }

  function badge(html) {
    const t = document.createElement('template');
    t.innerHTML = html;
    const b = t.content.firstElementChild;
    if (!b) return;
    const id = b.dataset.payout, open = one('[data-open-payout="' + CSS.escape(id) + '"]');
    moved.add(id);
    all('[data-payout="' + CSS.escape(id) + '"]').forEach((old) => {
      const row = old.closest('tr,li');
      old.replaceWith(b.cloneNode(true));
      if (row) {
        row.classList.remove('changed');
        void row.offsetWidth; // starts the flash again
        row.classList.add('changed');
      }
    });
    if (open) say(fill(words.sayPayout, open.dataset.number, one('.st', b).textContent));
    document.body.dispatchEvent(new CustomEvent('live-payout', { bubbles: true, detail: { id, status: b.dataset.status } }));
    if (one('[data-live="*"],[data-rows],[data-live="' + CSS.escape(id) + '"]')) refresh();
  }

  // ---- The stream ----
  let dead = 0;
  function hear(m) {
    if (m.name === 'down') {
      if (!dead) refresh(); // perhaps the sign-in was ended: then the page is covered now, not at the next press
      dead = dead || setTimeout(() => { one('#bar-live').hidden = false; }, 5000);
    } else {
      clearTimeout(dead);
      dead = 0;
      one('#bar-live').hidden = true;
    }
    if (m.name === 'hello' && Number(m.last) > Number(words.seq)) refresh(); // something happened before we joined
    if (m.name === 'payout') badge(m.data);
    if (m.name === 'counts') { const c = JSON.parse(m.data); count('approvals', c.approvals); count('unknown', c.unknown); }
    if (m.name === 'reload') refresh();
  }
  let tell = () => {};
  const join = () => tell({ hi: words.seq || '', key: words.lang + words.who });
  let shared = null;
  try { shared = window.SharedWorker && new SharedWorker(words.worker, 'desk').port; } catch (e) { /* refused: go on without */ }
  if (shared) {
    shared.onmessage = (e) => hear(e.data);
    tell = (m) => shared.postMessage(m);
    join();
  } else if (navigator.locks && window.BroadcastChannel) {
    const air = new BroadcastChannel('desk-live');
    air.onmessage = (e) => hear(e.data);
    navigator.locks.request('desk-live', () => new Promise(() => { // the first tab leads; the next when it goes
      const w = new Worker(words.worker);
      w.onmessage = (e) => { hear(e.data); air.postMessage(e.data); };
      tell = (m) => { if (m !== 'bye') w.postMessage(m); };
      join();
    }));
  }
  window.addEventListener('pagehide', () => tell('bye'));

  // ---- The end of a sign-in: said two minutes before, then the page is covered and keeps what was typed ----
  const idle = Number(words.idle) * 1000;
  const seen = window.BroadcastChannel ? new BroadcastChannel('desk-seen') : null;
  let posted = Date.now(), ends = Number(words.ends), active = false;
  if (seen) seen.onmessage = (e) => { posted = Math.max(posted, e.data); };
  function alive() {
    active = false;
    posted = Date.now();
    if (seen) seen.postMessage(posted);
    post('/account/seen').then((r) => { if (r.status === 401) cover(); }).catch(() => {});
  }
  ['pointermove', 'pointerdown', 'keydown', 'wheel'].forEach((n) => document.addEventListener(n, () => { active = true; }, { passive: true }));
  function covered() { const c = one('#cover'); return !!c && !c.hidden; }
  function cover() {
    const c = one('#cover');
    if (!c || covered()) return;
    c.hidden = false;
    one('#bar-ends').hidden = true;
    one('#frame').inert = true;
    (one('input[type=password]', c) || one('.btn', c)).focus();
  }
  if (one('#cover')) {
    one('#bar-ends button').addEventListener('click', alive);
    one('#cover').addEventListener('submit', (e) => {
      e.preventDefault();
      const f = e.target, err = one('.err', f);
      fetch(f.action, { method: 'POST', credentials: 'same-origin', headers: { 'HX-Request': 'true' }, body: new URLSearchParams(new FormData(f)) })
        .then((r) => r.text().then((t) => {
          if (f.elements.response) f.elements.response.value = ''; // a passkey's answer is good once
          const no = r.ok ? null : one('[data-error]', new DOMParser().parseFromString(t, 'text/html'));
          err.hidden = r.ok;
          if (!r.ok) { err.textContent = no ? no.textContent : String(r.status); return; }
          posted = Date.now();
          ends = Math.max(ends, posted + 36e5);
          one('#cover').hidden = true;
          one('#frame').inert = false;
          all('#cover-password, #cover-code').forEach((i) => { i.value = ''; });
          tell('again');
          refresh();
        }));
    });
    document.body.addEventListener('htmx:responseError', (e) => { if (e.detail.xhr.status === 401) cover(); });
    setInterval(() => {
      const now = Date.now();
      if (active && now - posted > 60000 && !covered()) alive();
      const rest = Math.min(posted + idle, ends) - now;
      const bar = one('#bar-ends');
      bar.hidden = rest > 120000 || covered();
      if (!bar.hidden) one('span', bar).textContent = fill(one('span', bar).dataset.text, left(rest));
      if (rest <= 0) cover();
    }, 1000);
  }
  setInterval(clocks, 1000);
  clocks();
})();
