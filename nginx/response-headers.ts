import { type Bytes, KiB } from "../config/units.ts";

/** Maximum size of the headers of a pod's response, with the status line. */
export const responseHeaderBytes: Bytes = 8 * KiB;
