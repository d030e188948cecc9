import type { Connection } from "./connection.ts";
import type { HttpForm } from "./http-form.ts";
import { isExpected, type PlannedRequest } from "./planned-request.ts";
import { placesIn } from "./response-check.ts";
import { formOn } from "./undici-client.ts";

const shownCharacters = 200;

/** Sends a request once, outside of the measurement. @returns why the response is not right; undefined when it is */
export async function exchange(
  connection: Connection,
  request: PlannedRequest,
  toHttp: (request: PlannedRequest) => HttpForm,
): Promise<string | undefined> {
  try {
    const form = formOn(connection, request, toHttp);
    const { statusCode, headers, body } = await connection.client.request(form);
    connection.session?.cookies?.store(headers["set-cookie"], form.path);
    const text = await body.text();
    const shown = text.slice(0, shownCharacters);
    if (!isExpected(request, statusCode)) return `HTTP ${statusCode} ${shown}`.trimEnd();
    const isGood = request.verify(text, headers);
    request.settle?.(isGood);
    if (isGood) return undefined;
    if (request.keeps === undefined) return `HTTP ${statusCode} with another body than expected: ${shown}`;
    // Such a body may have a secret of the session.
    return `HTTP ${statusCode} with another body than expected, or without ${request.keeps}; the body has ${placesIn(text)}`;
  } catch (error) {
    const { message, code = "failed" } = error as NodeJS.ErrnoException;
    return message || code;
  }
}
