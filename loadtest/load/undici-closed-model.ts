import type { Connection } from "./connection.ts";
import { type LoadContext, type LoadDriver, unscheduled } from "./load-driver.ts";
import { openConnections, undiciSender } from "./undici-client.ts";

/**
 * A closed model on connections of undici, for what autocannon (9.0.0) cannot do. It reports no response to the last request of a
 * connection that it replaces, which is every request without HTTP keep-alive; the time of such a connection counts as a part of the
 * latency. And it builds a request before it has the response to the one before, whose values the session needs.
 */
export function driveUndiciClosedModel(context: LoadContext): LoadDriver {
  const { options, tally, nextRequest, counts, renewal } = context;
  const send = undiciSender(options, tally, renewal);
  const connections = context.connections ?? openConnections(options);
  let running = true;
  const start = (connection: Connection) => {
    const sendNext = () => {
      if (!running) return;
      const now = performance.now();
      const inFlight = { request: nextRequest(connection.session), sentAt: now, counted: counts(now) };
      // Outside undici's callback, and in a later turn of the event loop: a connection that fails at once must not block it.
      send(connection, inFlight, () => setImmediate(sendNext));
    };
    sendNext();
  };
  connections.forEach(start);
  return unscheduled(async () => {
    running = false;
    await Promise.all(connections.map(({ client }) => client.destroy()));
  });
}
