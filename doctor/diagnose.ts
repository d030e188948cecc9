import { isAlive, type ListeningSocket, type Trial, type TrialContract } from "./trial.ts";

/** One rule that the API breaks, or one thing that could not be tried. */
export interface Finding {
  kind: "violation" | "note";
  /** What is wrong, with what was seen. */
  what: string;
  fix: string;
}

const sigkill = 137;
/** A line that begins with an error, not one of code that throws it. */
const errorName = /^\W*(uncaught )?\w*(error|panic|fatal|exception)\b/i;
const refusal = /EROFS|EACCES|EPERM|read-only|permission denied|not permitted/i;
/** What the kernel says of such a program, and containerd of an image that has none for the node. */
const otherPlatform = /exec format error|no match(ing manifest)? for (the )?(platform|linux)/i;
const platformFix =
  "build it for the platform of the nodes: api.source.platform, or docker buildx build --platform …";
const violation = (what: string, fix: string): Finding => ({ kind: "violation", what, fix });

/**
 * What is wrong with an API, in the order in which it is mended.
 *
 * @param trials the API as the stack deploys it, then, if it did not answer, with liberties that the stack does not give
 * @param contract what the stack expects
 */
export function diagnose(trials: readonly Trial[], contract: TrialContract): Finding[] {
  const [strict] = trials;
  const best = trials.find(({ live }) => live !== null) ?? strict;
  if (strict === undefined || best === undefined) return [];
  if (strict.notStarted !== undefined) return [neverStarted(strict.notStarted, contract)];
  if (best.live === null && best.sockets.length === 0) return [neverListened(strict, contract)];
  return [
    ...liberty(strict, best),
    ...address(best.sockets, contract),
    ...paths(best, contract),
    ...idle(best, contract),
    ...stopping(best, contract),
  ];
}

function neverStarted(reason: string, { image }: TrialContract): Finding {
  if (otherPlatform.test(reason))
    return violation(`the image is for another platform than the cluster's nodes: ${reason}`, platformFix);
  const shell = /exec: "(\/bin\/(?:ba|da|a)?sh)"/.exec(reason)?.[1];
  if (shell !== undefined)
    return violation(
      `the image's command needs a shell, and the image has no ${shell}`,
      'use the exec form in the Dockerfile, which needs none: CMD ["node", "server.js"]',
    );
  if (/unauthorized|denied|authentication|no basic auth/i.test(reason))
    return {
      kind: "note",
      what: `the cluster may not pull ${image} without a password: ${reason}`,
      fix: "the stack pulls it with registry.username and registry.password, which the doctor cannot read; try it with another registry",
    };
  if (/Pull|InvalidImageName/.test(reason))
    return violation(
      `the cluster cannot pull ${image}: ${reason}`,
      "check the name, push it, and give the credentials: registry.username, registry.password",
    );
  return violation(`the container does not start: ${reason}`, "correct the image's command");
}

function neverListened(
  { ended, log }: Trial,
  { port, startSeconds, unknownVariables }: TrialContract,
): Finding {
  const unknown =
    unknownVariables.length === 0
      ? ""
      : `; ${unknownVariables.join(", ")} had another value here: encrypted in stack config`;
  const last = log.length === 0 ? "it wrote nothing" : `it wrote: ${revealing(log).join(" ⏎ ")}`;
  if (ended !== undefined && log.some((line) => otherPlatform.test(line)))
    return violation(`the image is for another platform than the cluster's nodes (${last})`, platformFix);
  return ended === undefined
    ? violation(
        `nothing listens ${startSeconds} s after the start; ${last}`,
        `listen on $PORT, which is ${port}, also without the database and Redis`,
      )
    : violation(
        `the program ends with code ${ended}; ${last}`,
        `start without the database and Redis, and connect to them later: they may start after it, or be away${unknown}`,
      );
}

/** The lines with an error, else the last ones; without those of a stack trace. */
function revealing(log: readonly string[]): string[] {
  const lines = log.filter((line) => !/^\s+at /.test(line));
  const named = lines.filter((line) => errorName.test(line));
  const errors = named.length > 0 ? named : lines.filter((line) => /error|panic|fatal|exception/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).map((line) => line.trim().slice(0, 200));
}

