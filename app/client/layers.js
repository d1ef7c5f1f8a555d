/** The layers of the map, from the paper at the bottom to the place that was asked about. */

import { onThisHost } from './api.js';
import { unrolled } from './geometry.js';

/** @typedef {import('maplibre-gl').Map} Map */
/** @typedef {import('maplibre-gl').LayerSpecification} Layer */
/** @typedef {import('maplibre-gl').ExpressionSpecification} Expression */
/** @typedef {import('./types.js').Legend} Legend */
/** @typedef {import('./types.js').TileJson} TileJson */
/** @typedef {import('./types.js').Threshold} Threshold */
/** @typedef {import('./state.js').Overlay} Overlay */

/** Bottom to top: layers come and go, their order stays. */
const ORDER = [
  'background', 'source-areas', 'surface', 'graticule', 'source-outlines',
  'regulatory-fill', 'regulatory-undecided', 'regulatory-casing', 'regulatory-line', 'statistical-fill', 'statistical-casing', 'statistical-line',
  'samples', 'samples-suspect', 'source-points', 'place-casing', 'place',
];

/** @type {Record<Overlay, string[]>} */
const LAYERS_OF = {
  samples: ['samples', 'samples-suspect'],
  sources: ['source-areas', 'source-outlines', 'source-points'],
  regulatory: ['regulatory-fill', 'regulatory-undecided', 'regulatory-casing', 'regulatory-line'],
  statistical: ['statistical-fill', 'statistical-casing', 'statistical-line'],
};

export const COLOURS = Object.freeze({
  paper: '#f4f2ec',
  ink: '#1b1f23',
  above: '#1b1f23',
  below: '#ffffff',
  unclassed: '#6b7d86',
  regulatory: '#1b1f23',
  hot: '#b5105f',
  cold: '#1259b0',
  source: '#14507a',
  sourceArea: '#b5d3e7',
  sourceLine: '#3f7fb1',
});

/** @type {import('maplibre-gl').StyleSpecification} */
export const STYLE = {
  version: 8,
  sources: {
    graticule: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
    place: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
  },
  layers: [
    { id: 'background', type: 'background', paint: { 'background-color': COLOURS.paper } },
    { id: 'graticule', type: 'line', source: 'graticule', paint: { 'line-color': '#6f6a5c', 'line-opacity': 0.28, 'line-width': 0.8 } },
    { id: 'place-casing', type: 'circle', source: 'place', paint: ring(COLOURS.paper, 5) },
    { id: 'place', type: 'circle', source: 'place', paint: ring(COLOURS.ink, 2) },
  ],
};

/** @param {string} colour @param {number} width @returns {import('maplibre-gl').CircleLayerSpecification['paint']} */
function ring(colour, width) {
  return { 'circle-radius': 9, 'circle-opacity': 0, 'circle-stroke-color': colour, 'circle-stroke-width': width };
}

/** @param {Map} map @param {Layer} layer */
function addInOrder(map, layer) {
  const above = ORDER.slice(ORDER.indexOf(layer.id) + 1).find((id) => map.getLayer(id));
  map.addLayer(layer, above);
}

/** @param {Map} map @param {string} source with every layer that draws it */
function removeSource(map, source) {
  for (const layer of map.getStyle().layers) {
    if ('source' in layer && layer.source === source) map.removeLayer(layer.id);
  }
  if (map.getSource(source)) map.removeSource(source);
}

/** @param {TileJson} tilejson @param {import('./types.js').Pairs} query */
function tiled({ tiles, bounds, minzoom = 0, maxzoom = 22 }, query) {
  const box = bounds && unrolled(bounds);
  const usable = box && box[2] <= 180 ? { bounds: box } : {}; // a box over the antimeridian would hide all tiles
  return { tiles: tiles.map((template) => onThisHost(template, query)), minzoom, maxzoom, ...usable };
}

/** @param {Map} map @param {TileJson | null} tilejson null takes the map away @param {number} opacity */
export function showSurface(map, tilejson, opacity) {
  removeSource(map, 'surface');
  if (!tilejson) return;
  map.addSource('surface', { type: 'raster', tileSize: 256, ...tiled(tilejson, []) });
  addInOrder(map, {
    id: 'surface', type: 'raster', source: 'surface',
    paint: { 'raster-opacity': opacity, 'raster-resampling': 'nearest', 'raster-fade-duration': 0 },
  });
}

