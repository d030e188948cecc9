// Plain JavaScript, because on Node 20 a worker thread starts without the TypeScript loader of its parent.
import { register } from "tsx/esm/api";

register();
await import("./load-worker.ts");
