import express from "express";
import { keepAliveTimeoutMs, port } from "./answers.ts";

// As few parts as Express has. The two headers that it adds by itself are off, so that answers are the same, unless it is
// asked for as it comes.
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
