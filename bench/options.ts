import { type CommandSpec, helpOf, type OptionValues, parseCommandLine } from "../host/command-line.ts";
import { printError } from "../host/print-error.ts";

/** Reads a benchmark's options. Prints the help, or an error of the user, and ends the process instead. */
export function readOptions<const Spec extends CommandSpec>(spec: Spec): OptionValues<Spec["options"]> {
  try {
    const { values, help } = parseCommandLine(spec, process.argv.slice(2));
    if (!help) return values;
    console.log(helpOf(spec));
    process.exit(0);
  } catch (error) {
    process.exit(printError(error));
  }
}
