/** The answer about a place, as a document. */

import { element } from './dom.js';
import { area, distance, doubt, figure, likelihood, measurement, percent, position, words } from './format.js';
import { assumed } from './guideline.js';

/** @typedef {import('./types.js').PlaceAnswer} PlaceAnswer */
/** @typedef {import('./types.js').Estimate} Estimate */
/** @typedef {import('./types.js').Threshold} Threshold */
/** @typedef {import('./types.js').Feature} Feature */

const SHOWN_NEIGHBOURS = 5;

/** A rounded figure that keeps the full number for machines. @param {string} name @param {number} value @param {string} [text] */
const datum = (name, value, text = figure(value)) => element('data', { value, 'data-name': name }, text);

/** @param {string} term @param {...(Node | string | false | null)} description */
const row = (term, ...description) => element('div', {}, element('dt', {}, term), element('dd', {}, ...description));

/** @param {string} text */
const heading = (text) => element('h3', {}, text);

/** @param {Estimate} estimate @param {Threshold | null} against */
function exceedanceRow({ exceedance }, against) {
  if (!against || exceedance === null) return null;
  const assumptions = against.assumptions.length ? `, assuming ${against.assumptions.map(assumed).join(', ')}` : '';
  return row(
    `Above ${figure(against.mgPerKg)} mg/kg`,
    datum('exceedance', exceedance, percent(exceedance)), ` · ${likelihood(exceedance)}`,
    element('small', {}, `${against.label}${assumptions}`),
  );
}

/** @param {Estimate} estimate @param {Threshold | null} against @param {string} contaminant */
function estimateSection(estimate, against, contaminant) {
  const { expected, sd, median, p05, p95 } = estimate;
  return element(
    'section.estimate', {},
    element('p.main-figure', {}, `${words(contaminant)} `, datum('expected', expected), ' ± ', datum('sd', sd), element('span.unit', {}, ' mg/kg')),
    element('p.hint', {}, 'expected value ± standard deviation of a new sample here'),
    element(
      'dl', {},
      row('Median', datum('median', median), ' mg/kg'),
      row('90 % interval', datum('p05', p05), ' to ', datum('p95', p95), ' mg/kg'),
      exceedanceRow(estimate, against),
    ),
  );
}

/** @param {PlaceAnswer} answer @param {Threshold | null} against @param {string} contaminant */
function valueSection({ estimate, derived, mapped }, against, contaminant) {
  if (estimate) return estimateSection(estimate, against, contaminant);
  const known = derived.filter(([, value]) => value !== null);
  if (known.length) return element('dl.derived', {}, ...known.map(([{ name, title, unit }, value]) => row(title, datum(name, Number(value)), unit === '1' ? '' : ` ${unit}`)));
  const sentence = mapped ? 'Outside the mapped area: no estimate here.' : `There is no map of ${contaminant} yet.`;
  return element('p.outside', {}, sentence);
}

/** @param {import('./types.js').Neighbour} neighbour */
function sampleItem({ feature, metres }) {
  const { quality_flag: flag, specimen, site, measurements, unit = 'mg/kg' } = feature.properties;
  const doubted = doubt(flag);
  return element(
    'li', {},
    element('span.amount', {}, measurements ? `${Object.keys(measurements).length} measured` : `${measurement(feature.properties)} ${unit}`),
    element('span.code', {}, String(specimen ?? site ?? '')),
    element('span.distance', {}, distance(metres)),
    doubted && element('span.flag', {}, doubted),
  );
}

/** @param {PlaceAnswer} answer */
function samplesSection({ neighbours, radius }) {
  if (!neighbours.length) return element('section', {}, heading('Samples nearby'), element('p.hint', {}, `None within ${distance(radius)}.`));
  const more = neighbours.length - SHOWN_NEIGHBOURS;
  return element(
    'section', {},
    heading('Samples nearby'),
    element('ol.samples', {}, ...neighbours.slice(0, SHOWN_NEIGHBOURS).map(sampleItem)),
    more > 0 && element('p.hint', {}, `and ${more} more within ${distance(radius)}`),
  );
}

/** @param {Record<string, any>} hotspot */
const nearestSource = ({ nearest_source: name, nearest_source_m: metres }) =>
  name && row('Nearest source', typeof metres === 'number' ? `${name}, ${distance(metres)} away` : String(name));

/** @param {Feature} feature */
function hotspotSection({ properties }) {
  const { kind, class: className, definition, area_m2: size, mean_probability: probability, mean_z: z, assumptions = [] } = properties;
  return element(
    'section.hotspot', { 'data-kind': kind },
    heading(`${words(String(kind))} hot spot: ${words(String(className)).toLowerCase()}`),
    definition && element('p', {}, String(definition)),
    element(
      'dl', {},
      typeof size === 'number' && row('Area', area(size)),
      typeof probability === 'number' && row('Mean probability', percent(probability)),
      typeof z === 'number' && row('Mean z score', figure(z)),
      Array.isArray(assumptions) && assumptions.length > 0 && row('Assuming', assumptions.map(assumed).join(', ')),
      nearestSource(properties),
    ),
  );
}

/** @param {Feature} feature */
function sourceSection({ properties: { name, sector, diffuse, releases } }) {
  const pollutants = Array.isArray(releases) ? [...new Set(releases.map(({ contaminant, pollutant }) => contaminant ?? pollutant))].join(', ') : '';
  return element(
    'section', {},
    heading(`Source: ${name}`),
    element('p', {}, `${words(String(sector ?? 'unknown sector'))}${diffuse ? ', diffuse' : ''}${pollutants ? `; releases ${pollutants}` : ''}`),
  );
}

/** @param {string} sentence @param {import('./types.js').Place} place */
export const popupMessage = (sentence, place) => element('article.place', {}, element('h2', {}, position(place)), element('p', {}, sentence));

/**
 * @param {PlaceAnswer} answer
 * @param {Threshold | null} against
 * @param {string} contaminant
 * @param {string | null} dataAddress where the same answer is had as data
 */
export function popupContent(answer, against, contaminant, dataAddress) {
  return element(
    'article.place', { 'data-answered': true },
    element('h2', {}, position(answer.place)),
    valueSection(answer, against, contaminant),
    ...answer.hotspots.map(hotspotSection),
    ...answer.sources.map(sourceSection),
    samplesSection(answer),
    dataAddress && element('p.hint', {}, element('a', { href: dataAddress, target: '_blank', rel: 'noopener' }, 'This estimate as data (CoverageJSON)')),
  );
}
