import { executionAsyncResource } from "node:async_hooks";

/**
 * Keeps one object of `process.nextTick` alive for good, and with it the hidden class of these objects. If a full garbage
 * collection finds no such object, V8 drops the class. The next object then gets a new class, V8 treats the object literal
 * in Node.js as megamorphic (`Runtime_DefineKeyedOwnPropertyInLiteral`), and every later tick costs a call into V8's
 * runtime, about 2 µs. An HTTP request has two or three ticks. See docs/decisions.md#kept-tick-object.
 *
 * @returns the kept object
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
