/** What the service answers and what the modules hand to each other. */

/**
 * A map of one contaminant, as its collection describes it.
 * @typedef {object} Surface
 * @property {string} id collection id: surface-…
 * @property {string} title
 * @property {string} contaminant
 * @property {string} [description]
 * @property {string} [attribution]
 * @property {Box | null} box
 * @property {Pairs} samples parameters that select the samples it was made from
 * @property {[string, string][]} about how it was made
 * @property {Band[] | null} bands of a map that was derived from others; null for one of a concentration
 */

/**
 * West, south, east, north in degrees; west > east across the antimeridian.
 * @typedef {[number, number, number, number]} Box
 */

/** @typedef {{name: string, title: string, unit: string}} Band */

/** @typedef {{lon: number, lat: number}} Place */

/**
 * One guideline value, and whether the map's data can be compared with it.
 * @typedef {object} Limit
 * @property {string} rule jurisdiction:act:land-use:kind
 * @property {string} jurisdiction
 * @property {string} act_title
 * @property {string} land_use
 * @property {string} kind
 * @property {number | null} limit mg/kg
 * @property {boolean} assessable
 * @property {string[]} missing what is wanting, each with how to assume it
 * @property {string[]} [printed] the value as its source prints it, before any condition
 * @property {string[]} [caveats] what was not compared
 * @property {string | null} reason why it is not assessable
 * @property {string[]} assumptions that were used, as name:value
 * @property {string} source
 * @property {string} source_kind primary or secondary
 * @property {boolean} expired
 */

/**
 * What the map is compared with, once the service can do it.
 * @typedef {object} Threshold
 * @property {number} mgPerKg
 * @property {string} label
 * @property {string[]} assumptions
 * @property {Pairs} query
 */

/** @typedef {ReadonlyArray<readonly [string, string]>} Pairs parameters of a request, repeats allowed */

/**
 * @typedef {object} LegendClass
 * @property {number | null} lower
 * @property {number | null} upper
 * @property {string} colour
 * @property {string} label
 */

/**
 * @typedef {object} Legend
 * @property {string} quantity
 * @property {string} title
 * @property {string} unit
 * @property {LegendClass[]} classes
 * @property {{classes: {measure: string, label: string, opacity: number}[]}} [uncertainty] how colours fade
 */

/**
 * @typedef {object} TileJson
 * @property {string[]} tiles
 * @property {Box} [bounds]
 * @property {number} [minzoom]
 * @property {number} [maxzoom]
 */

/** @typedef {import('geojson').Feature<import('geojson').Geometry, Record<string, any>>} Feature */

/**
 * The distribution at a place, mg/kg; null outside the map.
 * @typedef {object} Estimate
 * @property {number} expected
 * @property {number} median
 * @property {number} sd
 * @property {number} p05
 * @property {number} p95
 * @property {number | null} exceedance
 */

/** @typedef {{feature: Feature, metres: number}} Neighbour */

/**
 * Everything that is said about a place.
 * @typedef {object} PlaceAnswer
 * @property {Place} place
 * @property {boolean} mapped whether there is a map to ask at all
 * @property {Estimate | null} estimate
 * @property {[Band, number | null][]} derived what a map that was derived from others says here
 * @property {Neighbour[]} neighbours nearest first
 * @property {number} radius metres within which samples were looked for
 * @property {Feature[]} hotspots
 * @property {Feature[]} sources
 */

export {};
