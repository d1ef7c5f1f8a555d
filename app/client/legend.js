/** What the colours mean. */

import { byId, element } from './dom.js';
import { words } from './format.js';
import { symbolKey } from './symbols.js';

/** @typedef {import('./types.js').Legend} Legend */
/** @typedef {import('./types.js').LegendClass} LegendClass */

const PROBABILITY = '1'; // the unit of a pure number
const rising = (/** @type {LegendClass} */ a, /** @type {LegendClass} */ b) => (a.lower ?? -Infinity) - (b.lower ?? -Infinity);

/** The legend with its classes from low to high, and probabilities as percentages. @param {Legend} legend @returns {Legend} */
export function readable(legend) {
  const classes = [...legend.classes].sort(rising);
  if (legend.unit !== PROBABILITY) return { ...legend, classes };
  const title = legend.quantity === 'exceedance' ? 'Probability above the limit' : legend.title;
  if (classes.some(({ upper }) => upper === null || upper > 1)) return { ...legend, unit: '', classes };
  return { ...legend, title, unit: '', classes: classes.map((one) => ({ ...one, label: percentages(one) })) };
}

/** @param {LegendClass} one */
function percentages({ lower, upper }) {
  const [from, to] = [lower, upper].map((bound) => Number((100 * (bound ?? 0)).toPrecision(3)));
  if (!lower) return `below ${to} %`;
  return upper === null || upper >= 1 ? `above ${from} %` : `${from} – ${to} %`;
}

/** @param {string} colour */
function swatch(colour) {
  const node = element('span.swatch', { 'aria-hidden': 'true' });
  node.style.backgroundColor = colour;
  return node;
}

/** @param {Legend} legend */
function scale({ title, unit, classes }) {
  const rows = classes.map(({ colour, label }) => element('li', {}, swatch(colour), label));
  return element('section', {}, element('h3', {}, title, ' ', element('span.unit', {}, unit)), element('ul.classes', {}, ...rows.reverse()));
}

/** How colours fade. @param {Legend} legend */
function fading({ uncertainty, classes }) {
  if (!uncertainty) return null;
  const colour = classes.at(Math.floor(classes.length / 2))?.colour ?? '';
  const rows = uncertainty.classes.map(({ label, opacity }) => {
    const sample = swatch(colour);
    sample.style.opacity = String(opacity);
    return element('li', {}, sample, label);
  });
  const measure = words(uncertainty.classes[0]?.measure ?? 'uncertainty');
  return element('section.fading', {}, element('h3', {}, measure), element('ul.classes', {}, ...rows));
}

/** The classes on one line, for the closed legend of a narrow screen. @param {Legend} legend */
const ramp = ({ classes }) => [classes[0]?.label ?? '', ...classes.map(({ colour }) => swatch(colour)), classes.at(-1)?.label ?? ''];

/**
 * @param {HTMLElement} container
 * @param {object} shown
 * @param {Legend | null} shown.layer of the raster
 * @param {Legend | null} shown.concentration of the samples' colours, where they differ from the raster's
 * @param {import('./types.js').Threshold | null} shown.against
 * @param {readonly string[]} shown.hidden
 * @param {ReadonlySet<string>} shown.present
 */
export function drawLegend(container, { layer, concentration, against, hidden, present }) {
  const samplesOwn = concentration && !hidden.includes('samples') ? scale({ ...concentration, title: 'Samples: measured' }) : null;
  byId('ramp', HTMLElement).replaceChildren(...(layer ? ramp(layer) : []));
  const parts = [layer && scale(layer), layer && fading(layer), samplesOwn, symbolKey(hidden, present, against)].filter((part) => part !== null);
  container.replaceChildren(...parts);
  byId('legend-box', HTMLElement).hidden = parts.length === 0;
}
