import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type Docker from "dockerode";
import { type Pack, pack } from "tar-stream";
import type { BuildContext } from "../../../host/build-context.ts";
import { engineMessages } from "./engine.ts";
import type { BuildInputs } from "./image-inputs.ts";

/** Receives one line of build or push output. */
export type OutputLine = (line: string) => void;

/**
 * Builds an image with the engine's own builder and tags it.
 *
 * @returns the image's ID, `sha256:…`.
 * @throws {Error} `error reading build output: <step>: <why>`, with the last lines of the step's output.
 */
export async function buildImage(
  engine: Docker,
  imageName: string,
  context: BuildContext,
  inputs: BuildInputs,
  options: {
    /** Credentials for base images, by registry address. */
    credentials: Record<string, { username: string; password: string }>;
    signal: AbortSignal;
    output: OutputLine;
  },
): Promise<string> {
  const archive = pack();
  let archiveError: Error | undefined;
  writeArchive(archive, context).catch((error: Error) => {
    archiveError = error;
    archive.destroy(error);
  });
  const progress = new BuildProgress(options.output);
  try {
    const answer = await engine.buildImage(Readable.from(archive, { objectMode: false }), {
      t: imageName,
      dockerfile: context.dockerfileName,
      buildargs: inputs.args,
      target: inputs.target,
      networkmode: inputs.network,
      platform: inputs.platform,
      rm: true,
      forcerm: true,
      abortSignal: options.signal,
      registryconfig: options.credentials,
      cachefrom: JSON.stringify(inputs.cacheFrom),
      // dockerode repeats the key for each item of a list, which the engine accepts. The type does not allow a list.
      extrahosts: inputs.addHosts as unknown as string,
    });
    let id: string | undefined;
    for await (const message of engineMessages(answer as Readable)) {
      if (message.error !== undefined) throw new Error(message.errorDetail?.message || message.error);
      if (message.stream !== undefined) progress.write(message.stream);
      if (message.status !== undefined && message.id === undefined) options.output(message.status);
      id = message.aux?.ID ?? id;
    }
    if (id === undefined) throw new Error("the response of the engine ended without an image");
    await requirePlatform(engine, id, inputs.platform);
    return id;
  } catch (error) {
    const cause = options.signal.aborted ? options.signal.reason : (archiveError ?? error);
    const { message } = cause as Error;
    const hint = /requires BuildKit/i.test(message)
      ? "; this plugin uses the engine's own builder: build the image with docker buildx, and name it where it is used"
      : "";
    throw new Error(`error reading build output: ${progress.describe(message + hint)}`);
  }
}

/** The engine's builder takes the platform of the base image, whatever it is asked for. @throws {Error} if it is another. */
async function requirePlatform(engine: Docker, id: string, wanted: string): Promise<void> {
  const { Os, Architecture, Variant } = (await engine.getImage(id).inspect()) as BuiltImage;
  const [, , variant] = wanted.split("/");
  const parts = variant === undefined ? [Os, Architecture] : [Os, Architecture, Variant ?? ""];
  if (parts.join("/") !== wanted)
    throw new Error(
      `build.platform is ${wanted}, but the base image that the engine has is for ${parts.join("/")}; remove that image from the engine, or name a base image for ${wanted}`,
    );
}

/** The type of dockerode has no variant. */
type BuiltImage = Docker.ImageInspectInfo & { Variant?: string };

/** Splits the engine's output into lines and keeps the present step and its lines for an error message. */
export class BuildProgress {
  readonly #output: OutputLine;
  #rest = "";
  #step = "";
  #lines: string[] = [];

  constructor(output: OutputLine) {
    this.#output = output;
  }

  /** Receives a part of the output, which need not end with a line. Colours are removed. */
  write(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n|\r/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  /** Returns `why` between the name of the present step and the last lines of its output. */
  describe(why: string): string {
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
    const tail = this.#lines.slice(-10).map((line) => `\n    ${line}`);
    return `${this.#step === "" ? "" : `${this.#step}: `}${why}${tail.join("")}`;
  }

  #take(line: string): void {
    const plain = stripVTControlCharacters(line).trimEnd();
    // These lines name intermediate images and containers, which are of no use.
    if (plain === "" || /^( --->|Removing intermediate container )/.test(plain)) return;
    this.#output(plain);
    if (/^Step \d+\/\d+ : /.test(plain)) {
      this.#step = plain;
      this.#lines = [];
    } else {
      this.#lines.push(plain);
    }
  }
}

/** Writes the context as tar. All entries belong to root, as with the Docker client. */
async function writeArchive(archive: Pack, context: BuildContext): Promise<void> {
  for (const { name, kind, mode, mtime, size, path, linkTarget } of context.entries) {
    const header = { name, type: kind, mode, mtime, size, linkname: linkTarget, uid: 0, gid: 0 };
    if (size === 0) {
      archive.entry(header, "");
      continue;
    }
    await new Promise<void>((resolve, reject) => {
      const entry = archive.entry(header, (error) => (error ? reject(error) : resolve()));
      // Reads no more than the announced size, in case the file grows.
      createReadStream(path, { end: size - 1 })
        .on("error", reject)
        .pipe(entry);
    });
  }
  archive.finalize();
}
