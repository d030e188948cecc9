import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import type { LoadResult, SecondOfLoad } from "../report/schema/scenario.ts";
import { sampleScenarios } from "../testing/samples.ts";
import { answerLikeTheApi, type Behaviour, StubServer } from "../testing/stub-server.ts";
import { generatorLimit } from "./generator-limit.ts";
import { runLoad } from "./load.ts";
import { countErrors, type LoadOptions } from "./load-result.ts";

const scenario = (name: string) => {
  const found = sampleScenarios().find((each) => each.name === name);
  assert.ok(found);
  return found;
};

async function load(behave: Behaviour, more: Partial<LoadOptions> = {}, stopAfterSeconds?: number) {
  await using server = await StubServer.start(behave);
  const seconds: { stats: SecondOfLoad; warmup: boolean }[] = [];
  const stop = new AbortController();
  const result = await runLoad(
    {
      endpoint: server.endpoint,
      scenario: scenario("light"),
      connections: 4,
      durationSeconds: 2,
      warmupSeconds: 0,
      timeoutSeconds: 1,
      users: 20,
      seed: 1,
      ...more,
    },
    {
      signal: stop.signal,
      onSecond: (stats, warmup) => {
        seconds.push({ stats, warmup });
        if (seconds.length === stopAfterSeconds) stop.abort();
      },
    },
  );
  return { result, seconds };
}

const accountsForAll = (result: LoadResult) => {
  assert.equal(result.sent, result.completed + result.failed);
  assert.equal(result.failed, countErrors(result.errors));
};

test("runLoad has no errors in any scenario when the server responds like the API", async () => {
  for (const each of sampleScenarios()) {
    const { result } = await load(answerLikeTheApi, {
      scenario: each,
      durationSeconds: 1,
      ...(each.rate === undefined ? {} : { rate: each.rate }),
    });
    assert.deepEqual([result.failed, result.resent], [0, 0], JSON.stringify(result.errors));
    assert.ok(result.completed > 50);
    accountsForAll(result);
  }
});

test("runLoad counts each failure once, by its class", async () => {
  const { result } = await load((request, response, n) => {
    if (n <= 7) response.writeHead(503).end("busy");
    else if (n <= 9) response.writeHead(404).end();
    else if (n <= 12) response.end('{"ok":false}');
    else if (n <= 17) request.socket.resetAndDestroy();
    else if (n <= 21) request.socket.end();
    else if (n === 22)
      return; // never answered: a time-out
    else answerLikeTheApi(request, response);
  });
  assert.deepEqual(result.errors, {
    timeouts: 1,
    connection: { ECONNRESET: 5 },
    closed: 4,
    status: { "404": 2, "503": 7 },
    wrongBody: 3,
    unfinished: 0,
  });
  accountsForAll(result);
  assert.ok(result.completed > 50);
});

for (const rate of [undefined, 200]) {
  test(`runLoad detects the response to another request by its ID ${rate ? "at a fixed rate" : "in a closed model"}`, async () => {
    const ids = new Set<unknown>();
    const { result } = await load(
      (request, response, n) => {
        const id = request.headers["x-request-id"];
        ids.add(id);
        response.setHeader("X-Request-ID", n % 50 === 0 ? "somebody-else" : String(id));
        answerLikeTheApi(request, response);
      },
      { durationSeconds: 1, ...(rate ? { rate } : {}) },
    );
    assert.ok(
      Math.abs(result.errors.wrongBody - Math.floor(result.sent / 50)) <= 1,
      JSON.stringify(result.errors),
    );
    assert.ok(ids.size >= result.sent, `${ids.size} ids for ${result.sent} requests`);
    accountsForAll(result);
  });
}

test("runLoad has no errors when the server closes connections as announced", async () => {
  const { result } = await load((request, response, n) => {
    if (n % 10 === 0) response.setHeader("connection", "close");
    answerLikeTheApi(request, response);
  });
  assert.equal(result.failed, 0, JSON.stringify(result.errors));
  assert.ok(result.resent > 0);
  accountsForAll(result);
});

test("runLoad measures percentiles that agree with the server's delays", async () => {
  // One in ten 60 ms, one in fifty 200 ms, else 10 ms; measured by the server, since timers come late.
  const delays: number[] = [];
  const { result } = await load(
    (request, response, n) => {
      const sinceMs = performance.now();
      const delayMs = n % 50 === 0 ? 200 : n % 10 === 1 ? 60 : 10;
      setTimeout(() => {
        answerLikeTheApi(request, response);
        delays.push(performance.now() - sinceMs);
      }, delayMs);
    },
    { durationSeconds: 5, warmupSeconds: 1, connections: 8, timeoutSeconds: 5 },
  );
  accountsForAll(result);
  delays.sort((a, b) => a - b);
  const exact = (share: number) => delays[Math.ceil(share * delays.length) - 1] ?? Number.NaN;
  for (const [name, share] of [
    ["p50Ms", 0.5],
    ["p95Ms", 0.95],
    ["p99Ms", 0.99],
  ] as const) {
    const [measured, made] = [result.latency[name], exact(share)];
    // The server does not see the network time, which is longer on a busy machine.
    assert.ok(
      measured > made - 1 && measured < made * 1.1 + 10,
      `${name}: ${measured} ms instead of ${made} ms`,
    );
  }
});

