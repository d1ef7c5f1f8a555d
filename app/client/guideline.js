/** Guideline values in words: what they are called, and what keeps them from being compared. */

import { slug, words } from './format.js';

/** @typedef {import('./types.js').Limit} Limit */

/** @typedef {{label: string, unit?: string, min?: number, max?: number, options?: string[]}} Assumable */

/** What a survey may leave unrecorded, by the name that the service knows it by. @type {Readonly<Record<string, Assumable>>} */
export const ASSUMABLE = Object.freeze({
  clay: { label: 'Clay', unit: '%', min: 0, max: 100 },
  'organic-matter': { label: 'Organic matter', unit: '%', min: 0, max: 100 },
  toc: { label: 'Organic carbon', unit: '%', min: 0, max: 100 },
  ph: { label: 'pH', min: 0, max: 14 },
  texture: { label: 'Texture', options: ['sand', 'loam', 'silt', 'clay'] },
  procedure: {
    label: 'Extraction',
    options: ['aqua-regia', 'nitric-acid', 'four-acid', 'fusion', 'xrf', 'total', 'ammonium-nitrate', 'ammonium-acetate', 'calcium-chloride', 'dtpa', 'edta', 'mehlich-3', 'water'],
  },
  basis: { label: 'Basis', options: ['dry', 'wet'] },
  medium: { label: 'Medium', options: ['soil', 'mineral-horizon', 'o-horizon', 'sediment', 'moss'] },
  use: { label: 'Land use' },
});

/** @param {string} name */
export const labelOf = (name) => ASSUMABLE[slug(name)]?.label ?? words(name);

/** clay:10 → clay 10 %. @param {string} assumption name:value */
export function assumed(assumption) {
  const [name = '', ...rest] = assumption.split(':');
  const unit = ASSUMABLE[slug(name)]?.unit;
  return `${lower(labelOf(name))} ${rest.join(':').replaceAll('-', ' ')}${unit ? ` ${unit}` : ''}`;
}

/** Within a sentence; pH stays pH, HIL-A stays HIL-A. @param {string} text */
export const lower = (text) => (/^(.[A-Z]|[A-Z]+\b)/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1));

/** @param {Limit} limit */
export const nameOf = ({ jurisdiction, land_use: landUse, kind }) => `${words(jurisdiction)}, ${lower(words(landUse))}, ${lower(words(kind))}`;

/**
 * The names that an assumption could give; the service says them as it wants them back: “… (to assume it: clay:<number>)”.
 * @param {Limit} limit
 */
export function needsOf({ missing }) {
  const names = missing.map((text) => /to assume it: ([a-z-]+):/.exec(text)?.[1] ?? (/^[a-z-]+$/.test(text) ? text : null));
  return names.filter((name) => name !== null);
}

/** Why a guideline value cannot be used, in words. @param {Limit} limit */
export function obstacle(limit) {
  const needs = needsOf(limit).map((name) => lower(labelOf(name)));
  const others = (limit.reason ?? '').split('; ').filter((text) => text && !limit.missing.includes(text));
  if (!needs.length) return others.length ? sentence(others.join('; ')) : 'Not assessable with these data.';
  return [`Needs ${needs.join(' and ')}, recorded or assumed.`, ...others.map(sentence)].join(' ');
}

/** @param {string} text */
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** Comparable, comparable under an assumption, or neither. @param {Limit} limit */
const rank = (limit) => (limit.assessable ? 0 : needsOf(limit).length ? 1 : 2);

/**
 * One entry per rule, the comparable ones first and their jurisdictions with them; where a rule is listed several
 * times, its assessable entry speaks for it.
 * @param {readonly Limit[]} limits
 * @returns {Limit[]}
 */
export function arranged(limits) {
  /** @type {Map<string, Limit>} */
  const byRule = new Map();
  for (const limit of limits) if (!byRule.get(limit.rule)?.assessable) byRule.set(limit.rule, limit);
  return [...byRule.values()].sort((a, b) => rank(a) - rank(b));
}
