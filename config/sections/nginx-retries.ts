import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { integer } from "../options/scalars.ts";

/** How many requests reach a second pod, so that a stack that fails does not get more requests for it. */
export const retryBudget = section("Requests that may reach a second pod after a first one has failed with them: [gateway.md](gateway.md#budget). It needs an image with Nginx's JavaScript module (`images.nginx`).", {
  percent: integer({ min: 0, max: 100, default: 20, doc: "Share in percent of the requests of the last 5 to 10 seconds. 100: no bound, since a request reaches at most two pods; the JavaScript module is not used then." }),
  perSecond: integer({ min: 0, max: 100_000, default: 10, doc: "Requests in a second beside that share, so that the failures of a stack with few requests are repeated." }),
});

/** How many requests reach a second pod. */
export type RetryBudget = ValueOf<typeof retryBudget>;
