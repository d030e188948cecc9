import { isObject } from "./schema-sample.ts";

const words =
  /token|secret|passw|passphrase|api[-_]?key|signature|session|auth|credential|jwt|cookie|csrf|xsrf/i;
const shortNames = /^(pass|pwd|pin|otp|code|sid|sig|key|jwt)$/i;
/** A JSON Web Token (RFC 7519), anywhere in a text. */
const jwt = /\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/;
/** Long and random: letters and digits mixed, or hexadecimal. A UUID is an id. */
const random = /^(?=[\w.~+/=-]{20,}$)(?=.*\d)(?=.*[a-z])(?:(?=.*[A-Z])|[0-9a-f]+$)/;

/** Whether a field, a parameter or a header of this name holds a credential. */
export function isSecretName(name: string): boolean {
  return words.test(name) || shortNames.test(name);
}

/** Whether a text looks like a credential by itself. */
export function isSecretText(text: string): boolean {
  return jwt.test(text) || /^(bearer|basic) \S/i.test(text) || random.test(text);
}

/** A generator that reads a secret from the environment of the load test. */
export function secretVariable(name: string): string {
  const upper = name.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
  const slot = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^[^a-z]+/, "x");
  return `{{${slot || "secret"}: env API_${upper}}}`;
}

/**
 * A body in which credentials are generators.
 *
 * @returns undefined when it is neither JSON nor a form, so that nothing can be known of it
 */
export function withoutSecrets(body: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return formWithoutSecrets(body);
  }
  return JSON.stringify(cleaned(parsed, undefined));
}

/** @param secretName name of the field around the value that makes all in it secret */
function cleaned(value: unknown, secretName: string | undefined): unknown {
  if (Array.isArray(value)) return value.map((each) => cleaned(each, secretName));
  if (isObject(value)) {
    // As in [{ "name": "password", "value": "…" }].
    const label = Object.values(value).find(
      (each) => typeof each === "string" && /^[\w.-]{1,40}$/.test(each) && isSecretName(each),
    );
    const around = secretName ?? (typeof label === "string" ? label : undefined);
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => {
        if (each === label) return [name, each];
        return [name, cleaned(each, isSecretName(name) ? name : around)];
      }),
    );
  }
  if (secretName !== undefined && (typeof value === "string" || typeof value === "number"))
    return secretVariable(secretName);
  return typeof value === "string" && (isSecretText(value) || jsonInText(value))
    ? secretVariable("text")
    : value;
}

/** JSON in a text may hold anything. */
function jsonInText(text: string): boolean {
  return /^\s*(\{(?!\{)|\[)/.test(text);
}

function formWithoutSecrets(body: string): string | undefined {
  if (!/^[\w.~%+*-]+=[^\s]*$/.test(body)) return undefined;
  return [...new URLSearchParams(body)]
    .map(([name, value]) => {
      const shown =
        isSecretName(name) || isSecretText(value) ? secretVariable(name) : encodeURIComponent(value);
      return `${encodeURIComponent(name)}=${shown}`;
    })
    .join("&");
}
