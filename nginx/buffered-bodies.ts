import { type Bytes, MiB } from "../config/units.ts";
import { refusedClient } from "./client-rates.ts";
import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

/** Share of the volume that the bodies of one class may take; there are three classes. */
const shareOfVolume = 0.3;
const smallestVolume = 1024 * MiB;
/** Bodies of the largest size that always find room at the same time. */
const leastSlots = 4;

/** Classes of bodies by the digits of their length. Shorter ones stay in memory. */
const classes = [
  { name: "small", digits: 5, largest: 1e5 },
  { name: "medium", digits: 6, largest: 1e6 },
] as const;

/** Size of the volume for request bodies that are still arriving. Its pod is evicted when they take more. */
export function bodyVolumeBytes(maxBody: Bytes): Bytes {
  const needed = (maxBody * leastSlots) / shareOfVolume;
  return Math.max(smallestVolume, Math.ceil(needed / MiB) * MiB);
}

/**
 * Clients that send slowly keep their bodies on the volume. The number of bodies is limited by class, because bodies of
 * the largest size alone would leave room for few requests. A body of unknown length counts as one of the largest size.
 */
export function bufferedBodies({ maxBody, limits }: Pick<NginxSettings, "maxBody" | "limits">): Directives {
  const share = bodyVolumeBytes(maxBody) * shareOfVolume;
  const all = [
    ...classes.map(({ name, largest }) => ({ name, slots: Math.floor(share / Math.min(largest, maxBody)) })),
    { name: "large", slots: Math.floor(share / maxBody) },
  ];
  // Computed for the first time before or after the limit of the client refused the request, so that the value shows which limit did.
  const hasClients = limits.concurrentRequests !== undefined;
  const [stage, passed] = hasClients ? ["$limit_conn_status:", "PASSED:"] : ["", ""];
  const refused = hasClients ? `  "~^REJECTED:" ${refusedClient};\n` : "";
  const zones = `# Bodies that are buffered on the volume, by size.
map "${stage}$http_transfer_encoding:$content_length" $body_class {
  default large;
  "${passed}:" "";
${refused}  "~^${passed}:\\d{1,4}$" "";
${classes.map(({ name, digits }) => `  "~^${passed}:\\d{${digits}}$" ${name};`).join("\n")}
}
${all
  .map(
    ({ name }) => `map $body_class $${name}_body {
  ${name} ${name};
}
limit_conn_zone $${name}_body zone=${name}_bodies:32k;`,
  )
  .join("\n")}`;
  return {
    http: zones,
    toPods: all.map(({ name, slots }) => `limit_conn ${name}_bodies ${Math.min(slots, 65_535)};`).join("\n"),
  };
}
