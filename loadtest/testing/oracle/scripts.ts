import { type Script, usualDelayMs } from "./scripted-server.ts";

/** Every request gets a good response. */
export const good: Script = () => ({});

/** Every second request of one turn gets a 503. @param turn from 1 */
export const errorsInTurn =
  (turn: number): Script =>
  (moment) =>
    moment.turn === turn && moment.nth % 2 === 0 ? { status: 503, delayMs: 5 } : {};

/** No request is answered for three seconds, from one second after the start. */
export const stall: Script = ({ ageMs }) =>
  ageMs >= 1000 && ageMs < 4000 ? { delayMs: usualDelayMs + 4000 - ageMs } : {};

/** Serves that many requests per second, one after another. */
export function capacity(perSecond: number): Script {
  let freeAtMs = 0;
  return () => {
    const now = performance.now();
    freeAtMs = Math.max(freeAtMs, now) + 1000 / perSecond;
    return { delayMs: freeAtMs - now };
  };
}

/** One request of ten gets no response. */
export const timeouts: Script = ({ nth }) => (nth % 10 === 0 ? { never: true } : {});

/** One response of many has another body. */
export const wrongBodies =
  (every: number): Script =>
  ({ nth }) =>
    nth % every === 0 ? { content: "wrong" } : {};

/** Writes are acknowledged and not stored. */
export const lostWrites: Script = ({ method }) => (method === "PUT" ? { content: "lost" } : {});

/** Every tenth response announces the close of its connection, which stays open for a while. */
export const slowClose: Script = ({ nth }) => (nth % 10 === 0 ? { closeAfterMs: 300 } : {});

/** Good responses are slow, and nine of ten requests get a fast 503. */
export const fastRefusals: Script = ({ nth }) =>
  nth % 10 === 0 ? { delayMs: 2000 } : { status: 503, delayMs: 1 };
