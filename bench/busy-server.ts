import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// A server with a known CPU cost for each request: it computes the given number of rounds, then responds.
const rounds = Number(process.argv[2]);

function work(): number {
  let state = 1;
  for (let round = 0; round < rounds; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

const server = createServer((request, response) => {
  request.resume();
  response.setHeader("content-type", "application/json").end(`{"ok":true,"worked":${work()}}`);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
