import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options?: { type: "minor" | "major" }) => void;

/** Collects all garbage now, which V8 else does when it sees fit. Stops the process for some 10 ms per 100 MiB of heap. */
export function collectGarbage(): void {
  collect ??= exposed();
  collect();
}

/** Collects what was made lately; about a millisecond. */
export function collectYoungGarbage(): void {
  collect ??= exposed();
  collect({ type: "minor" });
}

let collect: Collect | undefined;

/** V8 has the function only under a flag, which counts for contexts made after it was set. */
function exposed(): Collect {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return gc;
}
