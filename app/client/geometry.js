/** Distances, boxes and point-in-polygon on longitude and latitude. */

/** @typedef {import('./types.js').Box} Box */
/** @typedef {import('./types.js').Place} Place */
/** @typedef {import('geojson').Position} Position */

const EARTH_RADIUS = 6_371_008.8; // mean radius of the IUGG, metres
const METRES_PER_DEGREE = (Math.PI / 180) * EARTH_RADIUS;

/** @param {number} degrees */
const radians = (degrees) => (degrees * Math.PI) / 180;

/** Into [-180, 180). @param {number} lon */
export const wrapped = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;

/** Great-circle distance in metres (haversine). @param {Place} a @param {Place} b */
export function metresBetween(a, b) {
  const up = Math.sin(radians(b.lat - a.lat) / 2) ** 2;
  const across = Math.sin(radians(b.lon - a.lon) / 2) ** 2;
  const h = up + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * across;
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * The box around a circle; west > east where it crosses the antimeridian.
 * @param {Place} place
 * @param {number} metres
 * @returns {Box}
 */
export function boxAround({ lon, lat }, metres) {
  const tall = metres / METRES_PER_DEGREE;
  const wide = tall / Math.max(Math.cos(radians(lat)), 1e-6);
  const south = Math.max(-90, lat - tall);
  const north = Math.min(90, lat + tall);
  if (wide >= 180) return [-180, south, 180, north];
  return [wrapped(lon - wide), south, wrapped(lon + wide), north];
}

/** The box with west < east, its east beyond 180 if need be. @param {Box} box @returns {Box} */
export function unrolled([west, south, east, north]) {
  return [west, south, west > east ? east + 360 : east, north];
}

/** @param {Box[]} boxes @returns {Box | null} one box around all */
export function around(boxes) {
  const [first, ...rest] = boxes.map(unrolled);
  if (!first) return null;
  return rest.reduce(
    (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])],
    first,
  );
}

/** Ground metres of one CSS pixel in web mercator. @param {number} lat @param {number} zoom of 512 px tiles */
export const metresPerPixel = (lat, zoom) =>
  (2 * Math.PI * EARTH_RADIUS * Math.cos(radians(lat))) / (512 * 2 ** zoom);

/** @param {Position[]} ring @param {Place} place */
function insideRing(ring, { lon, lat }) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax = 0, ay = 0] = ring[i] ?? [];
    const [bx = 0, by = 0] = ring[j] ?? [];
    if (ay > lat !== by > lat && lon < ((bx - ax) * (lat - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Inside the shell and in no hole: an odd number of rings. @param {Position[][]} rings @param {Place} place */
const insidePolygon = (rings, place) => rings.filter((ring) => insideRing(ring, place)).length % 2 === 1;

/**
 * Whether a geometry covers a place; points and lines never do.
 * @param {import('geojson').Geometry} geometry
 * @param {Place} place
 * @returns {boolean}
 */
export function covers(geometry, place) {
  if (geometry.type === 'Polygon') return insidePolygon(geometry.coordinates, place);
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.some((rings) => insidePolygon(rings, place));
  if (geometry.type === 'GeometryCollection') return geometry.geometries.some((part) => covers(part, place));
  return false;
}
