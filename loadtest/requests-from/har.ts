import { type FirstForm, FormBuilder, type RequestForm } from "./first-form.ts";
import { isObject, textOf } from "./schema-sample.ts";

interface Seen {
  method: string;
  url: URL;
  headers: { name: string; value: string }[];
  body: string | undefined;
  status: number;
}

/** What of an archive's headers a load test may repeat. Everything else is of the browser, or secret. */
const kept = ["accept", "content-type"];
const secretName = /token|secret|passw|api[-_]?key|signature|session|auth|credential|jwt/i;
/** A JSON Web Token (RFC 7519). */
const secretValue = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/;
const idSegment = /^(\d{1,12}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;

/**
 * A first form of requests from an HTTP archive, as browsers save it: requests to the host of the first one, those that differ in
 * an id only as one, weighted by how often they were sent. Credentials and cookies are never copied: generators read them from
 * variables.
 *
 * @param archive a HAR of version 1.2, parsed (W. Viebrock, "HTTP Archive format")
 * @throws {Error} when it is no such archive
 */
export function fromHar(archive: unknown): FirstForm {
  const log = isObject(archive) ? archive.log : undefined;
  if (!isObject(log) || !Array.isArray(log.entries)) throw new Error("it has no log.entries");
  const seen = log.entries.flatMap((entry) => read(entry) ?? []);
  const [first] = seen;
  if (first === undefined) throw new Error("it has no requests");
  const builder = new FormBuilder();
  const groups = new Map<string, Seen[]>();
  for (const each of seen) {
    if (/\{\{|%7B%7B/i.test(each.url.href + (each.body ?? ""))) {
      builder.note(`${each.method} ${each.url.pathname}: it has {{ in itself, which begins a generator`);
      continue;
    }
    if (each.url.host !== first.url.host) {
      builder.note(`requests to ${each.url.host}, another host than that of the first request`);
      continue;
    }
    const key = `${each.method} ${each.url.pathname
      .split("/")
      .map((part) => (idSegment.test(part) ? "*" : part))
      .join("/")}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  for (const [key, group] of groups) {
    const form = formOf(group);
    builder.add(key.replaceAll("*", "id"), form, group.length);
  }
  return builder.build();
}

function read(entry: unknown): Seen | undefined {
  const request = isObject(entry) ? entry.request : undefined;
  const response = isObject(entry) ? entry.response : undefined;
  if (!isObject(request) || !isObject(response)) return undefined;
  const url = URL.parse(textOf(request.url) ?? "");
  if (url === null || !url.protocol.startsWith("http")) return undefined;
  const { postData } = request;
  return {
    method: String(request.method).toUpperCase(),
    url,
    headers: (Array.isArray(request.headers) ? request.headers : []) as Seen["headers"],
    body: isObject(postData) ? textOf(postData.text) : undefined,
    status: Number(response.status),
  };
}

/** One request for those that differ in ids only. The first one gives everything else. */
function formOf(group: readonly Seen[]): RequestForm {
  const [{ method, url, headers, body, status }] = group as [Seen, ...Seen[]];
  const parts = group.map((each) => each.url.pathname.split("/"));
  const path = (parts[0] ?? [])
    .map((part, index) =>
      idSegment.test(part)
        ? choice(
            `id${index}`,
            parts.map((each) => each[index] ?? ""),
          )
        : part,
    )
    .join("/");
  const query = [...url.searchParams].map(([name, value]) => {
    const shown =
      secretName.test(name) || secretValue.test(value) ? variable(name) : encodeURIComponent(value);
    return `${encodeURIComponent(name)}=${shown}`;
  });
  const given = Object.fromEntries(
    headers.flatMap(({ name, value }) => {
      const lower = name.toLowerCase();
      if (kept.includes(lower)) return [[lower, value]];
      if (lower === "authorization")
        return [[lower, `${/^\w+(?= )/.exec(value)?.[0] ?? "Bearer"} ${variable("token")}`]];
      return secretName.test(lower) && lower !== "cookie" ? [[lower, variable(lower)]] : [];
    }),
  );
  const safe = body === undefined || body === "" ? undefined : withoutSecrets(body);
  return {
    ...(method !== "GET" && { method }),
    path: `${/^\/api(\/|$)/.test(path) ? path : `/api${path}`}${query.length > 0 ? `?${query.join("&")}` : ""}`,
    ...(Object.keys(given).length > 0 && { headers: given }),
    ...(safe !== undefined && { body: safe }),
    ...(status >= 200 && status <= 599 && { expect: { statuses: [status] } }),
  };
}

function choice(name: string, values: readonly string[]): string {
  const different = [...new Set(values)].slice(0, 50);
  return different.length === 1 ? (different[0] ?? "") : `{{${name}: ${different.join("|")}}}`;
}

/** A generator that reads a secret from the environment of the load test. */
function variable(name: string): string {
  const upper = name.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
  return `{{${name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^[^a-z]+/, "x")}: env API_${upper}}}`;
}

function isSecret(name: string, value: unknown): boolean {
  return typeof value === "string"
    ? secretName.test(name) || secretValue.test(value)
    : typeof value === "number" && secretName.test(name);
}

/** A body in which secrets are generators. One that is no JSON object is a form, or kept as it is. */
function withoutSecrets(body: string): string {
  try {
    return JSON.stringify(
      JSON.parse(body, (name, value) => (isSecret(name, value) ? variable(name) : value)),
    );
  } catch {
    return body.replace(/(^|&)([^=&]+)=([^&]*)/g, (all, start: string, name: string) =>
      secretName.test(name) ? `${start}${name}=${variable(name)}` : all,
    );
  }
}
