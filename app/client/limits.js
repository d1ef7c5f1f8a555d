/** Choosing what the map is compared with: a guideline value under stated assumptions, or a limit of one's own. */

import { byId, element, fillSelect } from './dom.js';
import { figure, slug, words } from './format.js';
import { ASSUMABLE, labelOf, needsOf, obstacle } from './guideline.js';
import { debounced } from './timing.js';

/** @typedef {import('./types.js').Limit} Limit */
/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Store} Store */

const ALL = '';
const TYPING = 400; // milliseconds

/** @param {readonly string[]} assume @returns {Map<string, string>} */
const asMap = (assume) => new Map(assume.map((text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]));

/** @param {Limit} limit */
function remarks({ act_title: act, source_kind: source, expired, assessable, printed = [] }) {
  return [act, !assessable && printed.length && `printed value ${printed.join(', ')}`, source === 'secondary' && 'from a secondary source', expired && 'expired'].filter(Boolean).join(' · ');
}

/** The controls of the comparison; they write to the store and are drawn from it. */
export class LimitPicker {
  /** @type {readonly Limit[]} */
  #limits = [];
  /** @type {string | null} the rule that the filters were last set for */
  #shown = null;
  #jurisdiction = byId('jurisdiction', HTMLSelectElement);
  #landUse = byId('land-use', HTMLSelectElement);
  #rules = byId('rules', HTMLElement);
  #assumptions = byId('assumptions', HTMLElement);
  #ownLimit = byId('own-limit', HTMLInputElement);
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    this.#jurisdiction.addEventListener('change', () => {
      this.#drawLandUses(ALL);
      this.#drawAssumptions();
    });
    this.#landUse.addEventListener('change', () => this.#drawRules());
    this.#rules.addEventListener('change', (event) => {
      if (event.target instanceof HTMLInputElement) this.#choose(event.target.value);
    });
    this.#assumptions.addEventListener('input', debounced(TYPING, () => store.set({ assume: this.#readAssumptions() })));
    this.#ownLimit.addEventListener('input', debounced(TYPING, () => this.#readOwnLimit()));
    for (const radio of this.#againstRadios()) {
      radio.addEventListener('change', () => store.set({ against: radio.value === 'limit' ? 'limit' : 'guideline' }));
    }
  }

  /** @param {string} rule */
  #choose(rule) {
    this.#shown = rule;
    this.#store.set({ guideline: rule, against: 'guideline' });
  }

  /** @param {State} state draw what changes without new limits */
  draw(state) {
    for (const radio of this.#againstRadios()) radio.checked = radio.value === state.against;
    byId('guideline-choice', HTMLElement).hidden = state.against !== 'guideline';
    byId('own-choice', HTMLElement).hidden = state.against !== 'limit';
    if (document.activeElement !== this.#ownLimit) this.#ownLimit.value = state.limit === null ? '' : String(state.limit);
    for (const radio of this.#rules.querySelectorAll('input')) radio.checked = radio.value === state.guideline;
    drawCaveats(state.against === 'guideline' ? this.#limits.find(({ rule }) => rule === state.guideline) : undefined);
  }

  /** @param {readonly Limit[]} limits of the map shown, under the assumptions of the state */
  drawLimits(limits) {
    this.#limits = limits;
    const names = [...new Set(limits.map(({ jurisdiction }) => jurisdiction))];
    const [jurisdiction, landUse] = this.#filters(names);
    fillSelect(this.#jurisdiction, names.map((name) => this.#jurisdictionOption(name)), jurisdiction);
    this.#drawLandUses(landUse);
    this.#drawAssumptions();
    this.draw(this.#store.state);
  }

  /** The reader's own filters stay while assumptions change; a newly chosen value brings its own into view. @param {string[]} names @returns {[string, string]} */
  #filters(names) {
    const chosen = this.#limits.find(({ rule }) => rule === this.#store.state.guideline);
    const fresh = chosen && chosen.rule !== this.#shown;
    this.#shown = chosen?.rule ?? null;
    if (fresh) return [chosen.jurisdiction, ALL];
    return names.includes(this.#jurisdiction.value) ? [this.#jurisdiction.value, this.#landUse.value] : [names[0] ?? ALL, ALL];
  }

  /** @param {string} name */
  #jurisdictionOption(name) {
    const own = this.#limits.filter(({ jurisdiction }) => jurisdiction === name);
    const comparable = own.filter(({ assessable }) => assessable).length;
    return { value: name, text: `${words(name)} (${comparable} of ${own.length} comparable)` };
  }

  /** @param {string} landUse */
  #drawLandUses(landUse) {
    const own = this.#limits.filter(({ jurisdiction }) => jurisdiction === this.#jurisdiction.value);
    const names = [...new Set(own.map(({ land_use: name }) => name))];
    fillSelect(
      this.#landUse,
      [{ value: ALL, text: 'All land uses' }, ...names.map((name) => ({ value: name, text: words(name) }))],
      names.includes(landUse) ? landUse : ALL,
    );
    this.#drawRules();
  }

  #drawRules() {
    const [jurisdiction, landUse] = [this.#jurisdiction.value, this.#landUse.value];
    const shown = this.#limits.filter((one) => one.jurisdiction === jurisdiction && (landUse === ALL || one.land_use === landUse));
    const empty = element('p.hint', {}, 'No guideline values are loaded for this contaminant.');
    this.#rules.replaceChildren(...(shown.length ? shown.map((limit) => this.#ruleRow(limit)) : [empty]));
  }

  /** @param {Limit} limit */
  #ruleRow(limit) {
    const { rule, kind, land_use: landUse, limit: amount, assessable } = limit;
    const chosen = rule === this.#store.state.guideline;
    const input = element('input', { type: 'radio', name: 'rule', value: rule, disabled: !assessable, checked: chosen && assessable });
    const value = assessable && amount !== null && element('span.amount', {}, `${figure(amount)} mg/kg`);
    return element(
      'label.rule', { 'data-assessable': String(assessable) },
      input,
      element('span.name', {}, words(kind), element('span.use', {}, words(landUse))),
      value,
      element('small', {}, remarks(limit), !assessable && element('span.obstacle', {}, obstacle(limit))),
    );
  }

  /** Fields for what this jurisdiction's values need, and for every assumption that is in force. */
  #drawAssumptions() {
    const given = asMap(this.#store.state.assume);
    const own = this.#limits.filter(({ jurisdiction }) => jurisdiction === this.#jurisdiction.value);
    const wanted = inOrder(new Set([...own.flatMap(needsOf), ...given.keys()]));
    const drawn = this.#fields().map(({ name }) => name);
    byId('assumption-choice', HTMLElement).hidden = wanted.length === 0;
    if (drawn.join() === wanted.join()) this.#refill(given);
    else this.#assumptions.replaceChildren(...wanted.map((name) => assumptionField(name, given.get(name) ?? '')));
  }

  /** @param {Map<string, string>} given */
  #refill(given) {
    for (const input of this.#fields()) if (input !== document.activeElement) input.value = given.get(input.name) ?? '';
  }

  /** @returns {(HTMLInputElement | HTMLSelectElement)[]} */
  #fields() {
    return [...this.#assumptions.querySelectorAll('input, select')].filter((one) => one instanceof HTMLInputElement || one instanceof HTMLSelectElement);
  }

  #readAssumptions() {
    const filled = this.#fields().filter((input) => input.value.trim() !== '' && input.checkValidity());
    return filled.map((input) => `${input.name}:${input.value.trim()}`);
  }

  #readOwnLimit() {
    const value = this.#ownLimit.valueAsNumber;
    this.#store.set({ limit: Number.isFinite(value) && value > 0 ? value : null, against: 'limit' });
  }

  #againstRadios() {
    return [byId('against-guideline', HTMLInputElement), byId('against-limit', HTMLInputElement)];
  }
}

