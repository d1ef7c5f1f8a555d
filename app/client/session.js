/** What follows from the state: requests, layers, words. The newest state wins over requests still under way. */

import { address, getJson, ServiceError } from './api.js';
import { choose, extentOf, onlyOf, samplesOf } from './catalogue.js';
import { byId } from './dom.js';
import { figure, position, words } from './format.js';
import { colourSamples, markPlace, presentSymbols, setOpacity, setVisible, showSurface, showVectors } from './layers.js';
import { arranged } from './guideline.js';
import { drawLegend, readable } from './legend.js';
import { LimitPicker } from './limits.js';
import { fit, jump, onAsked, PlacePopup, scaleAt, show, viewOf } from './map.js';
import { say, sayError, unsay } from './notice.js';
import { Panel } from './panel.js';
import { askPlace, positionQuery } from './place.js';
import { popupContent, popupMessage } from './popup.js';
import { assumptionLabel, assumptionQuery, rasterQuery, threshold, titleOf, whyNot } from './question.js';
import { readHash, writeHash } from './state.js';
import { debounced, Latest } from './timing.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Store} Store */
/** @typedef {import('./types.js').Place} Place */
/** @typedef {import('./types.js').Limit} Limit */
/** @typedef {import('./types.js').Legend} Legend */
/** @typedef {import('./types.js').Pairs} Pairs */

/** @type {Pairs} */
const CONCENTRATION = [['quantity', 'expected']];

/** Work that runs when its key changes, and is dropped when the key changes again. */
class Task {
  #latest = new Latest();
  #key = '';
  #topic;
  #busy;
  #work;

  /** @param {string} topic of its complaints @param {import('./notice.js').Busy} busy @param {(signal: AbortSignal) => Promise<void>} work */
  constructor(topic, busy, work) {
    this.#topic = topic;
    this.#busy = busy;
    this.#work = work;
  }

