/** DNS label of Kubernetes that starts with a letter. */
export const label = {
  pattern: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  rule: "must be a DNS label: lower-case letters, digits and dashes, at most 63, a letter first",
};

/** Name of a pool: the headless Service `api-<name>-headless` has at most 63 characters. */
export const poolName = {
  pattern: /^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$/,
  rule: "must be lower-case letters, digits and dashes, at most 50, a letter first",
};

/** Name of a Kubernetes object. */
export const objectName = {
  pattern: /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  rule: "must be a DNS name: lower-case letters, digits, dashes and dots, at most 253",
};

/** DNS domain: with a pool's Service and a namespace of 63 characters each, a host name stays below 253 characters. */
export const domainName = {
  pattern: /^(?=.{1,100}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/,
  rule: "must be a DNS domain: lower-case letters, digits, dashes and dots, at most 100, and at most 63 between dots",
};

/** Name of a container image, with an optional tag and digest. */
export const imageName = {
  pattern: /^[a-z0-9][-a-z0-9._]*(:\d+)?(\/[a-z0-9][-a-z0-9._]*)*(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?$/,
  rule: 'must be an image name like "registry.example.org/node:24"',
};

/** Name of an environment variable. */
export const variableName = {
  pattern: /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/,
  rule: "must be a variable name: letters, digits and _",
};

/** Any text but the empty one. */
export const notEmpty = { pattern: /\S/, rule: "must not be empty" };

const byte = "(?:[1-9]?\\d|1\\d\\d|2[0-4]\\d|25[0-5])";
const group = "[0-9a-fA-F]{1,4}";
/** Groups before and after `::`, at most seven in all. */
const shortened = [1, 2, 3, 4, 5, 6].map((before) => `(?:${group}:){${before}}(?::${group}){1,${7 - before}}`);
const ipv6 = [`(?:${group}:){7}${group}`, `:(?::${group}){1,7}`, "::", `(?:${group}:){1,7}:`, ...shortened].join("|");

/** IP network, or a single address. */
export const network = {
  pattern: new RegExp(`^(?:(?:${byte}\\.){3}${byte}(?:/(?:[12]?\\d|3[0-2]))?|(?:${ipv6})(?:/(?:[1-9]?\\d|1[01]\\d|12[0-8]))?)$`),
  rule: 'must be a network like "10.0.0.0/8" or "fd00::/8"',
};

const segment = String.raw`(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!@+:=-]+`;

/** A path as Nginx compares it: decoded, and without empty segments and dots. */
export const plainPath = {
  pattern: new RegExp(String.raw`^\/(?:${segment}(?:\/${segment})*\/?)?$`),
  rule: 'must be a path like "/healthz", without a query, percent-encoding, empty segments and dots as segments',
};

/** A plain path that is not `/` alone. */
export const pathBelowRoot = {
  pattern: new RegExp(String.raw`^\/${segment}(?:\/${segment})*\/?$`),
  rule: 'must be a path like "/users/" or "/stats", without percent-encoding, empty segments and dots as segments',
};
