// A pod for the proof of the gateway. A child process serves requests on a port; a request below /poison ends it at once,
// as a container ends when it runs out of memory. This process starts another one a second later, and keeps the records of
// all of them: `/state` on the second port.
import { fork } from "node:child_process";
import { createServer } from "node:http";

const restartMs = 1000;
const port = 3000;
const statePort = 3001;
const podName = process.env.POD_NAME ?? "";
/** Time to the response to a POST, so that some are in progress when the server ends. */
const postMs = Number(process.env.POST_MS ?? 0);
/** Time to the response to a GET. */
const getMs = Number(process.env.GET_MS ?? 0);
const keepAliveMs = Number(process.env.KEEP_ALIVE_MS ?? 72_000);

if (process.env.IS_CHILD) serve();
else supervise();

function serve() {
  const server = createServer((request, response) => {
    const isPoison = request.url?.startsWith("/poison") === true;
    const id = request.headers["x-request-id"];
    const reply = () => response.writeHead(200, { "x-pod": podName, "content-length": 2 }).end("ok");
    request.resume().once("end", () => {
      if (!isPoison && request.method === "GET") return getMs > 0 ? setTimeout(reply, getMs) : reply();
      // The record leaves this process before it ends.
      process.send?.({ id, isPoison }, () => {
        if (isPoison) process.kill(process.pid, "SIGKILL");
        else if (request.method === "POST" && postMs > 0) setTimeout(reply, postMs);
        else reply();
      });
    });
  });
  server.keepAliveTimeout = keepAliveMs;
  server.keepAliveTimeoutBuffer = 0;
  server.on("connection", (socket) => {
    let isByOther = false;
    socket.on("error", () => {});
    socket.on("end", () => {
      isByOther = true;
    });
    socket.on("close", () => process.connected && process.send?.({ isByOther }));
  });
  server.listen(port);
}

function supervise() {
  const state = { pod: podName, deaths: 0, received: {}, endedByGateway: 0, endedByPod: 0 };
  const start = () => {
    const child = fork(import.meta.filename, { env: { ...process.env, IS_CHILD: "1" } });
    child.on("message", ({ id, isByOther }) => {
      if (isByOther !== undefined) state[isByOther ? "endedByGateway" : "endedByPod"]++;
      else state.received[id] = (state.received[id] ?? 0) + 1;
    });
    child.on("exit", () => {
      state.deaths++;
      setTimeout(start, restartMs);
    });
  };
  start();
  createServer((_request, response) => response.end(JSON.stringify(state))).listen(statePort);
  process.on("SIGTERM", () => process.exit(0));
}
