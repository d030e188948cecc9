import pg from "pg";
import { PostgresServer } from "../../app/testing/postgres.ts";
import { TestRedisCluster } from "../../app/testing/redis-cluster.ts";
import { user } from "./servers/answers.ts";

/** The database and the cache that the API uses. */
export interface Backing {
  /** Environment variables for the API with their addresses. */
  env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** The default of Redis: on a busy machine no node may be considered failed. */
const nodeTimeoutMs = 15_000;

/**
 * Starts PostgreSQL with 1000 users and a Redis Cluster of three nodes, both from the Debian packages.
 *
 * @throws {Error} when one of them is not installed or does not start
 */
export async function startBacking(): Promise<Backing> {
  const database = await PostgresServer.start();
  let cache: TestRedisCluster | undefined;
  const stop = async () => {
    await Promise.all([database.stop(), cache?.stop()]);
  };
  try {
    await addUsers(database.url);
    cache = await TestRedisCluster.start({ nodeTimeoutMs });
    const nodes = cache.primaries.map(({ address: { host, port } }) => `${host}:${port}`);
    return { env: { DATABASE_URL: database.url, REDIS_NODES: nodes.join(",") }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function addUsers(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL,
    email text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())`);
  for (let id = 1; id <= 1000; id++) {
    const { name, email, updatedAt } = user(id);
    await client.query("INSERT INTO users VALUES ($1, $2, $3, $4)", [id, name, email, updatedAt]);
  }
  await client.end();
}
