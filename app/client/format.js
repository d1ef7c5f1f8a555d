/** Numbers and names as people read them. */

const three = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** Three significant figures: no estimate here deserves more. @param {number} value */
export const figure = (value) => three.format(value);

/** A measured number, with all the digits it was given with. @param {number} value */
export const exact = (value) => new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 8 }).format(value);

/** @param {number} p probability between 0 and 1 */
export function percent(p) {
  if (p < 0.001) return 'below 0.1 %';
  if (p > 0.999) return 'above 99.9 %';
  return `${(100 * p).toFixed(p < 0.1 || p > 0.9 ? 1 : 0)} %`;
}

const LIKELIHOODS = /** @type {const} */ ([
  [0.01, 'exceptionally unlikely'],
  [0.1, 'very unlikely'],
  [0.33, 'unlikely'],
  [0.66, 'about as likely as not'],
  [0.9, 'likely'],
  [0.99, 'very likely'],
]);

/**
 * The calibrated words of the IPCC (Mastrandrea et al. 2010, table 1) for a probability.
 * @param {number} p
 */
export function likelihood(p) {
  return LIKELIHOODS.find(([below]) => p < below)?.[1] ?? 'virtually certain';
}

/** @param {number} metres */
export function distance(metres) {
  if (metres < 1000) return `${whole.format(metres)} m`;
  return `${figure(metres / 1000)} km`;
}

/** @param {number} squareMetres */
export function area(squareMetres) {
  if (squareMetres < 10_000) return `${figure(squareMetres)} m²`;
  if (squareMetres < 1e6) return `${figure(squareMetres / 10_000)} ha`;
  return `${figure(squareMetres / 1e6)} km²`;
}

/**
 * @param {number} degrees
 * @param {string} positive N or E
 * @param {string} negative S or W
 * @param {number} decimals
 */
export function angle(degrees, positive, negative, decimals) {
  const text = Math.abs(degrees).toFixed(decimals);
  if (Number(text) === 0 || Number(text) === 180) return `${text}°`;
  return `${text}° ${degrees < 0 ? negative : positive}`;
}

/** @param {import('./types.js').Place} place @param {number} [decimals] */
export function position({ lon, lat }, decimals = 5) {
  return `${angle(lat, 'N', 'S', decimals)}, ${angle(lon, 'E', 'W', decimals)}`;
}

/** @type {Readonly<Record<string, string>>} */
const FLAGS = Object.freeze({ 'substituted-limit': 'probably a substituted detection limit' });

/** A doubt about a measurement, in words; null if there is none. @param {unknown} flag */
export function doubt(flag) {
  if (typeof flag !== 'string' || flag === '' || flag === 'ok') return null;
  return FLAGS[flag] ?? words(flag);
}

/** A slug as words (less-sensitive → Less sensitive); what is text already keeps its hyphens. @param {string} name */
export function words(name) {
  const text = (/^[a-z0-9_-]+$/.test(name) ? name.replace(/[-_]+/g, ' ') : name).trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} name */
export const slug = (name) => name.toLowerCase().replaceAll('_', '-');

/**
 * A measurement as text: censored ones as the bound that is known.
 * @param {Record<string, any>} measured value, lower, upper, censored
 */
export function measurement({ value, lower, upper, censored }) {
  if (!censored && typeof value === 'number') return exact(value);
  if (typeof upper !== 'number') return `>${exact(lower)}`;
  if (typeof lower !== 'number' || lower <= 0) return `<${exact(upper)}`;
  return `${exact(lower)} to ${exact(upper)}`;
}