/** @param {Map} map @param {number} opacity */
export function setOpacity(map, opacity) {
  if (map.getLayer('surface')) map.setPaintProperty('surface', 'raster-opacity', opacity);
}

/** What is known of a sample's amount: its value, else the bound that it has. */
const AMOUNT = /** @type {Expression} */ (['to-number', ['coalesce', ['get', 'value'], ['get', 'median'], ['get', 'upper'], ['get', 'lower']], 0]);
const CENSORED = /** @type {Expression} */ (['to-boolean', ['get', 'censored']]);
/** Whether it stands for the samples of a cell, of which it has the median. */
const MANY = /** @type {Expression} */ (['has', 'count']);
const SUSPECT = /** @type {Expression} */ (['in', 'substitut', ['downcase', ['to-string', ['get', 'quality_flag']]]]);

/** @param {Legend} legend @returns {Expression} the colours of the map's own classes */
function classColours({ classes }) {
  const rising = [...classes].sort((a, b) => (a.lower ?? -Infinity) - (b.lower ?? -Infinity));
  const [first, ...rest] = rising;
  const steps = rest.flatMap(({ lower, colour }) => [lower ?? 0, colour]);
  return /** @type {Expression} */ (/** @type {unknown} */ (['step', AMOUNT, first?.colour ?? COLOURS.unclassed, ...steps]));
}

/**
 * @param {Legend | null} legend of the concentration
 * @param {Threshold | null} against for the layer of exceedance: above or not
 */
function sampleColour(legend, against) {
  if (against) return /** @type {Expression} */ (['case', ['>', AMOUNT, against.mgPerKg], COLOURS.above, COLOURS.below]);
  if (!legend || legend.classes.length < 2) return legend?.classes[0]?.colour ?? COLOURS.unclassed;
  return classColours(legend);
}

/** @param {Map} map @param {Legend | null} legend @param {Threshold | null} against */
export function colourSamples(map, legend, against) {
  if (map.getLayer('samples')) map.setPaintProperty('samples', 'circle-color', sampleColour(legend, against));
}

/** The radius of a sample; of many that are drawn as one, larger the more they are. @param {number} radius @returns {any} */
const sized = (radius) => ['case', MANY, ['min', 12, ['+', radius, ['*', 1.5, ['log10', ['get', 'count']]]]], radius];

/** @param {string} source @returns {Layer[]} */
function sampleLayers(source) {
  return [
    {
      id: 'samples', type: 'circle', source, 'source-layer': 'samples',
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 3, sized(2.2), 8, sized(3.5), 13, sized(5.5), 17, sized(9)],
        'circle-color': COLOURS.unclassed,
        'circle-opacity': ['case', CENSORED, 0, 1],
        'circle-stroke-color': COLOURS.ink,
        'circle-stroke-width': ['case', CENSORED, 1.8, 1],
      },
    },
    {
      id: 'samples-suspect', type: 'symbol', source, 'source-layer': 'samples', filter: SUSPECT,
      layout: { 'icon-image': 'cross', 'icon-allow-overlap': true, 'icon-ignore-placement': true },
    },
  ];
}

/** @param {string} source @returns {Layer[]} */
function sourceLayers(source) {
  const common = { source, 'source-layer': 'sources' };
  return [
    {
      id: 'source-areas', type: 'fill', ...common, filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': COLOURS.sourceArea, 'fill-opacity': 0.9 },
    },
    {
      id: 'source-outlines', type: 'line', ...common, filter: ['!=', ['geometry-type'], 'Point'],
      paint: { 'line-color': COLOURS.sourceLine, 'line-width': 1.2 },
    },
    {
      id: 'source-points', type: 'symbol', ...common, filter: ['==', ['geometry-type'], 'Point'],
      layout: { 'icon-image': 'source', 'icon-allow-overlap': true },
    },
  ];
}

