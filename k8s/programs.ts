import { readFileSync } from "node:fs";

/*
 * The shell programs that containers run, one file each under programs/. Their text is part of the pod template: a
 * change, of a comment too, replaces the workload's pods. So they have no comments, and their documentation is here.
 */

/**
 * The main process of a Redis pod: it becomes the server. It needs `sh`, `sleep`, `mv`, `rm` and the server's own programs.
 * Parameters: folder of the data, file of the users, folder of the passwords in use, then the server's command: program, path of
 * redis.conf, options.
 *
 * The server reads the users from its standard input. Each user accepts its password of the file and the one in use, if that
 * is another one: pods that are not replaced yet use it. The user `default` is on only if a password of it is in use, which is
 * so during an update from an earlier version (docs/decisions.md#redis-users).
 *
 * It writes the mark `starting` into the folder, and redisReady empties it when the node serves. If the mark is there at the next
 * start, the server has not come up. The program then lets the server itself read nodes.conf (with a port that ends it right
 * after) and the append-only file (without a cluster and without a port). When the server reports corruption, both are moved
 * to `corrupt-*`, and the node starts as a new one, which the controller gives its place and its data. Other failures, like
 * a full disk, too little memory or a wrong option, change nothing (docs/decisions.md#corrupt-redis-files).
 */
export const redisRun = program("redis-run");

/**
 * Liveness of the database, with `sh` and `pg_isready`: exit code 0 when the server responds, also one that recovers from a crash
 * and accepts no connections yet. Parameter: the port. When the check takes too long, Kubernetes kills its first process, and
 * what is left becomes a child of the server, which takes every exit code but 0 and 1 for a crashed session, and ends all
 * sessions. What is left here is the subshell, whose exit code is 0 or 1.
 */
export const databaseAlive = program("database-alive");

/**
 * Hook before a planned stop of a Redis pod, with `sh`, `sleep` and Redis' own client. Parameters: port, seconds in all,
 * seconds of one attempt.
 *
 * When the node is a primary with slots, the program sends CLUSTER FAILOVER to the replica that is in sync and has the newest data,
 * and waits until the node is a replica itself. Then the node can stop, and no client waits for the detection of a failure.
 * A replica is in sync when it has confirmed data in the last two seconds and lacks at most 1 MiB. After an attempt that fails
 * or takes too long comes the next replica. The program ends at once when there is none, when that replica stops itself,
 * and when the server does not respond (docs/decisions.md#handover-before-a-stop).
 */
export const redisHandover = program("redis-handover");

/**
 * Check of a Redis pod, with `sh` and Redis' own client: exit code 0 when the node is in a cluster whose state is ok, and,
 * if it is a replica, its link to its primary is up. A node alone is not in a cluster. With the parameter `start` all slots must
 * be served, too; with `ready` another shard may be down (docs/decisions.md#readiness-of-redis-pods). A success with `start`
 * also empties the file that is the second parameter: the mark of redisRun. The third parameter is a number of tries, with 0.4 s
 * between them.
 */
export const redisReady = program("redis-ready");

/**
 * Init container of the database's pod. It needs only `sh` and PostgreSQL's own programs.
 *
 * It creates the data folder `/data/pgdata-N` and then writes the folder's path to `/data/current`. A pod that is killed
 * before that starts over in a new folder. The application's role is not a superuser, and it is the only role that may
 * log in over the network, by password. The password is read from a file and is never an argument.
 *
 * It also gives the role the password of the Secret whenever the Secret has another ID than at the last time, for example
 * after a volume was restored. The password in use counts: during a rotation the pods do not know the new one yet
 * (docs/decisions.md#password-rotation).
 */
export const databaseInit = program("database-init");

/**
 * The database's main process: it becomes the PostgreSQL server. It reads MAX_CONNECTIONS and MAX_WAL_MB, which apply to
 * data folders of earlier versions, too.
 */
export const databaseRun = program("database-run");

/**
 * Backups of the database, with `sh`, `mv`, `rm` and PostgreSQL's own clients. It finds the server by the variables of libpq.
 *
 * `backup` dumps the database into a file of `/backups` whose name is the time, reads the dump to its end, and then deletes the
 * oldest files beyond the number in KEEP. A dump that is interrupted has another name, and the next one deletes it. `list` prints
 * the names. `restore NAME` dumps the present state, and then replaces the tables of the backup in one transaction.
 */
export const databaseBackup = program("database-backup");

function program(name: string): string {
  return readFileSync(new URL(`./programs/${name}.sh`, import.meta.url), "utf8");
}
