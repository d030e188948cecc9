import type Docker from "dockerode";

/** Where the Docker engine answers, as `DOCKER_HOST` writes it. */
export function engineAddress(host: string | undefined): string {
  return host || process.env.DOCKER_HOST || "unix:///var/run/docker.sock";
}

/**
 * Connects to the Docker engine at `host`, else `DOCKER_HOST`, else /var/run/docker.sock, and sees that it answers.
 *
 * @throws {Error} that says which address was tried and what to do.
 */
export async function connectEngine(host?: string): Promise<Docker> {
  const address = engineAddress(host);
  // Loading it takes most of a second, which a run without a change need not spend.
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
      `no Docker engine answers at ${address} (${(error as Error).message}). Start one (on the embedded default: npm run up; elsewhere: the docker service), or set DOCKER_HOST to the address of one that runs`,
    );
  }
  return engine;
}

/** One message of the stream that the engine answers a build or push with. */
export interface EngineMessage {
  /** Build output; not always a whole line. */
  stream?: string;
  /** Push or pull progress: of the layer `id` when there is one. */
  status?: string;
  id?: string;
  /** Present when the operation failed. */
  error?: string;
  errorDetail?: { message?: string };
  /** Results: the built image's ID, the pushed manifest's digest. */
  aux?: { ID?: string; Digest?: string };
}

/**
 * Reads an engine's answer, one JSON message per line, whatever the chunks it comes in.
 *
 * @throws SyntaxError when a line is no JSON.
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
