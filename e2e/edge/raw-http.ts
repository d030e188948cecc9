import { connect } from "node:net";

/** A response as it came over the connection. */
export interface RawResponse {
  status: number;
  headers: Map<string, string>;
  /** The header lines as they came. */
  lines: string[];
  body: string;
}

/**
 * Sends bytes as they are and reads until the server closes the connection, or for two seconds after the last byte.
 *
 * @param port port on the loopback address.
 */
export async function sendRaw(port: number, text: string, host = "127.0.0.1"): Promise<RawResponse> {
  const socket = connect({ port, host });
  socket.setTimeout(2000, () => socket.destroy());
  socket.write(text, "latin1");
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
  });
  return parseResponse(Buffer.concat(chunks).toString("latin1"));
}

/** The request line and headers of a request that closes its connection. */
export function requestText(line: string, headers: readonly string[] = []): string {
  return [line, "Host: edge.test", "Connection: close", ...headers, "", ""].join("\r\n");
}

function parseResponse(text: string): RawResponse {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, Math.max(end, 0)).split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: Number(first.split(" ")[1] ?? 0),
    headers: new Map(headers),
    lines,
    body: text.slice(end + 4),
  };
}
