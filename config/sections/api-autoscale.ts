import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { duration, integer } from "../options/scalars.ts";

/** How the number of API pods follows their CPU time. */
export const autoscale = section("Autoscaling of the API by its CPU time: [operations.md](operations.md#autoscaling).", {
  max: integer({ min: 1, max: 500, doc: "Highest number of API pods. It switches autoscaling on, in place of `api.replicas`; the gateway's memory and the connections to the database are planned for it. Refused with `api.pools`." }),
  min: integer({ min: 1, max: 500, default: 2, doc: "Lowest number of API pods." }),
  cpuPercent: integer({ min: 5, max: 95, default: 60, doc: "Share of `api.cpu` that the pods use on average: with more, pods are added, with less, removed." }),
  scaleDownAfter: duration({ min: "0 s", max: "1 h", default: "5 min", doc: "Time for which fewer pods must have been enough before pods are removed." }),
});

/** How the number of API pods follows their CPU time. */
export type AutoscaleConfig = ValueOf<typeof autoscale>;