test("runLoad reports seconds of the warm-up, but does not count them", async () => {
  let warm = 0;
  const startedMs = performance.now();
  const { result, seconds } = await load(
    (request, response) => {
      // Slow for a time that is certainly within the warm-up, which begins after the start of the generator.
      const early = performance.now() - startedMs < 1000;
      if (early) warm++;
      setTimeout(() => answerLikeTheApi(request, response), early ? 300 : 5);
    },
    { warmupSeconds: 2, durationSeconds: 2 },
  );
  assert.equal(seconds.filter((each) => each.warmup).length, 2);
  assert.equal(result.seconds.length, 2);
  assert.ok(
    result.latency.p99Ms < 300,
    `p99 ${result.latency.p99Ms} ms after ${warm} slow requests in the warm-up`,
  );
});

test("runLoad returns the measurements so far when it is stopped", async () => {
  const { result } = await load(answerLikeTheApi, { durationSeconds: 60 }, 2);
  assert.equal(result.interrupted, true);
  assert.ok(result.durationSeconds < 30);
  assert.ok(result.completed > 50);
  accountsForAll(result);
});

test("runLoad measures from the due time at a fixed rate, also during a stall", async () => {
  const dueAnswers: number[] = [];
  let stalledUntilMs = 0;
  const { result } = await load(
    (request, response, n) => {
      const nowMs = performance.now();
      if (n === 400) stalledUntilMs = nowMs + 300;
      setTimeout(
        () => {
          answerLikeTheApi(request, response);
          dueAnswers.push(n);
        },
        Math.max(5, stalledUntilMs - nowMs),
      );
    },
    { rate: 200, durationSeconds: 4, connections: 100, timeoutSeconds: 5 },
  );
  accountsForAll(result);
  assert.equal(result.model, "fixed rate");
  assert.ok(Math.abs(result.sent - 800) <= 1, `${result.sent} sent of 800`);
  assert.deepEqual([result.failed, result.notSent], [0, 0], JSON.stringify(result.errors));
  // 60 of 800 requests become due during the stall and wait for its end: 2.5 % wait longer than 200 ms.
  assert.ok(result.latency.p99Ms > 200, `p99 ${result.latency.p99Ms} ms`);
  assert.ok(result.latency.p90Ms < 200, `p90 ${result.latency.p90Ms} ms`);
});

test("runLoad reports requests that wait for a free connection, and measures them from their due time", async () => {
  const slow: Behaviour = (request, response) => {
    setTimeout(() => answerLikeTheApi(request, response), 50);
  };
  const { result } = await load(slow, { rate: 100, connections: 1, durationSeconds: 2, timeoutSeconds: 1 });
  accountsForAll(result);
  assert.ok(result.generator.backlog > 50, `${result.generator.backlog} in the backlog`);
  // After the time limit, a request no longer waits for a connection.
  assert.ok(result.notSent > 0);
  assert.ok(result.errors.timeouts >= result.notSent);
  assert.ok(result.latency.p50Ms > 300, `p50 ${result.latency.p50Ms} ms`);
  assert.doesNotMatch(generatorLimit(result) ?? "", /connections/);
});

test("runLoad counts failures by class, with their time, at a fixed rate", async () => {
  const { result } = await load(
    (request, response, n) => {
      if (n <= 7) response.writeHead(503).end("busy");
      else if (n <= 12) response.end('{"ok":false}');
      else if (n <= 17) request.socket.resetAndDestroy();
      else if (n <= 21) request.socket.end();
      else answerLikeTheApi(request, response);
    },
    { rate: 100 },
  );
  const { status, wrongBody, connection, closed } = result.errors;
  assert.deepEqual([status, wrongBody, connection.ECONNRESET, closed], [{ "503": 7 }, 5, 5, 4]);
  assert.equal(result.failedAtSeconds.length, 21);
  accountsForAll(result);
});

test("runLoad splits rate and connections between two threads", async () => {
  const { result, seconds } = await load(answerLikeTheApi, { rate: 200, threads: 2, connections: 3 });
  accountsForAll(result);
  assert.ok(Math.abs(result.sent - 400) <= 2, `${result.sent} sent of 400`);
  assert.equal(result.generator.threads, 2);
  assert.equal(seconds.length, 2);
  assert.ok(result.seconds.every((second) => Math.abs(second.requestsPerSecond - 200) < 60));
});

test("runLoad makes a connection for every request without keep-alive", async () => {
  for (const rate of [undefined, 100]) {
    // Sockets, because the system gives the ports of closed connections away again.
    const connections = new Set<unknown>();
    let requests = 0;
    const { result } = await load(
      (request, response) => {
        requests++;
        connections.add(request.socket);
        answerLikeTheApi(request, response);
      },
      { keepAlive: false, durationSeconds: 1, ...(rate ? { rate } : {}) },
    );
    assert.deepEqual([result.failed, result.resent], [0, 0], JSON.stringify(result.errors));
    assert.ok(requests > 4);
    assert.equal(connections.size, requests);
    accountsForAll(result);
  }
});

test("runLoad counts requests that are open at the end once", async () => {
  for (const rate of [undefined, 50]) {
    const { result } = await load(
      (request, response, n) => {
        if (n < 5) answerLikeTheApi(request, response);
        // Half a response: the server goes on too slowly for the end of the load, and never stops.
        else {
          response.write("{");
          const timer = setInterval(() => response.write(" "), 200);
          response.on("close", () => clearInterval(timer));
        }
      },
      { durationSeconds: 1, ...(rate ? { rate, connections: 8 } : {}) },
    );
    assert.ok(result.failed > 0);
    accountsForAll(result);
  }
});
