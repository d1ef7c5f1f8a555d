/** The page: a state, what follows from it, and the requests that this takes. */

import { address, getJson, ServiceError } from './api.js';
import { choose, extentOf, loadCatalogue } from './catalogue.js';
import { byId } from './dom.js';
import { colourSamples, markPlace, setOpacity, setVisible, showSurface, showVectors } from './layers.js';
import { drawLegend } from './legend.js';
import { LimitPicker } from './limits.js';
import { Busy, say, sayError, sayNothing } from './notice.js';
import { Panel } from './panel.js';
import { askPlace, positionQuery } from './place.js';
import { popupContent, popupMessage } from './popup.js';
import { assumptionLabel, assumptionQuery, rasterQuery, threshold, titleOf } from './question.js';
import { readHash, Store, writeHash } from './state.js';
import { Latest } from './timing.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./catalogue.js').Catalogue} Catalogue */
/** @typedef {import('./types.js').Limit} Limit */
/** @typedef {import('./types.js').Legend} Legend */
/** @typedef {typeof import('./map.js')} MapModule */

/** @type {readonly (readonly [string, string])[]} */
const CONCENTRATION = [['quantity', 'expected']];

const NO_DATA = 'Nothing is loaded yet. Load samples with “edaphos load samples FILE --profile …” and map them with “edaphos map zinc”, or run “make demo” for an example.';

/** What runs when its key changes, the newest run winning. */
class Task {
  #latest = new Latest();
  #key = '';

  /** @param {Busy} busy @param {(signal: AbortSignal) => Promise<void>} work */
  constructor(busy, work) {
    this.busy = busy;
    this.work = work;
  }

  /** @param {unknown} key everything that the work depends on */
  async update(key) {
    const text = JSON.stringify(key);
    if (text === this.#key) return;
    this.#key = text;
    await this.busy.during(() => this.#latest.run(this.work)).catch(sayError);
  }
}

/** Holds the page together: one method per thing that follows from the state. */
class Session {
  /** @type {readonly Limit[]} */
  #limits = [];
  #limitsOf = '';
  /** @type {Legend | null} */
  #legend = null;
  /** @type {Legend | null} */
  #concentration = null;

  /**
   * @param {MapModule} library
   * @param {import('maplibre-gl').Map} map
   * @param {Catalogue} catalogue
   * @param {Store} store
   * @param {Busy} busy
   */
  constructor(library, map, catalogue, store, busy) {
    Object.assign(this, {});
    this.library = library;
    this.map = map;
    this.catalogue = catalogue;
    this.store = store;
    this.popup = new library.PlacePopup(map, () => store.set({ place: null }));
    this.panel = new Panel(store, catalogue, (place) => this.#goTo(place));
    this.picker = new LimitPicker(store);
    this.limits = new Task(busy, (signal) => this.#loadLimits(signal));
    this.surface = new Task(busy, (signal) => this.#loadSurface(signal));
    this.overlays = new Task(busy, (signal) => this.#loadOverlays(signal));
    this.place = new Task(busy, (signal) => this.#loadPlace(signal));
  }
}