  /** @param {unknown} dependsOn everything that the work looks at */
  update(dependsOn) {
    const key = JSON.stringify(dependsOn);
    if (key === this.#key) return;
    this.#key = key;
    unsay(this.#topic);
    void this.#busy.during(() => this.#latest.run(this.#work)).catch((error) => sayError(this.#topic, error));
  }
}

/** What the list of limits depends on. @param {State} state */
const keyOfLimits = ({ contaminant, surface, assume }) => JSON.stringify([contaminant, surface, assume]);

export class Session {
  /** @type {readonly Limit[]} */
  #limits = [];
  #limitsKey = '';
  /** @type {string | null} */
  #limitsOf = null;
  #told = '';
  /** @type {Legend | null} of the raster */
  #legend = null;
  /** @type {Legend | null} of the concentration, whose classes colour the samples */
  #concentration = null;
  /** @type {ReadonlySet<string>} symbols on the map */
  #present = new Set();
  #map;
  #catalogue;
  #store;
  #popup;
  #panel;
  #picker;
  #tasks;
  #writeHash = debounced(150, () => history.replaceState(null, '', writeHash(this.#store.state)));

  /**
   * @param {import('maplibre-gl').Map} map
   * @param {import('./catalogue.js').Catalogue} catalogue
   * @param {Store} store
   * @param {import('./notice.js').Busy} busy
   */
  constructor(map, catalogue, store, busy) {
    this.#map = map;
    this.#catalogue = catalogue;
    this.#store = store;
    this.#popup = new PlacePopup(map, () => store.set({ place: null }));
    this.#panel = new Panel(store, catalogue, (place) => this.#goTo(place));
    this.#picker = new LimitPicker(store);
    this.#tasks = {
      limits: new Task('limits', busy, (signal) => this.#loadLimits(signal)),
      surface: new Task('surface', busy, (signal) => this.#loadSurface(signal)),
      overlays: new Task('overlays', busy, (signal) => this.#loadOverlays(signal)),
      place: new Task('place', busy, (signal) => this.#loadPlace(signal)),
    };
    store.subscribe((now, before) => this.#follow(now, before));
    onAsked(map, (place) => store.set({ place }));
    map.on('moveend', () => store.set({ view: viewOf(map) }));
    map.on('idle', () => this.#takeStock());
    window.addEventListener('hashchange', () => this.open(location.hash));
    document.addEventListener('keydown', (event) => event.key === 'Escape' && store.set({ place: null }));
  }

  /** Show what an address asks for. @param {string} hash */
  open(hash) {
    const asked = readHash(hash);
    const state = { ...asked, ...choose(this.#catalogue, asked) };
    const box = extentOf(this.#catalogue, state.surface);
    if (state.view) jump(this.#map, state.view);
    else if (box) fit(this.#map, box);
    if (state.place) show(this.#map, state.place);
    this.#store.set({ ...state, view: viewOf(this.#map) });
  }

  /** @returns {import('./types.js').Threshold | null} */
  get #against() {
    const { state } = this.#store;
    return threshold(state, this.#limitsOf === state.surface ? this.#limits : []);
  }

  get #surface() {
    return this.#catalogue.surfaces.find(({ id }) => id === this.#store.state.surface);
  }

  /** @param {State} now @param {State} before */
  #follow(now, before) {
    if (now.surface !== before.surface && before.surface !== null) this.#moveTo(now.surface, before.surface);
    this.#draw();
    const limitsKey = keyOfLimits(now);
    this.#tasks.limits.update(limitsKey);
    this.#tasks.overlays.update([now.contaminant, samplesOf(this.#catalogue, now.surface)]);
    const settled = limitsKey === this.#limitsKey;
    if (settled && now.layer !== before.layer) return this.#settle(limitsKey, this.#limits);
    if (settled || now.layer !== 'exceedance') this.#tasks.surface.update([now.surface, now.layer, rasterQuery(now, this.#against, this.#surface)]);
    if (settled) this.#tellObstacle();
    if (settled) this.#tasks.place.update([now.place, now.surface, now.contaminant, this.#against]);
    this.#writeHash();
  }

  /** Another survey is elsewhere: go there, and leave the place that was asked about. @param {string | null} id @param {string} before */
  #moveTo(id, before) {
    const box = extentOf(this.#catalogue, id);
    if (!box || JSON.stringify(box) === JSON.stringify(extentOf(this.#catalogue, before))) return;
    fit(this.#map, box);
    this.#store.set({ place: null });
  }

  /** Everything that needs no request. */
  #draw() {
    const { state } = this.#store;
    const against = this.#against;
    this.#panel.draw(state);
    this.#picker.draw(state);
    setOpacity(this.#map, state.opacity);
    setVisible(this.#map, state.hidden);
    this.#drawWords(state);
    colourSamples(this.#map, this.#concentration, state.layer === 'exceedance' ? against : null);
    this.#drawLegend();
  }

  #drawLegend() {
    const { layer, hidden } = this.#store.state;
    const against = layer === 'exceedance' && !this.#surface?.bands ? this.#against : null;
    const concentration = (layer === 'concentration' && this.#surface?.bands === null) || against ? null : this.#concentration;
    drawLegend(byId('legend', HTMLElement), { layer: this.#legend, concentration, against, hidden, present: this.#present });
  }

  /** Tiles have come or gone: the legend names what they show. */
  #takeStock() {
    const present = presentSymbols(this.#map);
    if ([...present].sort().join() === [...this.#present].sort().join()) return;
    this.#present = present;
    this.#drawLegend();
  }

  /** @param {State} state */
  #drawWords(state) {
    const surface = this.#surface;
    const title = titleOf(state, this.#against, surface);
    document.title = `${title} · Edaphos`;
    byId('title', HTMLElement).textContent = title;
    const basis = state.layer === 'exceedance' ? this.#against?.label : undefined;
    byId('subtitle', HTMLElement).textContent = [surface?.title, basis].filter(Boolean).join(' · ');
    const label = assumptionLabel(state, this.#against);
    byId('assumption-label', HTMLElement).textContent = label;
    byId('assumption-label', HTMLElement).hidden = label === '';
    byId('source-line', HTMLElement).textContent = surface?.attribution ?? surface?.description ?? '';
  }

  /** @param {AbortSignal} signal */
  async #loadLimits(signal) {
    const { surface, assume, contaminant } = this.#store.state;
    const key = keyOfLimits(this.#store.state);
    /** @type {readonly Limit[]} */
    let limits = [];
    try {
      if (surface) limits = arranged((await getJson(`collections/${surface}/limits`, assumptionQuery(assume), signal)).limits);
      else if (contaminant) say('limits', `There are samples of ${contaminant}, but no map of it yet: “edaphos map ${contaminant}” makes one.`);
    } finally {
      if (!signal.aborted) this.#settle(key, limits);
    }
  }

  /** The limits for this key are known: go on with what waited for them. @param {string} key @param {readonly Limit[]} limits */
  #settle(key, limits) {
    this.#limits = limits;
    this.#limitsKey = key;
    this.#limitsOf = this.#store.state.surface;
    this.#store.set({ guideline: this.#knownGuideline() });
    this.#picker.drawLimits(limits);
  }

  /** The chosen guideline value if this contaminant has it; to begin with, the first that can be compared. */
  #knownGuideline() {
    const { guideline, layer } = this.#store.state;
    if (layer !== 'exceedance' || this.#limits.some(({ rule }) => rule === guideline)) return guideline;
    return this.#limits.find(({ assessable }) => assessable)?.rule ?? null;
  }

  /** Says once why there is nothing to compare with. */
  #tellObstacle() {
    const sentence = this.#against ? '' : whyNot(this.#store.state, this.#limits);
    if (sentence === this.#told) return;
    this.#told = sentence;
    if (sentence) say('obstacle', sentence);
    else unsay('obstacle');
  }

  /** @param {AbortSignal} signal */
  async #loadSurface(signal) {
    const { state } = this.#store;
    const query = rasterQuery(state, this.#against, this.#surface);
    const derived = this.#surface?.bands !== null;
    const path = `collections/${state.surface}`;
    const legendOf = async (/** @type {Pairs} */ of) => readable(await getJson(`${path}/map/legend`, of, signal));
    const [tilejson, legend, concentration] = await Promise.all([
      state.surface && query && getJson(`${path}/tilejson.json`, query, signal),
      state.surface && query && legendOf(query),
      state.surface && !derived && (state.layer !== 'concentration' || state.fade) && legendOf(CONCENTRATION),
    ]);
    if (signal.aborted) return;
    unsay('tiles');
    showSurface(this.#map, tilejson || null, state.opacity);
    this.#legend = legend || null;
    this.#concentration = concentration || (derived ? null : legend) || null;
    this.#draw();
  }

  /** @param {AbortSignal} signal */
  async #loadOverlays(signal) {
    const { contaminant, surface } = this.#store.state;
    if (!contaminant) return;
    /** @type {Pairs} */
    const ofMap = [...onlyOf(contaminant), ...samplesOf(this.#catalogue, surface)];
    /** @type {['samples' | 'sources' | 'hotspots', Pairs][]} */
    const wanted = [['samples', ofMap], ['hotspots', ofMap], ['sources', []]];
    const answers = await Promise.all(wanted.map(([collection, filter]) => getJson(`collections/${collection}/tilejson.json`, filter, signal)));
    if (signal.aborted) return;
    wanted.forEach(([collection, filter], k) => showVectors(this.#map, collection, answers[k], filter));
    this.#draw();
  }

  /** @param {AbortSignal} signal */
  async #loadPlace(signal) {
    const { place, surface, contaminant } = this.#store.state;
    const against = this.#against;
    markPlace(this.#map, place);
    if (!place || !contaminant) return this.#popup.close();
    this.#popup.open(place, popupMessage('Asking about this place …', place));
    const samples = samplesOf(this.#catalogue, surface);
    const question = { place, surface, bands: this.#surface?.bands ?? null, contaminant, samples, against: against?.query ?? [], metresPerPixel: scaleAt(this.#map, place) };
    try {
      const answer = await askPlace(question, signal);
      if (signal.aborted) return;
      const data = surface && address(`collections/${surface}/position`, positionQuery(question));
      this.#popup.open(place, popupContent(answer, against, contaminant, data));
      announce(answer, contaminant);
    } catch (error) {
      if (!signal.aborted) this.#popup.open(place, popupMessage(error instanceof ServiceError ? error.message : 'This place could not be asked about.', place));
      throw error;
    }
  }

  /** @param {Place} place */
  #goTo(place) {
    show(this.#map, place);
    this.#store.set({ place });
  }
}

/** For those who hear the page rather than see it. @param {import('./types.js').PlaceAnswer} answer @param {string} contaminant */
function announce({ place, estimate }, contaminant) {
  const value = estimate ? `${figure(estimate.expected)} plus or minus ${figure(estimate.sd)} mg/kg` : 'no estimate';
  byId('announcement', HTMLElement).textContent = `${words(contaminant)} at ${position(place)}: ${value}.`;
}
