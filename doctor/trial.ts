/** How a trial differs from the pods that the stack deploys. */
export type Liberty = "none" | "writable root file system" | "root user";

/** A socket that listens in the pod. */
export interface ListeningSocket {
  /** Whether only the pod itself can reach it: 127.0.0.0/8 or ::1. */
  isLocal: boolean;
  port: number;
}

/** What was seen of an API that was started once in a pod, without a database and without Redis. */
export interface Trial {
  liberty: Liberty;
  /** Why the container did not start, as Kubernetes says it. */
  notStarted?: string;
  /** Exit code of a program that ended by itself. */
  ended?: number;
  /** Last lines of its log. */
  log: readonly string[];
  sockets: readonly ListeningSocket[];
  /** Seconds for which it says to keep an idle connection (`Keep-Alive: timeout=…`); undefined when it says nothing. */
  keepAliveSeconds?: number;
  /** Status of `live`; null when nothing answers HTTP. */
  live: number | null;
  ready: number | null;
  /** Whether a request in progress when SIGTERM came got its response; undefined when it was not tried. */
  answeredAtStop?: boolean;
  /** Exit code after SIGTERM, and the seconds until then; undefined when it was not tried. */
  stop?: { exitCode: number; seconds: number };
}

/** What the stack expects of the API in the trial. */
export interface TrialContract {
  image: string;
  port: number;
  live: string;
  ready: string;
  /** Whether the stack has a database for it. */
  hasDatabase: boolean;
  /** Time for which the gateway expects it to keep an idle connection, in ms. */
  keepAliveMs: number;
  /** Variables of `api.env` and `api.contract.env`. */
  env: Readonly<Record<string, string>>;
  /** Names of those that are encrypted in stack config, and have another value here. */
  unknownVariables: readonly string[];
  /** Limits of the container, as Kubernetes writes them. */
  limits: { cpu: string; memory: string };
  /** Seconds in which it must answer after the start. */
  startSeconds: number;
  /** Seconds in which it must end after SIGTERM. */
  stopSeconds: number;
}

/** Whether the API answers its path of `live`. */
export function isAlive({ live }: Trial): boolean {
  return live !== null && live < 400;
}
