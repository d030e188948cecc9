import { isAbsolute } from "node:path";
import { circlesOf, needsOf } from "../contract/request-steps.ts";
import {
  type Generator,
  generatorRule,
  missingNames,
  parseTemplate,
  slotsOf,
  type Template,
  textsOf,
  twiceMade,
} from "../contract/request-template.ts";
import type { Report } from "./options/option.ts";
import type { LoadRequests } from "./sections/loadtest-requests.ts";

/** Reports requests whose generators the load test could not read, and those that need what no other request keeps. */
export function checkRequests(requests: LoadRequests, report: Report): void {
  let areReadable = true;
  for (const [name, request] of Object.entries(requests)) {
    const { body, method } = request;
    const at = `loadtest.requests.${name}`;
    let isReadable = true;
    const templates = textsOf(request).flatMap(([option, text]): Template[] => {
      try {
        const template = parseTemplate(text);
        for (const { generator } of slotsOf([template]))
          checkReference(generator, `${at}.${option}`, requests, report);
        return [template];
      } catch (error) {
        isReadable = false;
        report({ path: `${at}.${option}`, value: (error as Error).message, rule: generatorRule });
        return [];
      }
    });
    areReadable &&= isReadable;
    checkRowOrders(templates, at, report);
    for (const missing of isReadable ? missingNames(templates) : [])
      report({ path: at, value: `{{${missing}}}`, rule: `has no generator of this name; ${generatorRule}` });
    for (const twice of isReadable ? twiceMade(templates) : [])
      report({
        path: at,
        value: `{{${twice}}}`,
        rule: "has two different generators of this name, which has one value in a request",
        fix: "give one of them another name",
      });
    if (body !== undefined && (method === "GET" || method === "DELETE"))
      report({
        path: `${at}.body`,
        value: undefined,
        rule: `is not sent with ${method}`,
        fix: `remove it, or set another method: pulumi config set --path ${at}.method POST`,
      });
  }
  if (areReadable) checkCircles(requests, report);
}

/** Checks what a generator refers to. @param path of the text that has it */
function checkReference(generator: Generator, path: string, requests: LoadRequests, report: Report): void {
  if (generator.kind === "from") {
    const { request, value } = generator;
    const shown = { path, value: `{{from: ${request}.${value}}}` };
    const kept = requests[request]?.keep;
    if (kept === undefined)
      report({
        ...shown,
        rule: `needs a value of the request ${request}, and there is ${Object.keys(requests).join(", ")}`,
        fix: "name one of them, or define it in loadtest.requests",
      });
    else if (!Object.hasOwn(kept, value))
      report({
        ...shown,
        rule: `needs the value ${value}, and the request ${request} keeps ${Object.keys(kept).join(", ") || "none"}`,
        fix: `say where it is in the response: pulumi config set --path loadtest.requests.${request}.keep.${value} /…`,
      });
  }
  if (generator.kind !== "file" && generator.kind !== "csv") return;
  const shown = { path, value: `{{${generator.kind}: ${generator.path}…}}` };
  if (isAbsolute(generator.path))
    report({
      ...shown,
      rule: "must be a path relative to the folder of Pulumi.yaml",
      fix: "give such a path",
    });
  if (generator.kind === "file" && !path.endsWith(".body"))
    report({ ...shown, rule: "is for bodies only", fix: "put it into the body of the request" });
}

/** All columns of a file come from one row, which is taken in one order. */
function checkRowOrders(templates: readonly Template[], path: string, report: Report): void {
  const orders = new Map<string, boolean>();
  for (const { generator } of slotsOf(templates)) {
    if (generator.kind !== "csv") continue;
    const isRandom = orders.get(generator.path) ?? generator.isRandom;
    orders.set(generator.path, isRandom);
    if (isRandom === generator.isRandom) continue;
    report({
      path,
      value: generator.path,
      rule: "has rows at random and in turn in one request, whose columns come from one row",
      fix: "give all of its columns the word random, or none",
    });
  }
}

/** Reports requests that need each other, so that none of them can be the first. */
function checkCircles(requests: LoadRequests, report: Report): void {
  for (const circle of circlesOf(needsOf(requests))) {
    const [first] = circle;
    report({
      path: `loadtest.requests.${first}`,
      value: circle.join(" → "),
      rule:
        circle.length === 2
          ? "must not need a value of its own response"
          : "must not need values in a circle: none of these requests can be sent first",
      fix: "keep the value of a request that needs none of them, such as a login",
    });
  }
}
