import {
  type CommandSpec,
  helpOf,
  parseCommandLine,
  stackOption,
  wrongCommandLine,
} from "../host/command-line.ts";

const spec = {
  command: "npm run doctor",
  about: `Starts an API in a pod of its own, as a stack would deploy it, and names every rule of docs/own-api.md that it breaks.
Nothing of the stack changes. Exit code 99 if a rule is broken.`,
  options: {
    stack: stackOption,
    source: {
      type: "string",
      value: "FOLDER",
      about: "a folder with a Dockerfile (default: api.source.context of the stack)",
    },
    image: {
      type: "string",
      value: "IMAGE",
      about: "an image that exists (default: api.source.image of the stack)",
    },
    port: {
      type: "string",
      value: "N",
      about: "port that it listens on (default: api.contract.port of the stack)",
    },
    live: {
      type: "string",
      value: "PATH",
      about: "path of liveness (default: api.contract.live, else /healthz)",
    },
    ready: {
      type: "string",
      value: "PATH",
      about: "path of readiness (default: api.contract.ready, else that of liveness)",
    },
  },
} as const satisfies CommandSpec;

export const doctorHelp = helpOf(spec);

/** What of the stack's config the command line replaces. */
export interface DoctorWish {
  source?: { context: string } | { image: string };
  contract: { port?: string; live?: string; ready?: string };
}

/** @throws {UserError} with exit code 2 on both a folder and an image. */
export function parseDoctorCommand(args: readonly string[]) {
  const { values, help } = parseCommandLine(spec, args);
  const { stack, source, image, port, live, ready } = values;
  if (source !== undefined && image !== undefined)
    throw wrongCommandLine(
      spec,
      "--source and --image exclude each other: the image either is built or exists",
    );
  const wish: DoctorWish = {
    ...(source !== undefined && { source: { context: source } }),
    ...(image !== undefined && { source: { image } }),
    contract: { ...(port && { port }), ...(live && { live }), ...(ready && { ready }) },
  };
  return { stack, wish, help };
}
