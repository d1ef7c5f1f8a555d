/** Starts the page; whatever is missing, it says so instead of staying blank. */

import { loadCatalogue } from './catalogue.js';
import { byId } from './dom.js';
import { Busy, say, sayError, unsay } from './notice.js';
import { START, Store } from './state.js';

const NO_LIBRARY = 'The map library is missing on this server: “npm ci && npm run vendor” puts it in place.';
const NO_WEBGL = 'This browser cannot draw the map because WebGL is switched off; the data are still there under “collections”.';
const NO_DATA =
  'Nothing is mapped yet. Load samples with “edaphos load samples FILE --profile …” and map them with “edaphos map zinc”; “make demo” does both with an example.';

/** @template T @param {Promise<T>} promise @param {string} sentence said when it fails @returns {Promise<T | null>} */
const orSay = (promise, sentence) =>
  promise.catch(() => {
    say('page', sentence, 'error');
    return null;
  });

/** @param {Busy} busy */
async function start(busy) {
  const library = await orSay(import('./map.js'), NO_LIBRARY);
  const map = library && (await orSay(library.createMap(), NO_WEBGL));
  if (!map) return;
  busy.watch(map);
  const { Session } = await import('./session.js');
  const catalogue = await loadCatalogue(new AbortController().signal);
  const session = new Session(map, catalogue, new Store(START), busy);
  session.open(location.hash);
  if (!catalogue.contaminants.length) say('page', NO_DATA);
}

/** A narrow screen shows the legend as one line until it is asked for. */
function fitLegend() {
  const narrow = matchMedia('(max-width: 760px)');
  const draw = () => byId('legend-box', HTMLDetailsElement).toggleAttribute('open', !narrow.matches);
  narrow.addEventListener('change', draw);
  draw();
}

byId('skip', HTMLAnchorElement).addEventListener('click', (event) => {
  event.preventDefault(); // the fragment of the address holds the state of the map
  document.querySelector('canvas')?.focus();
});
fitLegend();
byId('message-close', HTMLButtonElement).addEventListener('click', () => unsay());
const busy = new Busy();
await busy.during(() => start(busy)).catch((error) => sayError('page', error));
