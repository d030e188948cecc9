/**
 * The store's key for a name: `<prefix>{<name>}`. The braces form a hash tag, so that the lease of the entry, whose key is
 * this key plus a mark, is on the same node (Redis Cluster specification, "Hash tags").
 */
export function cacheKey(prefix: string, name: string): string {
  return `${prefix}{${tagSafe(name)}}`;
}

/** A glob for SCAN MATCH that matches the keys and leases of all names that match `pattern`. */
export function cacheKeyGlob(prefix: string, pattern: string): string {
  return `${prefix.replace(/[\\*?[\]]/g, "\\$&")}{${tagSafe(pattern)}}*`;
}

/** A hash tag ends at the first closing brace, and must not be empty. */
function tagSafe(name: string): string {
  if (name === "") return "%";
  return /[%}]/.test(name) ? name.replace(/[%}]/g, (char) => (char === "%" ? "%25" : "%7D")) : name;
}

/** Builds a name such as `user:7`. Parts may contain any characters; different parts give different names. */
export function nameOf(kind: string, ...parts: (string | number)[]): string {
  let name = kind;
  for (const part of parts)
    name += `:${typeof part === "number" ? part : part.replace(/[%:]/g, encodeURIComponent)}`;
  return name;
}
