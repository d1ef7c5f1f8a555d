/** A graticule that is drawn anew for each view: a base map that needs no network. */

import { angle } from './format.js';
import { wrapped } from './geometry.js';
import { element } from './dom.js';

/** @typedef {import('maplibre-gl').Map} Map */

const STEPS = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];
const PIXELS_APART = 110;
const MERCATOR_END = 85.05;

/** The finest step whose lines stay apart on the screen. @param {number} degreesPerPixel */
export function stepFor(degreesPerPixel) {
  const apart = degreesPerPixel * PIXELS_APART;
  return STEPS.findLast((step) => step >= apart) ?? 30;
}

/** @param {number} low @param {number} high @param {number} step @returns {number[]} multiples of the step */
export function multiples(low, high, step) {
  const first = Math.ceil(low / step);
  const count = Math.max(0, Math.floor(high / step) - first + 1);
  return Array.from({ length: count }, (_, k) => (first + k) * step);
}

/** @param {number} step */
const decimals = (step) => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));

/** @param {Map} map */
function viewOf(map) {
  const [[west, south], [east, north]] = map.getBounds().toArray();
  const step = stepFor((east - west) / Math.max(1, map.getContainer().clientWidth));
  return {
    west, east, step,
    south: Math.max(south, -MERCATOR_END),
    north: Math.min(north, MERCATOR_END),
    meridians: multiples(west, east, step),
    parallels: multiples(Math.max(south, -MERCATOR_END), Math.min(north, MERCATOR_END), step),
  };
}

/** @param {ReturnType<typeof viewOf>} view @returns {import('geojson').Feature} */
function lines({ west, east, south, north, meridians, parallels }) {
  const tall = meridians.map((lon) => [[lon, south], [lon, north]]);
  const wide = parallels.map((lat) => [[west, lat], [east, lat]]);
  return { type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: [...tall, ...wide] } };
}

/** @param {string} kind @param {string} text @param {number} x @param {number} y */
function label(kind, text, x, y) {
  const node = element(`span.${kind}`, {}, text);
  node.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  return node;
}

/**
 * Keep lines and labels in step with the view.
 * @param {Map} map with a GeoJSON source "graticule"
 * @param {HTMLElement} labels an empty element over the map
 */
export function keepGraticule(map, labels) {
  const write = () => {
    const view = viewOf(map);
    const digits = decimals(view.step);
    labels.replaceChildren(
      ...view.meridians.map((lon) => label('meridian', angle(wrapped(lon), 'E', 'W', digits), map.project([lon, view.south]).x, 0)),
      ...view.parallels.map((lat) => label('parallel', angle(lat, 'N', 'S', digits), 0, map.project([view.west, lat]).y)),
    );
  };
  const draw = () => {
    const source = /** @type {import('maplibre-gl').GeoJSONSource | undefined} */ (map.getSource('graticule'));
    source?.setData(lines(viewOf(map)));
    write();
  };
  map.on('move', write);
  map.on('moveend', draw);
  map.on('resize', draw);
  draw();
}
