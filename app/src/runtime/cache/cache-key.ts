/**
 * The key under which a store keeps a name: `<prefix>{<name>}`. The braces make a hash tag, so that the lease of a place,
 * whose key is this one and a mark, lies on the same node (Redis Cluster specification, "Hash tags").
 */
export function cacheKey(prefix: string, name: string): string {
  return `${prefix}{${tagSafe(name)}}`;
}

/** A glob (as of SCAN MATCH) for the keys of the names that match `pattern`, and for their leases. */
export function cacheKeyGlob(prefix: string, pattern: string): string {
  return `${prefix.replace(/[\\*?[\]]/g, "\\$&")}{${tagSafe(pattern)}}*`;
}

/** A tag ends at the first closing brace, and an empty one is none. */
function tagSafe(name: string): string {
  if (name === "") return "%";
  return /[%}]/.test(name) ? name.replace(/[%}]/g, (char) => (char === "%" ? "%25" : "%7D")) : name;
}

/** The name of a thing of a kind, such as `user:7`; parts may hold anything, and differ if their names do. */
export function nameOf(kind: string, ...parts: (string | number)[]): string {
  let name = kind;
  for (const part of parts)
    name += `:${typeof part === "number" ? part : part.replace(/[%:]/g, encodeURIComponent)}`;
  return name;
}
