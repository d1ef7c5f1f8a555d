/** Which contaminants and maps the service has. */

import { getJson } from './api.js';
import { figure, words } from './format.js';
import { around } from './geometry.js';

/** @typedef {import('./types.js').Surface} Surface */
/** @typedef {import('./types.js').Box} Box */

/**
 * @typedef {object} Catalogue
 * @property {Surface[]} surfaces
 * @property {string[]} contaminants with a map or with samples, in alphabetical order
 * @property {Box | null} samplesBox where there are samples
 */

const PREFIX = 'surface-';

/** What stands where others have the name of a contaminant. */
export const SEVERAL = 'several contaminants';

/** What selects rows of a contaminant; nothing where there are several. @param {string | null} contaminant @returns {import('./types.js').Pairs} */
export const onlyOf = (contaminant) => (contaminant && contaminant !== SEVERAL ? [['contaminant', contaminant]] : []);

/** @param {any} box @returns {Box | null} */
function readBox(box) {
  if (!Array.isArray(box)) return null;
  const flat = box.length === 6 ? [box[0], box[1], box[3], box[4]] : box;
  return flat.length === 4 && flat.every(Number.isFinite) ? /** @type {Box} */ (flat) : null;
}

/** How the map was made and how well it predicts, as far as the service tells. @param {any} collection @returns {[string, string][]} */
function readAbout({ method, cell_m: cell, grid_crs: crs, created, version, scores = {} }) {
  const known = Object.entries(scores ?? {}).filter(([, score]) => typeof score === 'number');
  /** @type {[string, string | false][]} */
  const rows = [
    ['Method', typeof method === 'string' && words(method)],
    ['Cells', typeof cell === 'number' && `${figure(cell)} m`],
    ['Grid', typeof crs === 'string' && crs],
    ['Made', typeof created === 'string' && created.slice(0, 10)],
    ['Version', typeof version === 'string' && version.slice(0, 16)],
    ...known.map(([name, score]) => /** @type {[string, string]} */ ([`Score: ${name.replaceAll('_', ' ')}`, figure(Number(score))])),
  ];
  return /** @type {[string, string][]} */ (rows.filter(([, text]) => text));
}

/**
 * What selects the samples of a map: others of the same contaminant may be of another soil or extraction.
 * @param {any} collection
 * @returns {import('./types.js').Pairs}
 */
function readSamples({ context = {}, datasets = [] }) {
  const one = datasets.length === 1 ? { dataset: datasets[0] } : {};
  /** @type {Record<string, unknown>} */
  const stated = { ...context, ...one };
  return ['dataset', 'medium', 'procedure', 'basis'].filter((name) => stated[name]).map((name) => [name, String(stated[name])]);
}

/** The bands of a map that was derived from others. @param {any} collection @returns {import('./types.js').Band[] | null} */
function readBands({ quantity, parameter_names: names = {} }) {
  if (!quantity || quantity === 'concentration') return null;
  return Object.entries(names).map(([name, { description, unit }]) => ({ name, title: description?.en ?? name, unit: unit?.symbol?.value ?? '1' }));
}

/** @param {any} collection @returns {Surface} */
function readSurface(collection) {
  const { id, title, description, attribution } = collection;
  const contaminant = collection.contaminant ?? SEVERAL;
  const box = readBox(collection.extent?.spatial?.bbox?.[0]);
  return { id, title: title ?? id, description, attribution, contaminant, box, samples: readSamples(collection), about: readAbout(collection), bands: readBands(collection) };
}

/** @param {any} queryables @returns {string[]} contaminants with measurements, if the service lists them */
const measured = (queryables) => queryables?.properties?.contaminant?.enum ?? [];

/** @param {AbortSignal} signal @returns {Promise<Catalogue>} */
export async function loadCatalogue(signal) {
  const [{ collections }, queryables] = await Promise.all([
    getJson('collections', [], signal),
    getJson('collections/samples/queryables', [], signal).catch(() => null),
  ]);
  const surfaces = collections.filter((/** @type {any} */ one) => one.id.startsWith(PREFIX)).map(readSurface);
  const names = new Set([...surfaces.map((/** @type {Surface} */ one) => one.contaminant), ...measured(queryables)]);
  const samples = collections.find((/** @type {any} */ one) => one.id === 'samples');
  return { surfaces, contaminants: [...names].sort(), samplesBox: readBox(samples?.extent?.spatial?.bbox?.[0]) };
}

/** @param {Catalogue} catalogue @param {string | null} contaminant @returns {Surface[]} */
export const surfacesOf = (catalogue, contaminant) =>
  catalogue.surfaces.filter((surface) => surface.contaminant === contaminant);

/**
 * The contaminant and map to show: those asked for where they exist, else the first contaminant that has a map.
 * @param {Catalogue} catalogue
 * @param {{contaminant: string | null, surface: string | null}} asked
 * @returns {{contaminant: string | null, surface: string | null}}
 */
export function choose(catalogue, asked) {
  const exact = catalogue.surfaces.find((one) => one.id === asked.surface && (!asked.contaminant || one.contaminant === asked.contaminant));
  if (exact) return { contaminant: exact.contaminant, surface: exact.id };
  const known = catalogue.contaminants.includes(asked.contaminant ?? '');
  const contaminant = known ? asked.contaminant : (catalogue.surfaces[0]?.contaminant ?? catalogue.contaminants[0] ?? null);
  return { contaminant, surface: surfacesOf(catalogue, contaminant)[0]?.id ?? null };
}

/** Which samples belong to a map; all where there is none. @param {Catalogue} catalogue @param {string | null} id @returns {import('./types.js').Pairs} */
export const samplesOf = (catalogue, id) => catalogue.surfaces.find((one) => one.id === id)?.samples ?? [];

/** What the map should show in full. @param {Catalogue} catalogue @param {string | null} id */
export function extentOf(catalogue, id) {
  const surface = catalogue.surfaces.find((one) => one.id === id);
  return surface?.box ?? (catalogue.samplesBox && around([catalogue.samplesBox]));
}
