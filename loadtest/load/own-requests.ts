import type { RequestConfig } from "../../contract/outputs.ts";
import { parseTemplate } from "../../contract/request-template.ts";
import { jsonType } from "./http-form.ts";
import type { RequestOfKind } from "./planned-request.ts";
import { RequestFiles } from "./request-files.ts";
import { compileBody, compilePath, compileText, inHeader } from "./request-text.ts";
import { RequestValues, type ValueContext } from "./request-values.ts";
import { bodyCheck, keptReader } from "./response-check.ts";
import type { Session } from "./session.ts";

/** Makes the next request of a kind. @param session of the connection that sends it; undefined: it keeps nothing */
export type CompiledRequest = (session?: Session) => RequestOfKind;

/**
 * Compiles a kind of request of stack config. One without generators and kept values is the same object each time, and costs nothing.
 *
 * @throws {UserError} with exit code 2 when a variable of the environment or a file is missing
 * @throws {Error} when a text cannot be read
 */
export function compileRequest(kind: string, config: RequestConfig, context: ValueContext): CompiledRequest {
  const { method, expect, keep = {} } = config;
  const { files = new RequestFiles() } = context;
  const headerTexts = Object.entries(config.headers).map(([name, text]) => ({
    name: name.toLowerCase(),
    text,
    template: parseTemplate(text),
  }));
  const pathTemplate = parseTemplate(config.path);
  const bodyTemplate = config.body === undefined ? [] : parseTemplate(config.body);
  const templates = [pathTemplate, ...headerTexts.map(({ template }) => template), bodyTemplate];
  const values = new RequestValues(kind, templates, { ...context, files });
  const path = compilePath(pathTemplate, values);
  const headers = headerTexts.map(
    ({ name, template }) => [name, compileText(template, values, () => inHeader)] as const,
  );
  const { text: contentType = jsonType } = headerTexts.find(({ name }) => name === "content-type") ?? {};
  const body =
    config.body === undefined
      ? undefined
      : compileBody(bodyTemplate, values, contentType, (file) => files.content(file, kind));
  const verify = bodyCheck(expect);
  const kept = Object.entries(keep).map(([name, source]) => `${name} (${source})`);
  const readKept = kept.length === 0 ? undefined : keptReader(keep);

  function make(made: readonly string[], session: Session | undefined): RequestOfKind {
    const request: RequestOfKind = { kind, method, path: path(made), verify };
    if (headers.length > 0) {
      const filled: Record<string, string> = {};
      for (const [name, text] of headers) filled[name] = text(made);
      request.headers = filled;
    }
    if (body !== undefined) request.body = body(made);
    if (expect.statuses.length > 0) request.statuses = expect.statuses;
    if (session !== undefined && !values.isEmpty)
      request.renewed = () => make(values.renewed(made, session), session);
    return readKept === undefined
      ? request
      : keeping({ ...request, keeps: kept.join(", ") }, readKept, session);
  }
  if (values.isEmpty && readKept === undefined) {
    const same = make([], undefined);
    return () => same;
  }
  return (session) => make(values.next(session), session);
}

/** The request, whose right response gives the session its values. A response without one of them is wrong. */
function keeping(
  request: RequestOfKind,
  readKept: ReturnType<typeof keptReader>,
  session: Session | undefined,
): RequestOfKind {
  let kept: Record<string, string> | undefined;
  return {
    ...request,
    verify: (body, headers = {}) => {
      if (!request.verify(body)) return false;
      kept = readKept(body, headers);
      return kept !== undefined;
    },
    settle: (isGood) => {
      if (isGood && kept !== undefined) session?.keep(request.kind, kept);
    },
  };
}
