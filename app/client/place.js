/** What the service knows about one place. */

import { getJson } from './api.js';
import { onlyOf } from './catalogue.js';
import { boxAround, covers, metresBetween } from './geometry.js';

/** @typedef {import('./types.js').Place} Place */
/** @typedef {import('./types.js').Feature} Feature */
/** @typedef {import('./types.js').Neighbour} Neighbour */
/** @typedef {import('./types.js').Estimate} Estimate */
/** @typedef {import('./types.js').Pairs} Pairs */

/**
 * @typedef {object} PlaceQuestion
 * @property {Place} place
 * @property {string | null} surface collection id
 * @property {import('./types.js').Band[] | null} bands of a map that was derived from others
 * @property {string | null} contaminant
 * @property {Pairs} samples which of its samples belong to the map
 * @property {Pairs} against parameters of the limit, or none
 * @property {number} metresPerPixel
 */

const ENOUGH = 5;
const FIRST_RADIUS = 100; // pixels
const WIDENINGS = 3;
const REACH = 12; // pixels around a point source that still count as a click on it

/** @param {Pick<PlaceQuestion, 'place' | 'against'>} question */
export function positionQuery({ place, against }) {
  return /** @type {Pairs} */ ([['coords', `POINT(${place.lon} ${place.lat})`], ...against]);
}

/** @param {any} coverage CoverageJSON of one point @returns {Estimate | null} */
export function readEstimate(coverage) {
  /** @param {string} name @returns {number | null} */
  const value = (name) => coverage.ranges?.[name]?.values?.[0] ?? null;
  const [expected, median, sd, p05, p95] = ['expected', 'median', 'sd', 'p05', 'p95'].map(value);
  if (expected == null || median == null || sd == null || p05 == null || p95 == null) return null;
  return { expected, median, sd, p05, p95, exceedance: value('exceedance') };
}

/** @param {string} collection @param {Place} place @param {number} metres @param {Pairs} filter @param {AbortSignal} signal @returns {Promise<Feature[]>} */
async function featuresAround(collection, place, metres, filter, signal) {
  /** @type {Pairs} */
  const query = [['bbox', boxAround(place, metres).map((degree) => degree.toFixed(7)).join(',')], ['limit', '1000']];
  return (await getJson(`collections/${collection}/items`, [...query, ...filter], signal)).features;
}

/** @param {Feature} feature @param {Place} place */
function metresTo({ geometry }, place) {
  if (geometry?.type !== 'Point') return Infinity;
  const [lon = NaN, lat = NaN] = geometry.coordinates;
  return metresBetween(place, { lon, lat });
}

/**
 * The nearest samples, looked for in a growing circle.
 * @param {PlaceQuestion} question
 * @param {AbortSignal} signal
 * @returns {Promise<{neighbours: Neighbour[], radius: number}>}
 */
async function neighboursOf({ place, contaminant, samples, metresPerPixel }, signal) {
  const filter = [...onlyOf(contaminant), ...samples];
  let radius = FIRST_RADIUS * metresPerPixel;
  for (let widening = 0; ; widening++) {
    const features = await featuresAround('samples', place, radius, filter, signal);
    const near = features.map((feature) => ({ feature, metres: metresTo(feature, place) })).filter(({ metres }) => metres <= radius);
    if (near.length >= ENOUGH || widening === WIDENINGS) {
      return { neighbours: near.sort((a, b) => a.metres - b.metres), radius };
    }
    radius *= 3;
  }
}

/** @param {PlaceQuestion} question @param {AbortSignal} signal */
async function hotspotsAt({ place, contaminant, samples, metresPerPixel }, signal) {
  const near = await featuresAround('hotspots', place, metresPerPixel, [...onlyOf(contaminant), ...samples], signal);
  return near.filter(({ geometry }) => covers(geometry, place));
}

/** @param {PlaceQuestion} question @param {AbortSignal} signal */
async function sourcesAt({ place, metresPerPixel }, signal) {
  const reach = REACH * metresPerPixel;
  const near = await featuresAround('sources', place, reach, [], signal);
  return near.filter((feature) => covers(feature.geometry, place) || metresTo(feature, place) <= reach);
}

/**
 * What the map says: a distribution, or the values of one that was derived from others.
 * @param {PlaceQuestion} question
 * @param {AbortSignal} signal
 * @returns {Promise<{estimate: Estimate | null, derived: import('./types.js').PlaceAnswer['derived']}>}
 */
async function estimateAt({ surface, bands, place, against }, signal) {
  if (!surface) return { estimate: null, derived: [] };
  const query = positionQuery({ place, against: bands ? [] : against });
  const coverage = await getJson(`collections/${surface}/position`, query, signal);
  if (!bands) return { estimate: readEstimate(coverage), derived: [] };
  return { estimate: null, derived: bands.map((band) => [band, coverage.ranges?.[band.name]?.values?.[0] ?? null]) };
}

/**
 * @param {PlaceQuestion} question
 * @param {AbortSignal} signal
 * @returns {Promise<import('./types.js').PlaceAnswer>}
 */
export async function askPlace(question, signal) {
  const [{ estimate, derived }, { neighbours, radius }, hotspots, sources] = await Promise.all([
    estimateAt(question, signal),
    neighboursOf(question, signal),
    hotspotsAt(question, signal),
    sourcesAt(question, signal),
  ]);
  return { place: question.place, mapped: question.surface !== null, estimate, derived, neighbours, radius, hotspots, sources };
}