/** @param {string} source @returns {Layer[]} */
function hotSpotLayers(source) {
  const common = { source, 'source-layer': 'hotspots' };
  /** @param {string} kind @param {string[]} classes @returns {any} */
  const only = (kind, classes) => ['all', ['==', ['get', 'kind'], kind], ['in', ['get', 'class'], ['literal', classes]]];
  const exceeding = only('regulatory', ['exceeding']);
  const clusters = only('statistical', ['hot', 'cold']);
  /** @type {any} */
  const clusterColour = ['match', ['get', 'class'], 'cold', COLOURS.cold, COLOURS.hot];
  return [
    { id: 'regulatory-fill', type: 'fill', ...common, filter: exceeding, paint: { 'fill-pattern': 'hatch-regulatory', 'fill-opacity': 0.6 } },
    {
      id: 'regulatory-undecided', type: 'line', ...common, filter: only('regulatory', ['undecided']),
      paint: { 'line-color': COLOURS.regulatory, 'line-width': 1.2, 'line-dasharray': [1, 2] },
    },
    { id: 'regulatory-casing', type: 'line', ...common, filter: exceeding, paint: { 'line-color': '#ffffff', 'line-width': 4.5, 'line-opacity': 0.75 } },
    { id: 'regulatory-line', type: 'line', ...common, filter: exceeding, paint: { 'line-color': COLOURS.regulatory, 'line-width': 2.2 } },
    { id: 'statistical-fill', type: 'fill', ...common, filter: clusters, paint: { 'fill-color': clusterColour, 'fill-opacity': 0.1 } },
    { id: 'statistical-casing', type: 'line', ...common, filter: clusters, paint: { 'line-color': '#ffffff', 'line-width': 4.5, 'line-opacity': 0.75 } },
    { id: 'statistical-line', type: 'line', ...common, filter: clusters, paint: { 'line-color': clusterColour, 'line-width': 2.2, 'line-dasharray': [3, 1.5] } },
  ];
}

/** @type {Record<string, (source: string) => Layer[]>} */
const LAYERS_BY_COLLECTION = { samples: sampleLayers, sources: sourceLayers, hotspots: hotSpotLayers };

/**
 * @param {Map} map
 * @param {'samples' | 'sources' | 'hotspots'} collection
 * @param {TileJson} tilejson
 * @param {import('./types.js').Pairs} query that the tiles must carry
 */
export function showVectors(map, collection, tilejson, query) {
  removeSource(map, collection);
  map.addSource(collection, { type: 'vector', ...tiled(tilejson, query) });
  for (const layer of LAYERS_BY_COLLECTION[collection]?.(collection) ?? []) addInOrder(map, layer);
}

/** @param {Map} map @param {readonly Overlay[]} hidden */
export function setVisible(map, hidden) {
  for (const [overlay, layers] of Object.entries(LAYERS_OF)) {
    const visibility = hidden.includes(/** @type {Overlay} */ (overlay)) ? 'none' : 'visible';
    for (const layer of layers) if (map.getLayer(layer)) map.setLayoutProperty(layer, 'visibility', visibility);
  }
}

/** @param {Map} map @param {import('./types.js').Place | null} place */
export function markPlace(map, place) {
  const source = /** @type {import('maplibre-gl').GeoJSONSource | undefined} */ (map.getSource('place'));
  const features = place ? [{ type: /** @type {const} */ ('Feature'), properties: {}, geometry: { type: /** @type {const} */ ('Point'), coordinates: [place.lon, place.lat] } }] : [];
  source?.setData({ type: 'FeatureCollection', features });
}

/**
 * The symbols that the loaded tiles show, so that the legend names no others.
 * @param {Map} map
 * @returns {Set<string>}
 */
export function presentSymbols(map) {
  /** @param {string} source @param {any} [filter] */
  const features = (source, filter) => (map.getSource(source) ? map.querySourceFeatures(source, { sourceLayer: source, ...(filter && { filter }) }) : []);
  const hotspots = features('hotspots').map(({ properties }) => String(properties.class));
  const sources = features('sources').map(({ geometry }) => (geometry.type === 'Point' ? 'source' : 'sourceArea'));
  const samples = [
    features('samples').length > 0 && 'measured',
    features('samples', CENSORED).length > 0 && 'censored',
    features('samples', SUSPECT).length > 0 && 'suspect',
    features('samples', MANY).length > 0 && 'many',
  ].filter((name) => name !== false);
  return new Set([...hotspots, ...sources, ...samples]);
}
