// Runs in pods and on the machine, without packages. `/` responds with a few bytes. `/load` sends requests to another peer
// for some time and responds with their count.
import { createServer } from "node:http";
import { connect } from "node:net";

const request = "GET / HTTP/1.1\r\nhost: peer\r\n\r\n";
const port = Number(process.env.PEER_PORT ?? 8080);

/** Sends one request after another until `endMs`. With `keep`, over one connection. Resolves to the count of responses. */
function sendUntil(endMs, target, keep) {
  return new Promise((resolve, reject) => {
    let count = 0;
    const open = () => {
      const socket = connect(target).setNoDelay(true);
      socket.on("error", reject);
      socket.on("connect", () => socket.write(request));
      // The response is so short that it arrives as one piece.
      socket.on("data", () => {
        count++;
        const ended = Date.now() >= endMs;
        if (keep && !ended) return socket.write(request);
        // A reset leaves no port in TIME_WAIT, of which the machine would run out.
        socket.resetAndDestroy();
        if (ended) resolve(count);
        else open();
      });
    };
    open();
  });
}

createServer(async ({ url }, response) => {
  const { pathname, searchParams } = new URL(url, "http://peer");
  if (pathname !== "/load") return response.end("ok");
  const [host, seconds, connections, keep] = ["host", "seconds", "connections", "keep"].map((name) =>
    searchParams.get(name),
  );
  try {
    const endMs = Date.now() + Number(seconds) * 1000;
    const target = { host, port: 8080 };
    const counts = await Promise.all(
      Array.from({ length: Number(connections) }, () => sendUntil(endMs, target, keep === "true")),
    );
    response.end(String(counts.reduce((sum, count) => sum + count)));
  } catch (error) {
    response.writeHead(500).end(error.message);
  }
}).listen(port, "0.0.0.0");
