/** Choosing what the map is compared with: a guideline value under stated assumptions, or a limit of one's own. */

import { byId, element, fillSelect } from './dom.js';
import { figure, slug, words } from './format.js';
import { debounced } from './timing.js';

/** @typedef {import('./types.js').Limit} Limit */
/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Store} Store */

const ALL = '';
const TYPING = 400; // milliseconds

/** @typedef {{label: string, hint?: string, min?: number, max?: number, options?: string[]}} Assumable */

/** What a survey may leave unmeasured, by the name that the service asks for it. @type {Record<string, Assumable>} */
const ASSUMABLE = {
  clay: { label: 'Clay', hint: '%', min: 0, max: 100 },
  'organic-matter': { label: 'Organic matter', hint: '%', min: 0, max: 100 },
  toc: { label: 'Organic carbon', hint: '%', min: 0, max: 100 },
  ph: { label: 'pH', min: 0, max: 14 },
  texture: { label: 'Texture', options: ['sand', 'loam-silt', 'clay'] },
  procedure: { label: 'Extraction', options: ['aqua-regia', 'total', 'nitric-acid', 'ammonium-nitrate'] },
  basis: { label: 'Basis', options: ['dry', 'wet'] },
};

/** @param {readonly string[]} assume @returns {Map<string, string>} */
const asMap = (assume) => new Map(assume.map((text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]));

/**
 * One entry per rule: where a rule has several values, the assessable one speaks for it.
 * @param {readonly Limit[]} limits
 * @returns {Limit[]}
 */
function oneOfEachRule(limits) {
  /** @type {Map<string, Limit>} */
  const byRule = new Map();
  for (const limit of limits) if (!byRule.get(limit.rule)?.assessable) byRule.set(limit.rule, limit);
  return [...byRule.values()];
}

/** @param {string[]} missing */
const namesOf = (missing) => missing.map((name) => (ASSUMABLE[slug(name)]?.label ?? words(name)).toLowerCase().replace('ph', 'pH')).join(' and ');

/** Why a guideline value cannot be used, in words. @param {Limit} limit */
function obstacle({ missing, reason }) {
  if (missing.length) return `Needs ${namesOf(missing)}: measured, or assumed below.`;
  return reason ? `Not comparable: ${reason}` : 'Not assessable with these data.';
}

/** @param {Limit} limit */
function remarks({ act_title: act, source_kind: source, expired }) {
  return [act, source === 'secondary' && 'from a secondary source', expired && 'expired'].filter(Boolean).join(' · ');
}

/** The controls of the comparison; they write to the store and are drawn from it. */
export class LimitPicker {
  /** @type {Limit[]} */
  #limits = [];
  #jurisdiction = byId('jurisdiction', HTMLSelectElement);
  #landUse = byId('land-use', HTMLSelectElement);
  #rules = byId('rules', HTMLElement);
  #assumptions = byId('assumptions', HTMLElement);
  #ownLimit = byId('own-limit', HTMLInputElement);
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    this.#jurisdiction.addEventListener('change', () => this.#drawLandUses(ALL));
    this.#landUse.addEventListener('change', () => this.#drawRules());
    this.#rules.addEventListener('change', (event) => {
      if (event.target instanceof HTMLInputElement) store.set({ guideline: event.target.value, against: 'guideline' });
    });
    this.#assumptions.addEventListener('input', debounced(TYPING, () => store.set({ assume: this.#readAssumptions() })));
    this.#ownLimit.addEventListener('input', debounced(TYPING, () => this.#readOwnLimit()));
    for (const radio of this.#againstRadios()) {
      radio.addEventListener('change', () => store.set({ against: radio.value === 'limit' ? 'limit' : 'guideline' }));
    }
  }

  /** @param {State} state draw what changes without new limits */
  draw(state) {
    for (const radio of this.#againstRadios()) radio.checked = radio.value === state.against;
    byId('guideline-choice', HTMLElement).hidden = state.against !== 'guideline';
    byId('own-choice', HTMLElement).hidden = state.against !== 'limit';
    if (document.activeElement !== this.#ownLimit) this.#ownLimit.value = state.limit === null ? '' : String(state.limit);
    for (const radio of this.#rules.querySelectorAll('input')) radio.checked = radio.value === state.guideline;
  }

  /** @param {readonly Limit[]} limits of the map shown, under the assumptions of the state */
  drawLimits(limits) {
    this.#limits = oneOfEachRule(limits);
    const chosen = this.#limits.find(({ rule }) => rule === this.#store.state.guideline);
    const names = [...new Set(this.#limits.map(({ jurisdiction }) => jurisdiction))];
    const kept = names.includes(this.#jurisdiction.value) ? this.#jurisdiction.value : names[0];
    fillSelect(this.#jurisdiction, names.map((name) => this.#jurisdictionOption(name)), chosen?.jurisdiction ?? kept ?? ALL);
    this.#drawLandUses(chosen && this.#landUse.value !== chosen.land_use ? ALL : this.#landUse.value);
    this.#drawAssumptions();
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

  #drawAssumptions() {
    const given = asMap(this.#store.state.assume);
    const wanted = new Set([...this.#limits.flatMap(({ missing }) => missing), ...given.keys()]);
    const drawn = [...this.#assumptions.querySelectorAll('[name]')].map((input) => input.getAttribute('name'));
    byId('assumption-choice', HTMLElement).hidden = wanted.size === 0;
    if (drawn.length === wanted.size && drawn.every((name) => name !== null && wanted.has(name))) this.#refill(given);
    else this.#assumptions.replaceChildren(...[...wanted].map((name) => assumptionField(name, given.get(name) ?? '')));
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

/** @param {string} name @param {string} value */
function assumptionField(name, value) {
  const { label, hint = '', min, max, options } = ASSUMABLE[slug(name)] ?? { label: words(name) };
  const numeric = min !== undefined;
  const input = options
    ? element('select', { name }, ...['', ...options].map((one) => element('option', { value: one, selected: one === value }, one ? words(one) : 'not assumed')))
    : element('input', { name, value, type: numeric ? 'number' : 'text', min, max, step: numeric && 'any', placeholder: 'not assumed' });
  return element('label.assumption', {}, element('span', {}, label), input, element('span.unit', {}, hint));
}
