import { type LoadContext, type LoadDriver, unscheduled } from "./load-driver.ts";
import { openClient, undiciSender } from "./undici-client.ts";

/**
 * A closed model without HTTP keep-alive: each of the connections is made for one request, and its time counts as a part
 * of the latency. autocannon (9.0.0) reports no response to the last request of a connection that it replaces.
 */
export function driveReconnecting({ options, tally, nextRequest, counts }: LoadContext): LoadDriver {
  const send = undiciSender(options, tally);
  const clients = Array.from({ length: options.connections }, () => openClient(options));
  let running = true;
  for (const client of clients) {
    const sendNext = () => {
      if (!running) return;
      const now = performance.now();
      const inFlight = { request: nextRequest(), sentAt: now, counted: counts(now) };
      // Outside undici's callback, and in a later turn of the event loop: a connection that fails at once must not block it.
      send(client, inFlight, () => setImmediate(sendNext));
    };
    sendNext();
  }
  return unscheduled(async () => {
    running = false;
    await Promise.all(clients.map((client) => client.destroy()));
  });
}
