/** What the page tells about itself: messages, and whether it is still at work. */

import { ServiceError } from './api.js';
import { byId } from './dom.js';

/**
 * Say something in the message bar; the newest sentence is shown.
 * @param {string} topic what it is about, so that good news of one thing does not wipe away bad news of another
 * @param {string} sentence
 * @param {'error' | 'info'} [kind]
 */
export function say(topic, sentence, kind = 'info') {
  const bar = byId('message', HTMLElement);
  bar.dataset.topic = topic;
  bar.dataset.kind = kind;
  bar.hidden = false;
  byId('message-text', HTMLElement).textContent = sentence;
}

/** Take back what was said about a topic, or whatever is said. @param {string} [topic] */
export function unsay(topic) {
  const bar = byId('message', HTMLElement);
  if (topic !== undefined && bar.dataset.topic !== topic) return;
  bar.hidden = true;
  byId('message-text', HTMLElement).textContent = '';
}

/** One sentence about any failure; only our own mistakes are worth the console. @param {string} topic @param {unknown} error */
export function sayError(topic, error) {
  if (error instanceof ServiceError) return say(topic, error.message, 'error');
  console.error(error);
  return say(topic, 'Something went wrong on this page; reloading it may help.', 'error');
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
