import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A parsed response. */
export interface RawResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Sends raw bytes to a local port and reads until the response is complete, the server closes, or the time is over.
 *
 * @param hangUpAfterMs closes the connection this long after sending
 * @returns the first response; undefined if there was none
 */
export async function sendRaw(
  port: number,
  bytes: string | Buffer | (string | Buffer)[],
  { hangUpAfterMs = 10_000 } = {},
): Promise<RawResponse | undefined> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
    if (isComplete(text)) socket.end();
  });
  socket.on("error", () => undefined);
  // `once` of node:events would reject on an error, such as the reset of a connection with unread bytes.
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (const part of [bytes].flat()) socket.write(part);
  await Promise.race([closed, sleep(hangUpAfterMs, undefined, { ref: false })]);
  socket.destroy();
  return text === "" ? undefined : parse(text);
}

function isComplete(text: string): boolean {
  const { headers, body } = parse(text);
  return text.includes("\r\n\r\n") && body.length >= Number(headers["content-length"] ?? 0);
}

function parse(text: string): RawResponse {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end === -1 ? undefined : end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name.toLowerCase(), value.join(":").trim()];
    }),
  );
  const length = headers["content-length"];
  const rest = end === -1 ? "" : text.slice(end + 4);
  return {
    status: Number(first.split(" ")[1]),
    headers,
    body: length === undefined ? rest : rest.slice(0, Number(length)),
  };
}
