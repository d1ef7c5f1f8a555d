/** From the state to what is asked of the service, and to the words that say it. */

import { figure, words } from './format.js';
import { assumed, nameOf, obstacle } from './guideline.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./types.js').Limit} Limit */
/** @typedef {import('./types.js').Threshold} Threshold */
/** @typedef {import('./types.js').Pairs} Pairs */
/** @typedef {import('./types.js').Surface} Surface */

/** @type {Record<State['statistic'], Pairs>} */
const STATISTIC_QUERY = {
  expected: [['quantity', 'expected']],
  median: [['quantity', 'median']],
  low: [['quantity', 'quantile'], ['p', '0.05']],
  high: [['quantity', 'quantile'], ['p', '0.95']],
};

const STATISTIC_WORDS = {
  expected: 'expected concentration',
  median: 'median concentration',
  low: 'low estimate (5 % quantile)',
  high: 'high estimate (95 % quantile)',
};

/** @param {readonly string[]} assume @returns {Pairs} */
export const assumptionQuery = (assume) => assume.map((text) => /** @type {const} */ (['assume', text]));

/**
 * What the map is compared with; null while nothing comparable is chosen.
 * @param {State} state
 * @param {readonly Limit[]} limits of the surface under the state's assumptions
 * @returns {Threshold | null}
 */
export function threshold(state, limits) {
  if (state.against === 'limit') {
    if (state.limit === null) return null;
    return { mgPerKg: state.limit, label: 'a limit of your own', assumptions: [], query: [['limit', String(state.limit)]] };
  }
  const chosen = limits.find((one) => one.rule === state.guideline && one.assessable && one.limit !== null);
  if (!chosen || chosen.limit === null) return null;
  return {
    mgPerKg: chosen.limit,
    label: nameOf(chosen),
    assumptions: chosen.assumptions,
    query: [['guideline', chosen.rule], ...assumptionQuery(state.assume)],
  };
}

/** Why the layer of exceedance has nothing to show, if so. @param {State} state @param {readonly Limit[]} limits */
export function whyNot({ layer, against, guideline }, limits) {
  if (layer !== 'exceedance' || against !== 'guideline' || !limits.length) return '';
  const chosen = limits.find(({ rule }) => rule === guideline);
  if (chosen) return `${nameOf(chosen)}: not assessable. ${obstacle(chosen)}`;
  return 'These data cannot be compared with any guideline value as they are: give an assumption, or a limit of your own.';
}

/**
 * The parameters of the raster layer; null if there is nothing to ask yet.
 * @param {State} state
 * @param {Threshold | null} against
 * @param {Surface | undefined} surface
 * @returns {Pairs | null}
 */
export function rasterQuery(state, against, surface) {
  const band = bandOf(state, surface);
  if (band) return [['quantity', band.name]];
  if (state.layer === 'uncertainty') return [['quantity', 'sd']];
  /** @type {Pairs} */
  const fading = state.fade ? [['uncertainty', 'fade']] : [];
  if (state.layer === 'concentration') return [...STATISTIC_QUERY[state.statistic], ...fading];
  return against && [['quantity', 'exceedance'], ...against.query, ...fading];
}

/** The band to show of a map that was derived from others. @param {State} state @param {Surface | undefined} surface */
export const bandOf = (state, surface) => surface?.bands && (surface.bands.find(({ name }) => name === state.band) ?? surface.bands[0]);

/**
 * @param {State} state
 * @param {Threshold | null} against
 * @param {Surface | undefined} surface
 * @returns {string}
 */
export function titleOf(state, against, surface) {
  if (state.contaminant === null) return 'No maps yet';
  const name = words(state.contaminant);
  const band = bandOf(state, surface);
  if (band) return `${name}: ${band.title}`;
  if (state.surface === null) return `${name}: samples only`;
  if (state.layer === 'concentration') return `${name}: ${STATISTIC_WORDS[state.statistic]}`;
  if (state.layer === 'uncertainty') return `${name}: uncertainty (standard deviation)`;
  if (!against) return `${name}: choose a limit`;
  return `${name}: probability of more than ${figure(against.mgPerKg)} mg/kg`;
}

/** @param {State} state @param {Threshold | null} against the assumptions that the map rests on, or an empty text */
export function assumptionLabel(state, against) {
  if (!against?.assumptions.length || state.layer !== 'exceedance') return '';
  return `assuming ${against.assumptions.map(assumed).join(', ')}`;
}

/** How to read the layer, in one plain sentence. @param {State} state @param {Surface | undefined} surface */
export function explanation(state, surface) {
  if (surface?.bands) return 'Computed from other maps; click the map for its values at a place.';
  if (state.layer === 'uncertainty') {
    return 'How far a new sample may plausibly lie from the expected value (one standard deviation): the darker, the less is known there.';
  }
  if (state.layer === 'exceedance') {
    return 'The chance that a new sample taken here would be above the limit: 50 % means that the samples cannot tell, not that the place is half polluted.';
  }
  const sentences = {
    expected: 'The average to expect from new samples here; a single sample may well be half or twice as much, so click the map for its 90 % range.',
    median: 'A new sample here is as likely to be above this value as below it; click the map for its 90 % range.',
    low: 'Only 1 new sample in 20 taken here would be below this value.',
    high: 'Only 1 new sample in 20 taken here would be above this value.',
  };
  return sentences[state.statistic];
}
