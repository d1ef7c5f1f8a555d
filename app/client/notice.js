/** What the page tells about itself: messages, and whether it is still at work. */

import { ServiceError } from './api.js';
import { byId } from './dom.js';

/** @param {string} sentence @param {'error' | 'info'} [kind] */
export function say(sentence, kind = 'info') {
  const bar = byId('message', HTMLElement);
  bar.dataset.kind = kind;
  bar.hidden = sentence === '';
  byId('message-text', HTMLElement).textContent = sentence;
}

export const sayNothing = () => say('');

/** One sentence about any failure; only our own mistakes are worth the console. @param {unknown} error */
export function sayError(error) {
  if (error instanceof ServiceError) return say(error.message, 'error');
  console.error(error);
  return say('Something went wrong on this page; reloading it may help.', 'error');
}

/** Shows that work is under way, and marks the document idle when the map has come to rest. */
export class Busy {
  #running = 0;
  /** @type {import('maplibre-gl').Map | null} */
  #map = null;

  /** @param {import('maplibre-gl').Map} map */
  watch(map) {
    this.#map = map;
    map.on('dataloading', () => this.#show());
    map.on('movestart', () => this.#show());
    map.on('idle', () => this.#show());
    this.#show();
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async during(work) {
    this.#running += 1;
    this.#show();
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#show();
    }
  }

  #show() {
    const resting = this.#running === 0 && (!this.#map || (this.#map.loaded() && !this.#map.isMoving()));
    document.documentElement.dataset.map = resting ? 'idle' : 'loading';
    byId('progress', HTMLElement).hidden = resting;
    byId('map', HTMLElement).setAttribute('aria-busy', String(!resting));
  }
}
