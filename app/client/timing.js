/** Requests that overtake each other, and typing that should settle before it is sent. */

/** Runs the newest work only: starting one aborts the one before, whose result is dropped. */
export class Latest {
  /** @type {AbortController | null} */
  #running = null;

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} work
   * @returns {Promise<T | undefined>} undefined when a newer one took over
   */
  async run(work) {
    this.abort();
    const controller = new AbortController();
    this.#running = controller;
    try {
      const result = await work(controller.signal);
      return controller.signal.aborted ? undefined : result;
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    }
  }

  abort() {
    this.#running?.abort();
    this.#running = null;
  }
}

/**
 * @template {unknown[]} A
 * @param {number} milliseconds
 * @param {(...values: A) => void} action
 * @returns {(...values: A) => void}
 */
export function debounced(milliseconds, action) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
}
