import { createHash } from "node:crypto";
import { answerLikeTheApi, type Behaviour, StubServer } from "../loadtest/testing/stub-server.ts";

// A server that responds to the requests of the kit's example as its API does, and to a login, at little cost.
const behave: Behaviour = (request, response, n) => {
  if (request.url === "/api/login")
    return void response.setHeader("set-cookie", `sid=${n}; Path=/`).end(`{"token":"t${n}"}`);
  if (request.url !== "/api/upload") return answerLikeTheApi(request, response);
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    const content = body.subarray(body.indexOf("\r\n\r\n") + 4, body.lastIndexOf("\r\n--"));
    response.end(JSON.stringify({ sha256: createHash("sha256").update(content).digest("hex") }));
  });
};
const { endpoint } = await StubServer.start(behave);
process.send?.(endpoint);
