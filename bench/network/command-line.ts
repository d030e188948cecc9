import { type CommandSpec, helpOf, parseCommandLine, stackOption } from "../../host/command-line.ts";

/** The options of `npm run prove:network`. */
export interface NetworkProofCommand {
  stack: string | undefined;
  json: string | undefined;
  help: boolean;
}

const spec = {
  command: "npm run prove:network",
  about: `Tries a connection from every pod of a deployed stack, and from pods that are none of it, to every port on which a pod
listens, and compares with the connections of docs/network.md. The exit code is 1 when one differs.`,
  options: {
    stack: stackOption,
    json: { type: "string", value: "FILE", about: "write every connection there" },
  },
  notes: "It needs the embedded cluster. It removes its own pods and namespaces, also after Ctrl-C.",
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseNetworkCommand(args: readonly string[]): NetworkProofCommand {
  const { values, help } = parseCommandLine(spec, args);
  return { stack: values.stack, json: values.json, help };
}
