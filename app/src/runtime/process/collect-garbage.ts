import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options?: { type: "minor" | "major" }) => void;

/** Runs a full garbage collection now. It stops the process for about 10 ms per 100 MiB of heap. */
export function collectGarbage(): void {
  collect ??= exposed();
  collect();
}

/** Collects the young space; takes about a millisecond. */
export function collectYoungGarbage(): void {
  collect ??= exposed();
  collect({ type: "minor" });
}

let collect: Collect | undefined;

/** V8 exposes the function only under a flag, in contexts created while the flag is set. */
function exposed(): Collect {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return gc;
}
