/** The symbols of the map, each drawn small and named. */

import { drawing, element } from './dom.js';
import { figure } from './format.js';
import { COLOURS } from './layers.js';

/** @typedef {import('./types.js').Threshold} Threshold */
/** @typedef {[name: string, fill: string, text: string]} Row */

const BOX = { x: 2, y: 2, width: 20, height: 12 };
const dot = (/** @type {string} */ fill, width = 1) => drawing('circle', { cx: 12, cy: 8, r: 5, fill, stroke: COLOURS.ink, 'stroke-width': width });
const cluster = (/** @type {string} */ colour) => [
  drawing('rect', { ...BOX, fill: colour, 'fill-opacity': 0.12, stroke: colour, 'stroke-width': 2.2, 'stroke-dasharray': '5 2.5' }),
];

/** @type {Record<string, (fill: string) => SVGElement[]>} */
const SYMBOLS = {
  measured: (fill) => [dot(fill)],
  many: (fill) => [drawing('circle', { cx: 12, cy: 8, r: 7.5, fill, stroke: COLOURS.ink })],
  censored: () => [dot('none', 1.8)],
  suspect: (fill) => [dot(fill), drawing('path', { d: 'M9 5l6 6M15 5l-6 6', stroke: COLOURS.ink, 'stroke-width': 1.5 })],
  source: () => [drawing('rect', { x: 8, y: 4, width: 8, height: 8, fill: COLOURS.source, transform: 'rotate(45 12 8)' })],
  sourceArea: () => [drawing('rect', { ...BOX, fill: COLOURS.sourceArea, stroke: COLOURS.sourceLine })],
  exceeding: () => [
    drawing('path', { d: 'M2 14L14 2M8 14L20 2M14 14L22 6M2 8L8 2', stroke: COLOURS.regulatory }),
    drawing('rect', { ...BOX, fill: 'none', stroke: COLOURS.regulatory, 'stroke-width': 2.4 }),
  ],
  undecided: () => [drawing('rect', { ...BOX, fill: 'none', stroke: COLOURS.regulatory, 'stroke-width': 1.4, 'stroke-dasharray': '1.5 2.5' })],
  hot: () => cluster(COLOURS.hot),
  cold: () => cluster(COLOURS.cold),
};

/** @param {Row} row */
function entry([name, fill, text]) {
  const picture = drawing('svg', { viewBox: '0 0 24 16', width: 24, height: 16, 'aria-hidden': 'true', class: 'symbol' }, ...(SYMBOLS[name]?.(fill) ?? []));
  return element('li', {}, picture, text);
}

/** @param {Threshold | null} against @returns {Row[]} */
function measuredRows(against) {
  if (!against) return [['measured', '#e8b86b', 'measured, in its class’s colour']];
  const limit = `${figure(against.mgPerKg)} mg/kg`;
  return [['measured', COLOURS.above, `above ${limit}`], ['measured', COLOURS.below, `at or below ${limit}`]];
}

/** @param {Threshold | null} against @returns {{overlay: string, title: string, rows: Row[]}[]} */
const symbolGroups = (against) => [
  {
    overlay: 'samples', title: 'Samples',
    rows: [...measuredRows(against), ['many', '#e8b86b', 'many samples at their median'], ['censored', '', 'below the detection limit'], ['suspect', '#fff7d6', 'probably a substituted limit']],
  },
  { overlay: 'regulatory', title: 'Regulatory hot spots', rows: [['exceeding', '', 'exceeding'], ['undecided', '', 'undecided']] },
  { overlay: 'statistical', title: 'Statistical hot spots', rows: [['hot', '', 'cluster of high values'], ['cold', '', 'cluster of low values']] },
  { overlay: 'sources', title: 'Pollution sources', rows: [['sourceArea', '', 'area'], ['source', '', 'point']] },
];

/**
 * @param {readonly string[]} hidden overlays
 * @param {ReadonlySet<string>} present symbols on the map
 * @param {Threshold | null} against what the samples are compared with
 * @returns {HTMLElement | null}
 */
export function symbolKey(hidden, present, against) {
  const shown = symbolGroups(against)
    .map(({ overlay, title, rows }) => ({ title, rows: hidden.includes(overlay) ? [] : rows.filter(([name]) => present.has(name)) }))
    .filter(({ rows }) => rows.length);
  if (!shown.length) return null;
  return element('section.key', {}, ...shown.flatMap(({ title, rows }) => [element('h3', {}, title), element('ul', {}, ...rows.map(entry))]));
}
