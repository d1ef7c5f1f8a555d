/** Building the document from data: text is always text, never markup. */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * @param {string} tag with optional classes: p.hint
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const [name = 'div', ...classes] = tag.split('.');
  const node = document.createElement(name);
  node.classList.add(...classes);
  setAttributes(node, attributes);
  node.append(...present(children));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} name
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function drawing(name, attributes = {}, ...children) {
  const node = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  setAttributes(node, attributes);
  node.append(...present(children));
  return node;
}

/** @param {Element} node @param {Record<string, string | number | boolean | null | undefined>} attributes */
function setAttributes(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(key, '');
    else if (value !== false && value != null) node.setAttribute(key, String(value));
  }
}

/** @param {Child[]} children @returns {(Node | string)[]} */
const present = (children) =>
  /** @type {(Node | string)[]} */ (children.filter((child) => child !== null && child !== undefined && child !== false));

/**
 * An element of index.html; a missing one is a mistake of ours.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const node = document.getElementById(id);
  if (!(node instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return node;
}

/**
 * Fill a select; one that already has these options keeps them, and with them its open list.
 * @param {HTMLSelectElement} select
 * @param {{value: string, text: string}[]} options
 * @param {string} chosen
 */
export function fillSelect(select, options, chosen) {
  const drawn = [...select.options].map(({ value, text }) => ({ value, text }));
  if (JSON.stringify(drawn) !== JSON.stringify(options)) {
    select.replaceChildren(...options.map(({ value, text }) => element('option', { value }, text)));
  }
  select.value = chosen;
}
