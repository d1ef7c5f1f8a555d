/** Requests to the service, relative to the page, and its complaints as one sentence. */

/** @typedef {import('./types.js').Pairs} Pairs */

const ROOT = new URL('./', document.baseURI);

/** The service answered, but not with what was asked; the message is fit to be shown. */
export class ServiceError extends Error {}

/**
 * @param {string} path relative to the service
 * @param {Pairs} [query]
 * @returns {string}
 */
export function address(path, query = []) {
  const url = new URL(path, ROOT);
  for (const [name, value] of query) url.searchParams.append(name, value);
  return url.href;
}

/**
 * @param {string} path
 * @param {Pairs} query
 * @param {AbortSignal} signal
 * @returns {Promise<any>}
 */
export async function getJson(path, query, signal) {
  const headers = { Accept: 'application/json, application/geo+json, application/prs.coverage+json, application/problem+json' };
  const response = await fetch(address(path, query), { headers, signal }).catch((error) => {
    if (signal.aborted) throw error;
    throw new ServiceError('The service cannot be reached. Is it still running?');
  });
  if (!response.ok) throw new ServiceError(complaint(await response.text(), response.status));
  return response.json();
}

/**
 * The sentence of a problem document (RFC 9457), or a plain one if the answer is something else.
 * @param {string} body
 * @param {number} status
 */
export function complaint(body, status) {
  try {
    const problem = JSON.parse(body);
    const sentence = problem.detail || problem.title;
    if (typeof sentence === 'string' && sentence) return sentence;
  } catch {
    // Not JSON: a proxy's page, say. Its status is all that is worth showing.
  }
  return `The service could not answer (status ${status}).`;
}

/**
 * A tile template on the host that this page came from: the policy of the page allows no other, and a
 * service behind a proxy may know itself by another name.
 * @param {string} template absolute or root-relative, with {z}/{y}/{x}
 * @param {Pairs} [query] parameters that the template must carry
 */
export function onThisHost(template, query = []) {
  const local = template.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]+/i, '');
  const absolute = local.startsWith('/') ? ROOT.origin + local : ROOT.href + local;
  const missing = query.filter(([name]) => !new RegExp(`[?&]${name}=`).test(absolute));
  const extra = new URLSearchParams(missing.map(([name, value]) => [name, value])).toString();
  if (!extra) return absolute;
  return absolute + (absolute.includes('?') ? '&' : '?') + extra;
}
