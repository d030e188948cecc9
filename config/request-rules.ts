import {
  generatorRule,
  missingNames,
  parseTemplate,
  type Template,
  twiceMade,
} from "../contract/request-template.ts";
import type { Report } from "./options/option.ts";
import type { LoadRequests } from "./sections/loadtest-requests.ts";

/** Reports requests whose generators the load test could not read. */
export function checkRequests(requests: LoadRequests, report: Report): void {
  for (const [name, { path, headers, body, method }] of Object.entries(requests)) {
    const at = `loadtest.requests.${name}`;
    const texts: [string, string | undefined][] = [
      ["path", path],
      ["body", body],
      ...Object.entries(headers).map(([header, text]): [string, string] => [`headers.${header}`, text]),
    ];
    let isReadable = true;
    const templates = texts.flatMap(([option, text]): Template[] => {
      if (text === undefined) return [];
      try {
        return [parseTemplate(text)];
      } catch (error) {
        isReadable = false;
        report({ path: `${at}.${option}`, value: (error as Error).message, rule: generatorRule });
        return [];
      }
    });
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
}
