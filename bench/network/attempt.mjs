// Runs in the network namespace of a pod, by a Node.js of the machine, without packages. Reads a list of targets from standard
// input and writes the outcome of a connection to each: "open", or why there is none.
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

const timeoutMs = 3_000;

function overTcp({ address, port }) {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const end = (outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on("connect", () => end("open"));
    socket.on("timeout", () => end("no response"));
    socket.on("error", ({ code }) => end(code));
  });
}

/** A DNS query for the address of the root, which every server answers. */
const query = Buffer.from("0007010000010000000000000000010001", "hex");

function overUdp({ address, port }) {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const end = (outcome) => {
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => end("no response"), timeoutMs);
    socket.on("message", () => end("open"));
    socket.on("error", ({ code }) => end(code));
    socket.connect(port, address, () => socket.send(query, (error) => error && end(error.code)));
  });
}

const targets = JSON.parse(await text(process.stdin));
const outcomes = targets.map((target) => (target.protocol === "UDP" ? overUdp(target) : overTcp(target)));
console.log(JSON.stringify(await Promise.all(outcomes)));
