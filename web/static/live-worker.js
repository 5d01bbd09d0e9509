// One stream of /live for all tabs of a browser. It runs as a SharedWorker; where there is none, the tab that
// holds the lock runs it as its own Worker and passes everything on (desk.js).
//
// A tab says {hi: sequence its page was rendered at, key: language and person}, 'again' after a new sign-in,
// 'bye' when it goes. It hears {name: 'hello' | 'up' | 'down' | 'payout' | 'counts' | 'reload', data, last}.
'use strict';
const ports = new Set();
let source = null, key = '', last = '', up = false, wait = 2000, timer = 0;

function tell(m) { ports.forEach((p) => p.postMessage(m)); }

function open() {
  clearTimeout(timer);
  if (source) source.close();
  source = new EventSource('/live' + (last ? '?after=' + encodeURIComponent(last) : ''));
  source.onopen = () => { up = true; wait = 2000; tell({ name: 'up' }); };
  source.onerror = () => {
    up = false;
    tell({ name: 'down' });
    if (source.readyState !== EventSource.CLOSED) return; // the browser reconnects by itself, with Last-Event-ID
    timer = setTimeout(open, wait); // refused: not signed in, or too many streams
    wait = Math.min(wait * 2, 30000);
  };
  ['payout', 'counts', 'reload'].forEach((name) => source.addEventListener(name, (e) => {
    if (e.lastEventId) last = e.lastEventId;
    tell({ name, data: e.data, last });
  }));
}

function hear(port, m) {
  if (m === 'bye') {
    ports.delete(port);
  } else if (m === 'again') {
    wait = 2000;
    open();
  } else if (m.hi !== undefined) {
    ports.add(port);
    if (!last) last = String(m.hi);
    if (!source || m.key !== key) { // another language or person: the badges and counts would be wrong
      key = m.key;
      open();
    }
    port.postMessage({ name: 'hello', last, data: up });
  }
}

if ('onconnect' in self) {
  self.onconnect = (e) => {
    const port = e.ports[0];
    port.onmessage = (m) => hear(port, m.data);
  };
} else {
  self.onmessage = (m) => hear(self, m.data);
}
