import { isMap, type PropertyPath, type Value } from "../protocol/values.ts";

const decimal: Record<string, number> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** The size of a Kubernetes quantity (`250m`, `128Mi`, `1e3`) in its base unit; undefined for anything else. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]{0,2})$/.exec(text);
  if (!match) return undefined;
  const [, digits = "", suffix = ""] = match;
  const power = binary.indexOf(suffix);
  if (power >= 0) return Number(digits) * 1024 ** (power + 1);
  const exponent = decimal[suffix];
  if (exponent === undefined) return undefined;
  return exponent < 0 ? Number(digits) / 10 ** -exponent : Number(digits) * 10 ** exponent;
}

const quantityMaps = new Set(["limits", "requests", "capacity", "allocatable", "hard", "overhead"]);
const quantityFields = new Set(["sizeLimit", "divisor", "averageValue"]);

/** True where the API holds a resource.Quantity: `…resources.limits.cpu`, `emptyDir.sizeLimit`. */
function isQuantity(path: PropertyPath): boolean {
  const [parent, key] = path.slice(-2);
  return quantityMaps.has(String(parent)) || quantityFields.has(String(key));
}

/** True when the API server would store the same for both scalars at `path`: 1 and "1", "1000m" and 1. */
export function sameScalar(a: Value, b: Value, path: PropertyPath): boolean {
  if (a === b) return true;
  const scalar = (value: Value) => value !== null && typeof value !== "object";
  if (!scalar(a) || !scalar(b)) return false;
  if (String(a) === String(b)) return true;
  if (!isQuantity(path)) return false;
  const size = parseQuantity(String(a));
  return size !== undefined && size === parseQuantity(String(b));
}

/** Whether the API server treats the value like "not set". */
export function isEmpty(value: Value | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isMap(value) && Object.keys(value).length === 0;
}
