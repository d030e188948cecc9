import { createServer, type Server } from "node:net";
import { pollUntil } from "../../host/poll.ts";

// An abstract socket: the kernel frees the name when the process ends, also when it is killed.
const socketName = "\0breakwater-cluster";
const timeoutMs = 180_000;

async function tryToListen(): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(socketName, () => resolve(server));
  });
}

/**
 * Runs `change` while no other command on this machine changes the cluster.
 *
 * @throws {UserError} when another command does not finish within three minutes.
 */
export async function withMachineLock<T>(change: () => Promise<T>): Promise<T> {
  const lock = await pollUntil(
    {
      what: "another breakwater command that is changing the cluster",
      fix: "wait for it or end it (Ctrl-C in its terminal), then run this one again",
      intervalMs: 200,
      timeoutMs,
    },
    tryToListen,
  );
  try {
    return await change();
  } finally {
    lock.close();
  }
}
