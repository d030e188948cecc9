import type { Part } from "./command-line.ts";
import type { Target } from "./comparison.ts";

const perCpuSecond = "requests per CPU second";

/** The comparisons of each part. */
export const targets: Record<Part, Target[]> = {
  light: [
    { part: "light", of: "api", by: "raw", unit: perCpuSecond, atLeast: 0.9 },
    { part: "light", of: "api", by: "express", unit: perCpuSecond, atLeast: 1.6 },
    { part: "light", of: "api", by: "express as it comes", unit: perCpuSecond },
    { part: "light", of: "raw", by: "express", unit: perCpuSecond },
    { part: "light", of: "api", by: "pm2", unit: perCpuSecond },
    { part: "light", of: "api", by: "fastify", unit: perCpuSecond },
    { part: "light", of: "fastify", by: "raw", unit: perCpuSecond },
  ],
  "cached-read": [{ part: "cached-read", of: "api", by: "raw", unit: perCpuSecond, atLeast: 0.5 }],
  "heavy-mix": [{ part: "heavy-mix", of: "api", by: "inline", unit: "p99 of /light", atMost: 0.2 }],
};
