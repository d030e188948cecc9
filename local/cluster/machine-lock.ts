import { createServer, type Server } from "node:net";
import { UserError } from "../../contract/user-error.ts";

// An abstract socket: the kernel frees the name when its process ends, however it ends.
const socketName = "\0breakwater-cluster";
const patienceMs = 180_000;

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
 * Runs `change` while no other command of this machine changes the cluster.
 *
 * @throws {UserError} when another one keeps it busy for three minutes.
 */
export async function withMachineLock<T>(change: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  let lock = await tryToListen();
  while (lock === undefined) {
    if (Date.now() > deadline)
      throw new UserError(
        "another breakwater command has been changing the cluster for three minutes",
        "wait for it or end it (Ctrl-C in its terminal), then run this one again",
      );
    await new Promise((resolve) => setTimeout(resolve, 200));
    lock = await tryToListen();
  }
  try {
    return await change();
  } finally {
    lock.close();
  }
}
