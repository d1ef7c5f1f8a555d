/** What the page shows, and its form in the address: a link shows a colleague the same map. */

/** @typedef {'concentration' | 'uncertainty' | 'exceedance'} Layer */
/** @typedef {'expected' | 'median' | 'low' | 'high'} Statistic */
/** @typedef {'samples' | 'sources' | 'regulatory' | 'statistical'} Overlay */

/**
 * @typedef {object} State
 * @property {string | null} contaminant
 * @property {string | null} surface collection id
 * @property {Layer} layer
 * @property {Statistic} statistic
 * @property {'guideline' | 'limit'} against
 * @property {string | null} guideline rule
 * @property {number | null} limit mg/kg
 * @property {readonly string[]} assume name:value
 * @property {readonly Overlay[]} hidden
 * @property {number} opacity
 * @property {boolean} fade colours fade where little is known
 * @property {string | null} band of a map that was derived from others
 * @property {{zoom: number, lat: number, lon: number} | null} view
 * @property {import('./types.js').Place | null} place the one that was asked about
 */

/** @type {readonly Layer[]} */
export const LAYERS = ['concentration', 'uncertainty', 'exceedance'];
/** @type {readonly Statistic[]} */
export const STATISTICS = ['expected', 'median', 'low', 'high'];
/** @type {readonly Overlay[]} */
export const OVERLAYS = ['samples', 'sources', 'regulatory', 'statistical'];

/** @type {Readonly<State>} */
export const START = Object.freeze({
  contaminant: null,
  surface: null,
  layer: 'concentration',
  statistic: 'expected',
  against: 'guideline',
  guideline: null,
  limit: null,
  assume: [],
  hidden: [],
  opacity: 0.8,
  fade: false,
  band: null,
  view: null,
  place: null,
});

/**
 * The value if it is among those known, else the first.
 * @template {string} T
 * @param {string | null} value
 * @param {readonly T[]} known
 * @returns {T}
 */
const among = (value, known) => known.find((one) => one === value) ?? /** @type {T} */ (known[0]);

/** @param {string | null} text @param {number} low @param {number} high */
function number(text, low, high) {
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) && value >= low && value <= high ? value : null;
}

/** @param {string | null} text zoom/lat/lon @returns {State['view']} */
function readView(text) {
  const [zoomText = null, latText = null, lonText = null] = text?.split('/') ?? [];
  const [zoom, lat, lon] = [number(zoomText, 0, 24), number(latText, -90, 90), number(lonText, -180, 180)];
  return zoom === null || lat === null || lon === null ? null : { zoom, lat, lon };
}

/** @param {string | null} text lat,lon @returns {State['place']} */
export function readPlace(text) {
  const [latText = null, lonText = null, rest] = text?.split(/[,;\s]+/).filter(Boolean) ?? [];
  const [lat, lon] = [number(latText, -90, 90), number(lonText, -180, 180)];
  return lat === null || lon === null || rest !== undefined ? null : { lon, lat };
}

/**
 * Read a state from an address; whatever is wrong in it falls back to the start.
 * @param {string} hash
 * @returns {State}
 */
export function readHash(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const hidden = given.get('hide')?.split(',') ?? [];
  return {
    contaminant: given.get('contaminant'),
    surface: given.get('surface'),
    layer: among(given.get('layer'), LAYERS),
    statistic: among(given.get('statistic'), STATISTICS),
    against: given.has('limit') ? 'limit' : 'guideline',
    guideline: given.get('guideline'),
    limit: number(given.get('limit'), Number.MIN_VALUE, 1e6),
    assume: given.getAll('assume').filter((text) => /^[^:]+:.+$/.test(text)),
    hidden: OVERLAYS.filter((name) => hidden.includes(name)),
    opacity: number(given.get('opacity'), 0, 1) ?? START.opacity,
    fade: given.get('fade') === 'yes',
    band: given.get('band'),
    view: readView(given.get('view')),
    place: readPlace(given.get('at')),
  };
}

/** @param {State} state @returns {string} */
export function writeHash(state) {
  const pairs = new URLSearchParams();
  /** @param {string} name @param {string | number | null | undefined | false} value */
  const add = (name, value) => value !== null && value !== undefined && value !== false && pairs.append(name, String(value));
  add('contaminant', state.contaminant);
  add('surface', state.surface);
  add('layer', state.layer);
  add('statistic', state.statistic !== START.statistic && state.statistic);
  if (state.against === 'limit') add('limit', state.limit);
  else add('guideline', state.guideline);
  for (const assumption of state.assume) add('assume', assumption);
  if (state.hidden.length) add('hide', state.hidden.join(','));
  add('opacity', state.opacity !== START.opacity && state.opacity);
  add('fade', state.fade && 'yes');
  add('band', state.band);
  if (state.view) add('view', `${state.view.zoom.toFixed(2)}/${state.view.lat.toFixed(5)}/${state.view.lon.toFixed(5)}`);
  if (state.place) add('at', `${state.place.lat.toFixed(6)},${state.place.lon.toFixed(6)}`);
  return `#${pairs.toString().replace(/%3A/g, ':').replace(/%2F/g, '/').replace(/%2C/g, ',')}`;
}

/** The one place where the state lives; listeners hear of every change with the state before it. */
export class Store {
  /** @type {((now: State, before: State) => void)[]} */
  #listeners = [];

  /** @param {State} state */
  constructor(state) {
    this.state = state;
  }

  /** @param {(now: State, before: State) => void} listener */
  subscribe(listener) {
    this.#listeners.push(listener);
  }

  /** @param {Partial<State>} change */
  set(change) {
    const before = this.state;
    this.state = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.state, before);
  }
}
