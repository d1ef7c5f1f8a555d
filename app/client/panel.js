/** The controls beside the map: they write to the store, and are drawn from it. */

import { address } from './api.js';
import { surfacesOf } from './catalogue.js';
import { byId, element, fillSelect } from './dom.js';
import { words } from './format.js';
import { bandOf, explanation } from './question.js';
import { LAYERS, OVERLAYS, readPlace } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Store} Store */
/** @typedef {import('./catalogue.js').Catalogue} Catalogue */

export class Panel {
  #contaminant = byId('contaminant', HTMLSelectElement);
  #surface = byId('surface', HTMLSelectElement);
  #statistic = byId('statistic', HTMLSelectElement);
  #opacity = byId('opacity', HTMLInputElement);
  #fade = byId('fade', HTMLInputElement);
  #band = byId('band', HTMLSelectElement);
  #catalogue;

  /**
   * @param {Store} store
   * @param {Catalogue} catalogue
   * @param {(place: import('./types.js').Place) => void} goTo
   */
  constructor(store, catalogue, goTo) {
    this.#catalogue = catalogue;
    this.#contaminant.addEventListener('change', () => {
      const contaminant = this.#contaminant.value;
      store.set({ contaminant, surface: surfacesOf(catalogue, contaminant)[0]?.id ?? null });
    });
    this.#surface.addEventListener('change', () => store.set({ surface: this.#surface.value }));
    this.#statistic.addEventListener('change', () => store.set({ statistic: /** @type {State['statistic']} */ (this.#statistic.value) }));
    this.#opacity.addEventListener('input', () => store.set({ opacity: this.#opacity.valueAsNumber / 100 }));
    this.#fade.addEventListener('change', () => store.set({ fade: this.#fade.checked }));
    this.#band.addEventListener('change', () => store.set({ band: this.#band.value }));
    for (const layer of LAYERS) this.#layer(layer).addEventListener('change', () => store.set({ layer }));
    for (const overlay of OVERLAYS) {
      this.#overlay(overlay).addEventListener('change', () => store.set({ hidden: OVERLAYS.filter((one) => !this.#overlay(one).checked) }));
    }
    listenForPlaces(goTo);
    listenForToggle();
  }

  /** @param {string} layer */
  #layer(layer) {
    return byId(`layer-${layer}`, HTMLInputElement);
  }

  /** @param {string} overlay */
  #overlay(overlay) {
    return byId(`show-${overlay}`, HTMLInputElement);
  }

  /** @param {State} state */
  draw(state) {
    this.#drawChoices(state);
    for (const layer of LAYERS) {
      this.#layer(layer).checked = state.layer === layer;
      this.#layer(layer).disabled = state.surface === null;
    }
    this.#statistic.value = state.statistic;
    for (const overlay of OVERLAYS) this.#overlay(overlay).checked = !state.hidden.includes(overlay);
    this.#opacity.value = String(Math.round(100 * state.opacity));
    byId('opacity-value', HTMLElement).textContent = `${Math.round(100 * state.opacity)} %`;
    const surface = this.#catalogue.surfaces.find(({ id }) => id === state.surface);
    const plain = surface !== undefined && surface.bands === null;
    byId('layer-choice', HTMLElement).hidden = surface !== undefined && !plain;
    byId('statistic-choice', HTMLElement).hidden = state.layer !== 'concentration' || !plain;
    byId('exceedance-choice', HTMLElement).hidden = state.layer !== 'exceedance' || !plain;
    byId('fade-choice', HTMLElement).hidden = state.layer === 'uncertainty' || !plain;
    this.#fade.checked = state.fade;
    this.#drawBands(state, surface);
    byId('explanation', HTMLElement).textContent = state.surface ? explanation(state, surface) : '';
    this.#drawAbout(state);
  }

  /** @param {State} state @param {import('./types.js').Surface | undefined} surface */
  #drawBands(state, surface) {
    const bands = surface?.bands ?? [];
    byId('band-choice', HTMLElement).hidden = bands.length < 2;
    fillSelect(this.#band, bands.map(({ name, title }) => ({ value: name, text: title })), bandOf(state, surface)?.name ?? '');
  }

  /** @param {State} state */
  #drawChoices({ contaminant, surface }) {
    const { contaminants } = this.#catalogue;
    const option = (/** @type {string} */ id) => ({ value: id, text: surfacesOf(this.#catalogue, id).length ? words(id) : `${words(id)} (samples only)` });
    fillSelect(this.#contaminant, contaminants.map(option), contaminant ?? '');
    this.#contaminant.disabled = contaminants.length === 0;
    const maps = surfacesOf(this.#catalogue, contaminant);
    fillSelect(this.#surface, maps.map(({ id, title }) => ({ value: id, text: title })), surface ?? '');
    byId('surface-choice', HTMLElement).hidden = maps.length < 2;
  }

  /** @param {State} state */
  #drawAbout({ surface: id }) {
    const surface = this.#catalogue.surfaces.find((one) => one.id === id);
    const link = byId('download', HTMLAnchorElement);
    link.hidden = !surface;
    byId('about', HTMLElement).hidden = !surface?.about.length;
    if (!surface) return;
    link.href = address(`collections/${surface.id}/coverage`);
    const rows = surface.about.map(([term, text]) => element('div', {}, element('dt', {}, term), element('dd', {}, text)));
    byId('about-list', HTMLElement).replaceChildren(...rows);
  }
}

/** @param {(place: import('./types.js').Place) => void} goTo */
function listenForPlaces(goTo) {
  const input = byId('place', HTMLInputElement);
  input.addEventListener('input', () => input.setCustomValidity(''));
  byId('place-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const place = readPlace(input.value);
    if (place) goTo(place);
    else {
      input.setCustomValidity('Latitude and longitude in degrees, such as 50.97, 5.74');
      input.reportValidity();
    }
  });
}

/** On a narrow screen the panel is a sheet that opens over the map. */
function listenForToggle() {
  const button = byId('panel-toggle', HTMLButtonElement);
  const panel = byId('panel', HTMLElement);
  const open = (/** @type {boolean} */ wanted) => {
    panel.dataset.open = String(wanted);
    button.setAttribute('aria-expanded', String(wanted));
  };
  button.addEventListener('click', () => open(panel.dataset.open !== 'true'));
  byId('panel-close', HTMLButtonElement).addEventListener('click', () => {
    open(false);
    button.focus();
  });
  panel.addEventListener('keydown', (event) => event.key === 'Escape' && open(false));
}
