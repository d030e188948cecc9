import { type ApiPrefix, atGateway } from "../../contract/api-prefix.ts";
import { type FirstForm, FormBuilder, type RequestForm } from "./first-form.ts";
import { isObject, textOf } from "./schema-sample.ts";
import { isSecretName, isSecretText, secretVariable, withoutSecrets } from "./secrets.ts";

interface Seen {
  method: string;
  url: URL;
  headers: { name: string; value: string }[];
  body: string | undefined;
  status: number;
  setsCookie: boolean;
}

/** What of an archive's headers a load test may repeat. Everything else is of the browser, or secret. */
const kept = ["accept", "content-type"];
const idSegment = /^(\d{1,12}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;
const openGenerator = /\{\{|%7B%7B/i;

/**
 * A first form of requests from an HTTP archive, as browsers save it: requests to the host of the first one, those that differ in
 * an id only as one, weighted by how often they were sent. Cookies are never copied, and what looks like a credential is read
 * from a variable. A POST with a credential whose response set a cookie is the login of each connection, which keeps its cookies.
 *
 * @param archive a HAR of version 1.2, parsed (W. Viebrock, "HTTP Archive format")
 * @param prefix prefix of the API's paths at the gateway
 * @throws {Error} when it is no such archive
 */
export function fromHar(archive: unknown, prefix?: ApiPrefix): FirstForm {
  const log = isObject(archive) ? archive.log : undefined;
  if (!isObject(log) || !Array.isArray(log.entries)) throw new Error("it has no log.entries");
  const seen = log.entries.flatMap((entry) => read(entry) ?? []);
  const [first] = seen;
  if (first === undefined) throw new Error("it has no requests");
  const builder = new FormBuilder();
  const groups = new Map<string, Seen[]>();
  for (const each of seen) {
    const key = `${each.method} ${each.url.pathname.split("/").map(shownSegment).join("/")}`;
    const why = whyLeftOut(each, first);
    if (why === undefined) groups.set(key, [...(groups.get(key) ?? []), each]);
    else
      builder.note(
        each.url.host === first.url.host ? `${key}: ${why}` : `requests to ${each.url.host}: ${why}`,
      );
  }
  for (const [key, group] of groups) {
    const form = formOf(group, prefix);
    const setsCookie = group.some((each) => each.setsCookie);
    // A body with a credential, and a cookie in return.
    const signsIn = setsCookie && form.method === "POST" && (form.body?.includes("{{") ?? false);
    builder.add(key.replaceAll("*", "id"), form, group.length, { setsCookie, signsIn });
  }
  return builder.build();
}

function whyLeftOut({ url, method, body, headers }: Seen, first: Seen): string | undefined {
  if (url.host !== first.url.host) return "another host than that of the first request";
  const texts = [
    url.href,
    body ?? "",
    ...headers.filter(({ name }) => isKept(name)).map(({ value }) => value),
  ];
  if (texts.some((text) => openGenerator.test(text))) return "it has {{ in itself, which begins a generator";
  if (body !== undefined && ["GET", "DELETE"].includes(method)) return `a ${method} with a body`;
  if (body !== undefined && withoutSecrets(body) === undefined) return "its body is neither JSON nor a form";
  return undefined;
}

function isKept(name: string): boolean {
  return kept.includes(name.toLowerCase());
}

/** A segment of a path as it may be shown. */
function shownSegment(part: string): string {
  return idSegment.test(part) || isSecretText(part) ? "*" : part;
}

function read(entry: unknown): Seen | undefined {
  const request = isObject(entry) ? entry.request : undefined;
  const response = isObject(entry) ? entry.response : undefined;
  if (!isObject(request) || !isObject(response)) return undefined;
  const url = URL.parse(textOf(request.url) ?? "");
  if (url === null || !url.protocol.startsWith("http")) return undefined;
  const { postData } = request;
  const headers = headersIn(request);
  return {
    method: String(request.method).toUpperCase(),
    url,
    headers,
    body: (isObject(postData) && textOf(postData.text)) || undefined,
    status: Number(response.status),
    setsCookie: headersIn(response).some(({ name }) => name.toLowerCase() === "set-cookie"),
  };
}

function headersIn(message: Record<string, unknown>): Seen["headers"] {
  return (Array.isArray(message.headers) ? message.headers : []).filter(
    (header): header is Seen["headers"][number] =>
      isObject(header) && typeof header.name === "string" && typeof header.value === "string",
  );
}

/** One request for those that differ in ids only. The first one gives everything else. */
function formOf(group: readonly Seen[], prefix: ApiPrefix | undefined): RequestForm {
  const [{ method, url, headers, body, status }] = group as [Seen, ...Seen[]];
  const parts = group.map((each) => each.url.pathname.split("/"));
  const path = (parts[0] ?? []).map((part, index) => {
    if (isSecretText(part)) return secretVariable("path");
    return idSegment.test(part)
      ? choice(
          `id${index}`,
          parts.map((each) => each[index] ?? ""),
        )
      : part;
  });
  const query = [...url.searchParams].map(([name, value]) => {
    const isSecret = isSecretName(name) || isSecretText(value);
    return `${encodeURIComponent(name)}=${isSecret ? secretVariable(name) : encodeURIComponent(value)}`;
  });
  const safe = body === undefined ? undefined : withoutSecrets(body);
  const given = headersOf(headers);
  const own = path.join("/");
  // Without If-None-Match, the API answers in full.
  const expected = status === 304 ? 200 : status;
  return {
    ...(method !== "GET" && { method }),
    path: `${atGateway(own, prefix)}${query.length > 0 ? `?${query.join("&")}` : ""}`,
    ...(Object.keys(given).length > 0 && { headers: given }),
    ...(safe !== undefined && { body: safe }),
    ...(expected >= 200 && expected <= 599 && { expect: { statuses: [expected] } }),
  };
}

/** HTTP/2 has the method and the path among its headers, with a colon. */
function headersOf(headers: Seen["headers"]): Record<string, string> {
  return Object.fromEntries(
    headers.flatMap(({ name, value }) => {
      const lower = name.toLowerCase();
      if (lower.startsWith(":") || lower === "cookie") return [];
      if (isKept(lower)) return [[lower, value]];
      if (lower === "authorization")
        return [[lower, `${/^\w+(?= )/.exec(value)?.[0] ?? "Bearer"} ${secretVariable("token")}`]];
      return isSecretName(lower) || isSecretText(value) ? [[lower, secretVariable(lower)]] : [];
    }),
  );
}

function choice(name: string, values: readonly string[]): string {
  const different = [...new Set(values)].slice(0, 50);
  return different.length === 1 ? (different[0] ?? "") : `{{${name}: ${different.join("|")}}}`;
}
