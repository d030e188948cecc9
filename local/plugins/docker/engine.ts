import type Docker from "dockerode";

/** Address of the Docker engine, in the form of `DOCKER_HOST`. */
export function engineAddress(host: string | undefined): string {
  return host || process.env.DOCKER_HOST || "unix:///var/run/docker.sock";
}

/**
 * Connects to the Docker engine at `host`, else `DOCKER_HOST`, else /var/run/docker.sock, and checks that it answers.
 *
 * @throws {Error} with the address and the fix, when it does not answer.
 */
export async function connectEngine(host?: string): Promise<Docker> {
  const address = engineAddress(host);
  // Loading dockerode takes most of a second, which a run without changes avoids.
  const { default: Dockerode } = await import("dockerode");
  let engine: Docker;
  if (address.startsWith("unix://")) {
    engine = new Dockerode({ socketPath: address.slice("unix://".length) });
  } else {
    process.env.DOCKER_HOST = address;
    engine = new Dockerode();
  }
  try {
    await engine.ping();
  } catch (error) {
    throw new Error(
      `no Docker engine answers at ${address} (${(error as Error).message}). Start an engine (for the embedded cluster: npm run up; elsewhere: the docker service), or set DOCKER_HOST to the address of a running engine`,
    );
  }
  return engine;
}

/** One message of the stream that the engine sends during a build or push. */
export interface EngineMessage {
  /** Build output, not always a complete line. */
  stream?: string;
  /** Progress of a push or pull, of the layer `id` if given. */
  status?: string;
  id?: string;
  /** Present when the operation failed. */
  error?: string;
  errorDetail?: { message?: string };
  /** Results: the built image's ID, the pushed manifest's digest. */
  aux?: { ID?: string; Digest?: string };
}

/**
 * Reads the messages of an engine's response, one JSON text per line. Chunks need not end with a line.
 *
 * @throws {SyntaxError} when a line is not JSON.
 */
export async function* engineMessages(
  stream: AsyncIterable<Buffer | string>,
): AsyncGenerator<EngineMessage, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as EngineMessage;
  }
  if (rest.trim() !== "") yield JSON.parse(rest) as EngineMessage;
}
