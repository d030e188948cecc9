import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { integer, size } from "../options/scalars.ts";

const perClient = "Needs the clients' true addresses: [gateway.md](gateway.md#limits-of-each-client).";

/** What one request and one client may take of the gateway. */
export const limits = section("What one request and one client may take of the gateway.", {
  headerLine: size({ min: "1 KiB", max: "8 KiB", default: "8 KiB", doc: "Maximum size of the request line, and so of the URI (414), and of each header (431). All together may have four times that." }),
  headers: integer({ min: 10, max: 1000, default: 100, doc: "Maximum number of headers of a request (431)." }),
  concurrentRequests: integer({ min: 1, max: 65_535, doc: `Maximum number of requests of one client in progress at the same time; more get a 429. ${perClient}` }),
  requestsPerSecond: integer({ min: 1, max: 100_000, doc: `Requests that one client may send in a second, on average; more get a 429. ${perClient}` }),
  burst: integer({ min: 0, max: 1_000_000, doc: "Requests that a client may send at once beyond `nginx.limits.requestsPerSecond`. Without it: those of one second." }),
  clients: integer({ min: 1000, max: 10_000_000, default: 10_000, doc: "Clients whose requests are counted at the same time for `nginx.limits.requestsPerSecond`, 129 bytes of memory each; with more, the one that was idle for longest is forgotten." }),
});

/** Limits of requests and clients. */
export type LimitsConfig = ValueOf<typeof limits>;
