import express from "express";
import { keepAliveTimeoutMs, port } from "./answers.ts";

// A minimal Express server. The two headers that Express adds by default are off, so that all responses are the same;
// AS_IT_COMES=1 leaves them on.
const app = express();
if (process.env.AS_IT_COMES !== "1") {
  app.disable("x-powered-by");
  app.set("etag", false);
}
app.get("/light", (request, response) => {
  response.set("x-request-id", request.get("x-request-id"));
  response.json({ ok: true });
});
app.listen(port, "127.0.0.1").keepAliveTimeout = keepAliveTimeoutMs;
