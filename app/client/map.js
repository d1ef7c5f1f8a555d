/** The map itself: the library, its controls, and what a place on it is. */

import * as maplibre from './vendor/maplibre-gl.mjs';
import { complaint } from './api.js';
import { byId, element } from './dom.js';
import { position } from './format.js';
import { metresPerPixel, unrolled, wrapped } from './geometry.js';
import { keepGraticule } from './grid.js';
import { addIcons } from './icons.js';
import { STYLE } from './layers.js';
import { say } from './notice.js';

/** @typedef {import('./types.js').Place} Place */
/** @typedef {import('./types.js').Box} Box */
/** @typedef {import('./state.js').State['view']} View */

const FIT = { animate: false, maxZoom: 17 };
const WIDE = 900; // pixels of map, enough to leave the legend its own side

/** @param {maplibre.LngLat} place @returns {Place} */
const placeOf = ({ lng, lat }) => ({ lon: wrapped(lng), lat });

/** @returns {Promise<maplibre.Map>} once it can take layers */
export async function createMap() {
  const map = new maplibre.Map({
    container: 'map',
    style: STYLE,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    maxPitch: 0,
    maxZoom: 20,
    fadeDuration: 0,
    locale: { 'Map.Title': 'Map: arrow keys move it, plus and minus zoom, Enter asks about its centre' },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new maplibre.ScaleControl({ maxWidth: 140, unit: 'metric' }), 'bottom-left');
  map.on('error', ({ error }) => void sayTileError(error));
  await map.once('load');
  addIcons(map);
  keepGraticule(map, byId('graticule-labels', HTMLElement));
  showPointer(map, byId('pointer', HTMLElement));
  return map;
}

/** @param {any} error of a tile request, whose body is a problem document @returns {Promise<void>} */
async function sayTileError(error) {
  if (error?.name === 'AbortError') return;
  const sentence = error?.status ? complaint((await error.body?.text?.()) ?? '', error.status) : 'Part of the map could not be loaded.';
  say('tiles', sentence, 'error');
}

/** @param {maplibre.Map} map @param {HTMLElement} output */
function showPointer(map, output) {
  map.on('mousemove', ({ lngLat }) => { output.textContent = position(placeOf(lngLat)); });
  map.on('mouseout', () => { output.textContent = ''; });
}

/** @param {maplibre.Map} map @param {Box} box */
export function fit(map, box) {
  const [west, south, east, north] = unrolled(box);
  const right = map.getContainer().clientWidth > WIDE ? 270 : 40;
  const padding = { top: 90, bottom: 50, left: 50, right };
  map.fitBounds([[west, Math.max(south, -85)], [east, Math.min(north, 85)]], { ...FIT, padding });
}

/** @param {maplibre.Map} map @param {NonNullable<View>} view */
export const jump = (map, { zoom, lat, lon }) => map.jumpTo({ zoom, center: [lon, lat] });

/** @param {maplibre.Map} map @returns {NonNullable<View>} */
export function viewOf(map) {
  const { lng, lat } = map.getCenter();
  return { zoom: map.getZoom(), lat, lon: wrapped(lng) };
}

/** @param {maplibre.Map} map @param {Place} place */
export const scaleAt = (map, { lat }) => metresPerPixel(lat, map.getZoom());

/** Clicks, and Enter for those without a mouse. @param {maplibre.Map} map @param {(place: Place) => void} ask */
export function onAsked(map, ask) {
  map.on('click', ({ lngLat }) => ask(placeOf(lngLat)));
  map.getCanvas().addEventListener('keydown', (event) => {
    if (event.key === 'Enter') ask(placeOf(map.getCenter()));
  });
}

/** Brings a place into view if it is not, whichever way round the world the view lies. @param {maplibre.Map} map @param {Place} place */
export function show(map, { lon, lat }) {
  const bounds = map.getBounds();
  if ([lon - 360, lon, lon + 360].some((turn) => bounds.contains([turn, lat]))) return;
  map.jumpTo({ center: [lon, lat] });
}

/** The window that answers about one place. */
export class PlacePopup {
  #popup = new maplibre.Popup({ closeOnClick: false, maxWidth: 'none', className: 'place-popup', focusAfterOpen: false });
  #replacing = false;
  #map;

  /** @param {maplibre.Map} map @param {() => void} closed by the reader */
  constructor(map, closed) {
    this.#map = map;
    this.#popup.on('close', () => this.#replacing || closed());
  }

  /** @param {Place} place @param {HTMLElement} content */
  open({ lon, lat }, content) {
    this.#popup.setLngLat([lon, lat]).setDOMContent(element('div.scroll', { tabindex: 0 }, content));
    if (!this.#popup.isOpen()) this.#popup.addTo(this.#map);
    this.#bringIntoView();
  }

  close() {
    this.#replacing = true;
    this.#popup.remove();
    this.#replacing = false;
  }

  /** A long answer may reach beyond the map's edge or under the title; on a phone it is docked over the place. */
  #bringIntoView() {
    const node = this.#popup.getElement();
    const [box, frame] = [node.getBoundingClientRect(), this.#map.getContainer().getBoundingClientRect()];
    const top = byId('heading', HTMLElement).getBoundingClientRect().bottom + 8;
    if (getComputedStyle(node).position === 'fixed') return this.#lift(frame.top + this.#map.project(this.#popup.getLngLat()).y - box.top + 40);
    const across = overflow(box.left - frame.left - 8, frame.right - 60 - box.right);
    const down = overflow(box.top - top, frame.bottom - 34 - box.bottom);
    if (across || down) this.#map.panBy([across, down], { duration: 250 });
  }

  /** @param {number} pixels that the place lies too low */
  #lift(pixels) {
    if (pixels > 0) this.#map.panBy([0, pixels], { duration: 250 });
  }
}

/** How far to move: back if there is no room before, forth if there is none after. @param {number} before @param {number} after */
const overflow = (before, after) => (before < 0 ? before : Math.max(0, -after));