const NAMES = Object.keys(ASSUMABLE);

/** @param {Set<string>} names in the order of the vocabulary, unknown ones last */
const inOrder = (names) => [...NAMES.filter((name) => names.has(name)), ...[...names].filter((name) => !NAMES.includes(name))];

/** @param {string} name @param {string} value */
function assumptionField(name, value) {
  const { unit = '', min, max, options } = ASSUMABLE[slug(name)] ?? { label: name };
  const numeric = min !== undefined;
  const input = options
    ? element('select', { name }, ...['', ...options].map((one) => element('option', { value: one, selected: one === value }, one ? words(one) : 'not assumed')))
    : element('input', { name, value, type: numeric ? 'number' : 'text', min, max, step: numeric && 'any', placeholder: 'not assumed' });
  return element('label.assumption', {}, element('span', {}, labelOf(name)), input, element('span.unit', {}, unit));
}

/** What the comparison leaves out, for the value that is chosen. @param {Limit | undefined} limit */
function drawCaveats(limit) {
  const caveats = limit?.assessable ? (limit.caveats ?? []) : [];
  byId('caveats', HTMLElement).hidden = caveats.length === 0;
  byId('caveat-count', HTMLElement).textContent = `What this comparison leaves out (${caveats.length})`;
  byId('caveat-list', HTMLElement).replaceChildren(...caveats.map((text) => element('li', {}, text)));
}
