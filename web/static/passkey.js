// Passkeys: a form that needs one asks the browser first and is posted with the answer. Forms say what they need in data attributes: data-add (make
// a passkey), data-enter (sign in), and inside a decision's form data-sign (sign it) with data-create where one must be made first.
'use strict';
(() => {
  const one = (s, r) => (r || document).querySelector(s);
  const raw = (s) => Uint8Array.from(atob(s.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (b) => {
    let s = '';
    new Uint8Array(b).forEach((c) => { s += String.fromCharCode(c); });
    return btoa(s).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  };

  // ask posts to the desk and gets a question, or an error in words.
  const ask = async (url, form) => {
    const r = await fetch(url, { method: 'POST', credentials: 'same-origin', headers: { 'HX-Request': 'true', Accept: 'application/json' }, body: new URLSearchParams(form || {}) });
    if (r.status === 204) return {};
    const said = await r.json().catch(() => ({}));
    if (!r.ok) throw new Error(said.error || '');
    return said;
  };

  // Options come as JSON; browsers want bytes. Not every browser reads them by itself.
  const native = (o) => {
    const k = Object.assign({}, o.publicKey);
    k.challenge = raw(k.challenge);
    if (k.user) k.user = Object.assign({}, k.user, { id: raw(k.user.id) });
    ['excludeCredentials', 'allowCredentials'].forEach((n) => { if (k[n]) k[n] = k[n].map((c) => Object.assign({}, c, { id: raw(c.id) })); });
    return { publicKey: k };
  };
  const answer = (c) => {
    const r = c.response, out = { clientDataJSON: text(r.clientDataJSON) };
    if (r.attestationObject) {
      out.attestationObject = text(r.attestationObject);
      out.transports = r.getTransports ? r.getTransports() : [];
    } else {
      out.authenticatorData = text(r.authenticatorData);
      out.signature = text(r.signature);
      if (r.userHandle) out.userHandle = text(r.userHandle);
    }
    return JSON.stringify({ id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment || undefined,
      clientExtensionResults: c.getClientExtensionResults(), response: out });
  };
  const make = (url) => ask(url).then((q) => navigator.credentials.create(native(q.options)).then((c) => ({ challenge: q.challenge, response: answer(c) })));
  const get = (url, form) => ask(url, form).then((q) => navigator.credentials.get(native(q.options)).then((c) => ({ challenge: q.challenge, response: answer(c) })));

  // create makes the first passkey before a decision that needs one, without leaving the page.
  const create = (d) => make(d.create).then((a) => ask(d.created, a)).then(() => { d.create = ''; });

  function run(f, box, button, what) {
    if (f.dataset.asking) return;
    f.dataset.asking = '1';
    const say = one('[data-say]', f);
    if (say) say.hidden = true;
    const end = () => { f.removeAttribute('data-asking'); };
    what().then((a) => {
      end();
      // The page may have renewed its panel meanwhile: the answer goes with the same decision there, or nowhere.
      const value = (x, n) => (x.elements[n] ? x.elements[n].value : '');
      const g = f.isConnected ? f : Array.from(document.forms).find((x) => x.elements.response && x.getAttribute('action') === f.getAttribute('action') && value(x, 'digest') === value(f, 'digest'));
      if (!g) return;
      g.elements.challenge.value = a.challenge;
      g.elements.response.value = a.response;
      g.requestSubmit(button && button.isConnected ? button : one('.btn-main', g));
    }).catch((e) => {
      end();
      const d = box.dataset;
      const said = e.name === 'NotAllowedError' || e.name === 'AbortError' ? d.cancelled : e.name === 'Error' && e.message ? e.message : d.trouble;
      if (say) { say.textContent = said; say.hidden = false; }
    });
  }

  document.addEventListener('submit', (e) => {
    const f = e.target, b = e.submitter;
    if (!f.elements || !f.elements.response || f.elements.response.value) return;
    if (b && b.hasAttribute('formaction')) return; // another button of the same form: no signature
    const sign = one('[data-sign]', f);
    const code = f.elements.code;
    const box = sign || f;
    let what = null;
    if (f.dataset.add) what = () => make(f.dataset.add);
    else if (f.dataset.enter) what = () => get(f.dataset.enter);
    else if (sign && !(code && code.value.trim()) && sign.dataset.keys !== 'none') {
      const d = sign.dataset;
      const q = { digest: d.signDigest };
      what = () => (d.create ? create(d) : Promise.resolve()).then(() => get(d.sign, q));
    }
    if (!what) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    if (!window.PublicKeyCredential) {
      const say = one('[data-say]', f);
      if (say) { say.textContent = box.dataset.trouble; say.hidden = false; }
      return;
    }
    run(f, box, b, what);
  }, true);
  window.addEventListener('pageshow', (e) => { // the back button: an answer is good once
    if (e.persisted) document.querySelectorAll('input[name=response]').forEach((i) => { i.value = ''; });
  });
  document.addEventListener('click', (e) => { if (e.target.closest('[data-print]')) window.print(); });
})();
