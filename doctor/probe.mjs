// Runs in a container of its own beside the API, in the same network. It prints one JSON object in each line.
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const { PROBE_PORT, PROBE_LIVE, PROBE_READY, PROBE_SECONDS, POD_IP } = process.env;
const untilMs = Date.now() + Number(PROBE_SECONDS) * 1000;
const pauseMs = 200;
const patienceMs = 10_000;
const say = (event, values) => console.log(JSON.stringify({ event, ...values }));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sockets that listen, by /proc/net/tcp of proc(5): the state 0A. */
function listening() {
  return ["tcp", "tcp6"].flatMap((name) => {
    let text = "";
    try {
      text = readFileSync(`/proc/net/${name}`, "utf8");
    } catch {}
    return text
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === "0A")
      .map(([, local]) => {
        const [address, port] = local.split(":");
        return { isLocal: isLoopback(address), port: Number.parseInt(port, 16) };
      });
  });
}

/** 127.0.0.0/8 or ::1; the kernel prints groups of four bytes, the last byte first. */
function isLoopback(address) {
  return address.length === 8 ? address.endsWith("7F") : address === "00000000000000000000000001000000";
}

/** The response to a GET; null without one. */
async function get(host, port, path) {
  const shown = host.includes(":") ? `[${host}]` : host;
  const options = { signal: AbortSignal.timeout(3000), redirect: "manual" };
  const response = await fetch(`http://${shown}:${port}${path}`, options).catch(() => null);
  await response?.arrayBuffer().catch(() => {});
  return response;
}

/** The status of a GET; null without a response. */
async function statusOf(host, port, path) {
  return (await get(host, port, path))?.status ?? null;
}

/** Waits until the expected port answers from outside. What listens elsewhere for ten seconds is what there is. */
async function findServer() {
  const expected = Number(PROBE_PORT);
  let sockets = [];
  let sinceMs;
  do {
    sockets = listening();
    const isRight = sockets.some(({ isLocal, port }) => port === expected && !isLocal);
    if (isRight && (await statusOf(POD_IP, expected, PROBE_LIVE)) !== null)
      return { sockets, host: POD_IP, port: expected };
    if (sockets.length > 0) sinceMs ??= Date.now();
    await sleep(pauseMs);
  } while (Date.now() < untilMs && !(Date.now() - sinceMs > patienceMs));
  for (const { isLocal, port } of sockets) {
    const host = isLocal ? "127.0.0.1" : POD_IP;
    if ((await statusOf(host, port, PROBE_LIVE)) !== null) return { sockets, host, port };
  }
  return { sockets };
}

const { sockets, host, port } = await findServer();
if (host === undefined) {
  say("end of start", { sockets, live: null, ready: null });
  process.exit(0);
}
const alive = await get(host, port, PROBE_LIVE);
const live = alive?.status ?? null;
const [, keepAlive] = /timeout=(\d+)/.exec(alive?.headers.get("keep-alive") ?? "") ?? [];
const ready = await statusOf(host, port, PROBE_READY);

// A request whose body is missing when SIGTERM comes is in progress, if the server waits for it. Servers give up one that takes
// long, so it is a new one every two seconds.
let current = {};
async function begin() {
  const socket = connect(port, host);
  const begun = { socket, received: "", isClosed: false };
  socket.on("data", (part) => {
    begun.received += part;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    begun.isClosed = true;
  });
  const head = ["Host: probe", "Content-Type: application/json", "Content-Length: 2", "Connection: close"];
  socket.write(`POST ${PROBE_LIVE} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`);
  await sleep(300);
  // A server that answers before the body has come shows nothing.
  if (isStopping || begun.isClosed || begun.received !== "") return socket.destroy();
  current.socket?.destroy();
  current = begun;
}
let isStopping = false;
await begin();
const renewing = setInterval(begin, 2000);
process.on("SIGTERM", async () => {
  isStopping = true;
  clearInterval(renewing);
  const tried = current;
  const isTried = tried.socket !== undefined;
  await sleep(300);
  if (isTried && !tried.isClosed) tried.socket.write("{}");
  const isAnswered = () => /^HTTP\/1\.[01] \d+/.test(tried.received);
  const endMs = Date.now() + 3000;
  while (isTried && !isAnswered() && !tried.isClosed && Date.now() < endMs) await sleep(20);
  say("in progress at SIGTERM", isTried ? { answered: isAnswered() } : {});
  process.exit(0);
});
say("end of start", { sockets, live, ready, ...(keepAlive && { keepAliveSeconds: Number(keepAlive) }) });
