/** Reacts to an interrupt. `isRepeated`: the user has interrupted before, and wants the end at once. */
export type InterruptHandler = (isRepeated: boolean) => void;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const handlers: { handler: InterruptHandler; isRepeated: boolean }[] = [];
let lastMs = Number.NEGATIVE_INFINITY;

/**
 * Lets a handler react to SIGINT, SIGTERM and SIGHUP, instead of the handlers before it and of Node.js, which would end the
 * process. One Ctrl-C arrives up to three times, from the terminal, npm and bootstrap.mjs. It counts once.
 *
 * @returns a function that takes the handler back.
 */
export function onInterrupt(handler: InterruptHandler): () => void {
  const entry = { handler, isRepeated: false };
  if (handlers.push(entry) === 1) for (const signal of signals) process.on(signal, receive);
  return () => {
    const index = handlers.indexOf(entry);
    if (index >= 0) handlers.splice(index, 1);
    if (handlers.length === 0) for (const signal of signals) process.off(signal, receive);
  };
}

function receive(): void {
  const now = performance.now();
  if (now - lastMs < 1000) return;
  lastMs = now;
  const entry = handlers.at(-1);
  if (entry === undefined) return;
  const { isRepeated } = entry;
  entry.isRepeated = true;
  entry.handler(isRepeated);
}