/** Why it works with a liberty only. A program that writes where root may write, too, says so before. */
function liberty(strict: Trial, best: Trial): Finding[] {
  if (best.liberty === "none") return [];
  const readOnly = strict.log.find((line) => /EROFS|read-only file system/i.test(line));
  const refusals = strict.log.filter((line) => refusal.test(line));
  const refused = readOnly ?? refusals.find((line) => errorName.test(line)) ?? refusals[0];
  const seen = refused === undefined ? "" : `: ${refused.trim().slice(0, 200)}`;
  return best.liberty === "writable root file system" || readOnly !== undefined
    ? [
        violation(
          `it writes to its root file system, which is read-only in the stack${seen}`,
          "write to /tmp, or log to standard output",
        ),
      ]
    : [
        violation(
          `it runs as root only, and the stack runs it as user 10001${seen}`,
          "let every user read its files (chmod -R a+rX), listen on a port above 1023, and name USER 10001 in the Dockerfile",
        ),
      ];
}

/** Whether a trial with more liberty can show why the API does not serve. */
export function mayNeedLiberty({ ended, log, notStarted, sockets }: Trial): boolean {
  if (notStarted !== undefined || sockets.length > 0) return false;
  return ended !== undefined || log.some((line) => refusal.test(line));
}

function address(sockets: readonly ListeningSocket[], { port }: TrialContract): Finding[] {
  const here = sockets.filter((socket) => socket.port === port);
  if (here.some(({ isLocal }) => !isLocal)) return [];
  if (here.length > 0)
    return [
      violation(
        `it listens on 127.0.0.1:${port} only, which neither the gateway nor the probes can reach`,
        'listen on all addresses: listen(port, "0.0.0.0")',
      ),
    ];
  const ports = [...new Set(sockets.map((socket) => socket.port))].sort((a, b) => a - b);
  const isLocal = sockets.every((socket) => socket.isLocal);
  return [
    violation(
      `it listens on port ${ports.join(", ")}${isLocal ? " of 127.0.0.1" : ""}, not on ${port}`,
      `listen on $PORT${isLocal ? " of all addresses" : ""}, or set api.contract.port to ${ports[0]}`,
    ),
  ];
}

function paths(trial: Trial, { live, ready }: TrialContract): Finding[] {
  const findings: Finding[] = [];
  if (trial.live === null)
    return [
      violation(`GET ${live} gets no response by HTTP/1.1`, "serve plain HTTP/1.1: the gateway ends TLS"),
    ];
  if (!isAlive(trial))
    findings.push(
      trial.live >= 500
        ? violation(
            `GET ${live} gets HTTP ${trial.live} without the database and Redis: all pods would be restarted while those are away`,
            "answer it without them, and name another path for readiness: api.contract.ready",
          )
        : violation(
            `GET ${live} gets HTTP ${trial.live}`,
            "serve it, or name the path that the API has: api.contract.live (--live)",
          ),
    );
  if (ready === live || trial.ready === null || trial.ready < 400) return findings;
  findings.push(
    trial.ready >= 500
      ? {
          kind: "note",
          what: `GET ${ready} gets HTTP ${trial.ready}, which is right while the database or Redis is away, as here`,
          fix: "nothing to mend if it becomes ready with them",
        }
      : violation(
          `GET ${ready} gets HTTP ${trial.ready}: no pod would get a request`,
          "serve it, or name the path that the API has: api.contract.ready (--ready)",
        ),
  );
  return findings;
}

/** Minimum of `api.contract.keepAlive`, in seconds. */
const minKeepAliveSeconds = 2;

/** A request on a connection that the API is closing is lost, unless it may be repeated. */
function idle({ keepAliveSeconds }: Trial, { keepAliveMs }: TrialContract): Finding[] {
  if (keepAliveSeconds === undefined || keepAliveSeconds * 1000 >= keepAliveMs) return [];
  return [
    violation(
      `it closes connections that are idle for ${keepAliveSeconds} s, and the gateway expects ${keepAliveMs / 1000} s: a request may meet the closing`,
      keepAliveSeconds < minKeepAliveSeconds
        ? `let the server keep them for ${keepAliveMs / 1000} s or longer`
        : `set api.contract.keepAlive to '${keepAliveSeconds} s', or let the server keep them for longer`,
    ),
  ];
}

function stopping({ stop, answeredAtStop }: Trial, { stopSeconds }: TrialContract): Finding[] {
  if (stop === undefined) return [];
  if (stop.exitCode === sigkill)
    return [
      violation(
        `it does not end within ${stopSeconds} s of SIGTERM, and is killed: each rollout waits for that, and cuts requests off`,
        'handle SIGTERM (server.close()); in a shell form of CMD, the shell keeps the signal: CMD ["node", "server.js"]',
      ),
    ];
  if (answeredAtStop === false)
    return [
      violation(
        `at SIGTERM it cuts off the requests in progress (it ended with code ${stop.exitCode})`,
        "at SIGTERM, close the server and wait for its requests: server.close(() => process.exit(0))",
      ),
    ];
  return [];
}
