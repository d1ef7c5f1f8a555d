/** What the colours and symbols mean. */

import { byId, drawing, element } from './dom.js';
import { figure } from './format.js';
import { COLOURS } from './layers.js';

/** @typedef {import('./types.js').Legend} Legend */
/** @typedef {import('./types.js').Threshold} Threshold */

/** @param {string} colour */
function swatch(colour) {
  const node = element('span.swatch', { 'aria-hidden': 'true' });
  node.style.backgroundColor = colour;
  return node;
}

/** @param {string} name of a symbol @param {string} [fill] */
function symbol(name, fill = '') {
  return drawing('svg', { viewBox: '0 0 24 16', width: 24, height: 16, 'aria-hidden': 'true', class: 'symbol' }, ...(SYMBOLS[name]?.(fill) ?? []));
}

const dot = (/** @type {string} */ fill, width = 1) => drawing('circle', { cx: 12, cy: 8, r: 5, fill, stroke: COLOURS.ink, 'stroke-width': width });

/** @type {Record<string, (fill: string) => SVGElement[]>} */
const SYMBOLS = {
  measured: (fill) => [dot(fill)],
  censored: () => [dot('none', 1.8)],
  suspect: (fill) => [dot(fill), drawing('path', { d: 'M9 5l6 6M15 5l-6 6', stroke: COLOURS.ink, 'stroke-width': 1.5 })],
  source: () => [drawing('rect', { x: 8, y: 4, width: 8, height: 8, fill: COLOURS.source, transform: 'rotate(45 12 8)' })],
  sourceArea: () => [drawing('rect', { x: 2, y: 2, width: 20, height: 12, fill: '#b5d3e7', stroke: '#3f7fb1' })],
  exceeding: () => [
    drawing('path', { d: 'M2 14L14 2M8 14L20 2M14 14L22 6M2 8L8 2', stroke: COLOURS.regulatory }),
    drawing('rect', { x: 2, y: 2, width: 20, height: 12, fill: 'none', stroke: COLOURS.regulatory, 'stroke-width': 2.4 }),
  ],
  undecided: () => [drawing('rect', { x: 2, y: 2, width: 20, height: 12, fill: 'none', stroke: COLOURS.regulatory, 'stroke-width': 1.4, 'stroke-dasharray': '1.5 2.5' })],
  hot: () => [drawing('rect', { x: 2, y: 2, width: 20, height: 12, fill: COLOURS.hot, 'fill-opacity': 0.12, stroke: COLOURS.hot, 'stroke-width': 2.2, 'stroke-dasharray': '5 2.5' })],
  cold: () => [drawing('rect', { x: 2, y: 2, width: 20, height: 12, fill: COLOURS.cold, 'fill-opacity': 0.12, stroke: COLOURS.cold, 'stroke-width': 2.2, 'stroke-dasharray': '5 2.5' })],
};

/** @param {Node} mark @param {string} text */
const entry = (mark, text) => element('li', {}, mark, text);

/** @param {Legend} legend */
function classList({ classes }) {
  const falling = [...classes].sort((a, b) => (b.lower ?? -Infinity) - (a.lower ?? -Infinity));
  return element('ul.classes', {}, ...falling.map(({ colour, label }) => entry(swatch(colour), label)));
}

/** The classes on one line, for the closed legend of a narrow screen. @param {Legend} legend */
function ramp({ classes }) {
  const rising = [...classes].sort((a, b) => (a.lower ?? -Infinity) - (b.lower ?? -Infinity));
  return [rising[0]?.label ?? '', ...rising.map(({ colour }) => swatch(colour)), rising.at(-1)?.label ?? ''];
}

/** @param {Legend} legend */
function scale(legend) {
  return element('section', {}, element('h3', {}, legend.title, ' ', element('span.unit', {}, legend.unit)), classList(legend));
}

/** @param {Threshold | null} against @returns {HTMLElement[]} */
function sampleEntries(against) {
  const filled = against
    ? [
        entry(symbol('measured', COLOURS.above), `above ${figure(against.mgPerKg)} mg/kg`),
        entry(symbol('measured', COLOURS.below), `at or below ${figure(against.mgPerKg)} mg/kg`),
      ]
    : [entry(symbol('measured', '#e8b86b'), 'measured, in its class’s colour')];
  return [
    ...filled,
    entry(symbol('censored'), 'below the detection limit'),
    entry(symbol('suspect', '#fff7d6'), 'probably a substituted limit'),
  ];
}

/**
 * @param {readonly string[]} hidden overlays
 * @param {Threshold | null} against
 * @returns {HTMLElement | null}
 */
function symbolKey(hidden, against) {
  const groups = [
    hidden.includes('samples') || { title: 'Samples', entries: sampleEntries(against) },
    hidden.includes('regulatory') || {
      title: 'Regulatory hot spots',
      entries: [entry(symbol('exceeding'), 'exceeding'), entry(symbol('undecided'), 'undecided')],
    },
    hidden.includes('statistical') || {
      title: 'Statistical hot spots',
      entries: [entry(symbol('hot'), 'cluster of high values'), entry(symbol('cold'), 'cluster of low values')],
    },
    hidden.includes('sources') || {
      title: 'Pollution sources',
      entries: [entry(symbol('sourceArea'), 'area'), entry(symbol('source'), 'point')],
    },
  ];
  const shown = groups.filter((group) => group !== true);
  if (!shown.length) return null;
  return element('section.key', {}, ...shown.flatMap(({ title, entries }) => [element('h3', {}, title), element('ul', {}, ...entries)]));
}

/**
 * @param {HTMLElement} container
 * @param {object} shown
 * @param {Legend | null} shown.layer of the raster
 * @param {Legend | null} shown.concentration of the samples' colours, where they differ from the raster's
 * @param {Threshold | null} shown.against
 * @param {readonly string[]} shown.hidden
 */
export function drawLegend(container, { layer, concentration, against, hidden }) {
  const samplesOwn = concentration && !hidden.includes('samples') && element('section', {}, element('h3', {}, 'Samples: measured ', element('span.unit', {}, concentration.unit)), classList(concentration));
  byId('ramp', HTMLElement).replaceChildren(...(layer ? ramp(layer) : []));
  container.replaceChildren(...[layer && scale(layer), samplesOwn, symbolKey(hidden, against)].filter((part) => part instanceof Node));
}
