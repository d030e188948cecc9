import { executionAsyncResource } from "node:async_hooks";

/**
 * Keeps one of the objects that `process.nextTick` makes, for good: with it lives their hidden class. When a full garbage
 * collection finds none alive, the class goes; the next object gets a new one, V8 takes the literal in Node.js that makes
 * them for one of many shapes from then on (`Runtime_DefineKeyedOwnPropertyInLiteral`), and every tick costs a call into
 * its runtime, some 2 µs, for as long as the process lives. An HTTP request has two or three.
 *
 * @returns the object, when it is there
 */
export function keepTickShape(): Promise<object> {
  return new Promise((resolve) => {
    process.nextTick(() => {
      kept = executionAsyncResource();
      resolve(kept);
    });
  });
}

let kept: object | undefined;
