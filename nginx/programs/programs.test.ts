import assert from "node:assert/strict";
import { test } from "node:test";
import { count } from "./count-log.js";
import page, { render } from "./metrics-page.js";

/** The metrics of log lines, without buckets and metrics of 0. */
function metricsOf(lines: readonly string[], pools = ["api"]): string[] {
  const sums = count(new Map(lines.map((line, index) => [`>${line}`, index + 1])));
  const items = [...sums].map(([key, value]): [string, number] => [key, value]);
  const text = render(
    items,
    pools,
    "Active connections: 3\nserver accepts handled requests\n 9 8 20\nReading: 0 Writing: 1 Waiting: 2",
  );
  return text.split("\n").filter((line) => /^gateway_(?!conn)(?!.*_bucket).* (?!0$)\S+$/.test(line));
}

for (const [what, line, expected] of [
  [
    "a pod's response",
    "10.0.0.1:3000|200|200||0.012",
    [
      'gateway_responses_total{status="2xx"} 1',
      'gateway_pod_attempts_total{pool="api",pod_ip="10.0.0.1",status="2xx"} 1',
      'gateway_pod_response_seconds_sum{pool="api",pod_ip="10.0.0.1"} 0.012',
      'gateway_pod_response_seconds_count{pool="api",pod_ip="10.0.0.1"} 1',
    ],
  ],
  [
    "a response of the gateway without an attempt",
    "||404||",
    ['gateway_responses_total{status="4xx"} 1', 'gateway_own_responses_total{status="404"} 1'],
  ],
  [
    "no known pod",
    "api|502|503||-",
    ['gateway_responses_total{status="5xx"} 1', 'gateway_own_responses_total{status="503"} 1'],
  ],
  [
    "a client that left",
    "10.0.0.1:3000|-|499||-",
    [
      'gateway_responses_total{status="4xx"} 1',
      'gateway_own_responses_total{status="499"} 1',
      'gateway_pod_attempts_total{pool="api",pod_ip="10.0.0.1",status="aborted"} 1',
    ],
  ],
  [
    "a pod that did not answer in time",
    "[fd00::1]:3000|504|504||-",
    [
      'gateway_responses_total{status="5xx"} 1',
      'gateway_own_responses_total{status="504"} 1',
      'gateway_pod_attempts_total{pool="api",pod_ip="fd00::1",status="failed"} 1',
    ],
  ],
  [
    "a second attempt, whether a location or Nginx itself makes it",
    "10.0.0.1:3000 : 10.0.0.2:3000, 10.0.0.3:3000|502 : 502, 200|200||- : -, 0.002",
    [
      'gateway_responses_total{status="2xx"} 1',
      'gateway_pod_attempts_total{pool="api",pod_ip="10.0.0.1",status="failed"} 1',
      'gateway_pod_attempts_total{pool="api",pod_ip="10.0.0.2",status="failed"} 1',
      'gateway_pod_attempts_total{pool="api",pod_ip="10.0.0.3",status="2xx"} 1',
      'gateway_pod_retries_total{pool="api",pod_ip="10.0.0.1"} 1',
      'gateway_pod_retries_total{pool="api",pod_ip="10.0.0.2"} 1',
      'gateway_pod_response_seconds_sum{pool="api",pod_ip="10.0.0.3"} 0.002',
      'gateway_pod_response_seconds_count{pool="api",pod_ip="10.0.0.3"} 1',
    ],
  ],
  [
    "a response of the cache",
    "||200|HIT|",
    ['gateway_responses_total{status="2xx"} 1', 'gateway_cache_results_total{result="HIT"} 1'],
  ],
  [
    "a response that the gateway's own server fetched",
    "127.0.0.1:8090|200|304|MISS|0.001",
    ['gateway_responses_total{status="3xx"} 1', 'gateway_cache_results_total{result="MISS"} 1'],
  ],
  [
    "a fetch of the gateway's own server",
    "10.0.0.1:3000|502|503|FILL|-",
    [
      'gateway_own_responses_total{status="503"} 1',
      'gateway_pod_attempts_total{pool="api",pod_ip="10.0.0.1",status="failed"} 1',
    ],
  ],
  [
    "a status that is none",
    "||009||",
    ['gateway_responses_total{status="other"} 1', 'gateway_own_responses_total{status="009"} 1'],
  ],
] as const)
  test(`the metrics count ${what}`, () => {
    assert.deepEqual(metricsOf([line]), expected);
  });

const recorded = [
  "10.0.0.1:3000|200|200||0.012",
  "[fd00::1]:3000|504|504||-",
  "||200|HIT|",
  "api|502|503||-",
  "10.0.0.1:3000 : 10.0.0.2:3000, 10.0.0.3:3000|502 : 502, 200|200|FILL|- : -, 0.002",
];

for (const line of recorded)
  test(`the metrics count only the next line after ${line} was cut at any byte`, () => {
    for (const next of recorded)
      for (let length = 1; length <= line.length; length++)
        assert.deepEqual(
          metricsOf([`${line.slice(0, length)}>${next}`]),
          ["gateway_cut_log_lines_total 1", ...metricsOf([next])],
          line.slice(0, length),
        );
  });

test("the metrics count no line without its beginning, or with another address than a pod has", () => {
  for (const line of recorded)
    for (let length = 0; length < line.length; length++) {
      const text = render([...count(new Map([[line.slice(-length - 1), 2]]))], ["api"], "");
      assert.match(text, /^gateway_cut_log_lines_total 2$/m);
      assert.doesNotMatch(text, /pod_ip|status="." [1-9]/);
    }
  for (const address of [
    "10.0.0.1",
    "10.0.0.1:",
    "10.0.0:3000",
    "fd00::1:3000",
    ":3000",
    "unix:/x",
    "10.0.0.1:3000 :",
  ])
    assert.deepEqual(metricsOf([`${address}|200|200||0.001`]), ["gateway_cut_log_lines_total 1"], address);
});

test("the metrics add up lines that differ in their times, and put each into its bucket", () => {
  const lines = ["0.000", "0.001", "0.002", "2.500", "70.000"].map(
    (time) => `>10.0.0.1:3000|200|200||${time}`,
  );
  const sums = count(new Map(lines.map((line, index) => [line, index + 1])));
  const text = render([...sums], ["api"], "");
  const buckets = [...text.matchAll(/_bucket\{.*le="(.*)"\} (\d+)/g)].map(
    ([, end, value]) => `${end}: ${value}`,
  );
  assert.deepEqual(
    [buckets[0], buckets[1], buckets[9], buckets[10], buckets[12], buckets[13]],
    ["0.001: 3", "0.0025: 6", "1: 6", "2.5: 10", "10: 10", "+Inf: 15"],
  );
  assert.match(text, /seconds_sum\{.*\} 360\.008$/m);
  assert.match(text, /seconds_count\{.*\} 15$/m);
});

test("the metrics of a pod have an empty pool while the pool is not known", () => {
  const pool = (items: [string, number][]) =>
    /attempts_total\{pool="(.*?)"/.exec(render(items, ["api-blue", "api-green"], ""))?.[1];
  const attempt: [string, number] = ["a|10.0.0.1|2xx|0", 1];
  assert.equal(pool([attempt]), "");
  assert.equal(pool([attempt, ["i|10.0.0.1", 1]]), "api-green");
});

/** The page for counters, and the paths of its own requests. Each request to a pool finds the next of its addresses. */
async function pageOf(counters: Map<string, number>, pools: Record<string, readonly string[]>) {
  const dictionary = Object.assign(counters, { items: () => [...counters] });
  const asked: string[] = [];
  let body = "";
  Object.assign(globalThis, { ngx: { shared: { metrics: dictionary } } });
  try {
    await page.serve({
      headersOut: {},
      variables: { metrics_pools: Object.keys(pools).join(" ") },
      async subrequest(path) {
        asked.push(path);
        const addresses = Object.values(pools)[Number(path.slice("/pools/".length))] ?? [];
        const turn = asked.filter((each) => each === path).length;
        return { responseText: "", variables: { upstream_addr: addresses[turn % addresses.length] } };
      },
      return: (_, text) => {
        body = text;
      },
    });
  } finally {
    Object.assign(globalThis, { ngx: undefined });
  }
  return { body, asked };
}

test("the page forgets a pod without traffic for an hour, and asks for no pool that it knows", async () => {
  const now = Math.floor(Date.now() / 1000);
  const counters = new Map<string, number>();
  for (const [pod, age] of [
    ["10.0.0.1", 3700],
    ["10.0.0.2", 3500],
    ["10.0.0.3", 5],
  ] as const)
    for (const [key, value] of [
      [`a|${pod}|2xx|0`, 1],
      [`m|${pod}`, 1],
      [`r|${pod}`, 1],
      [`t|${pod}`, now - age],
      [`i|${pod}`, 1],
    ] as const)
      counters.set(key, value);
  const { body, asked } = await pageOf(counters, { "api-blue": [], "api-green": [] });
  assert.deepEqual([...new Set(body.match(/10\.0\.0\.\d/g))], ["10.0.0.2", "10.0.0.3"]);
  assert.equal(counters.size, 10);
  assert.deepEqual(asked, ["/connections"]);
});

test("the page learns the pools of new pods only, with a bounded number of requests", async () => {
  const now = Math.floor(Date.now() / 1000);
  const pods = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
  const counters = new Map(
    pods.flatMap((pod): [string, number][] => [
      [`a|${pod}|2xx|0`, 1],
      [`t|${pod}`, now],
    ]),
  );
  const known = { "api-blue": ["10.0.0.1:3000", "10.0.0.9:3000"], "api-green": ["10.0.0.2:3000"] };
  const { body, asked } = await pageOf(counters, known);
  const pools = [...body.matchAll(/attempts_total\{pool="(.*?)",pod_ip="(.*?)",status="2xx"/g)];
  assert.deepEqual(
    pools.map(([, pool, pod]) => `${pod} ${pool}`),
    ["10.0.0.1 api-blue", "10.0.0.2 api-green", "10.0.0.3 "],
  );
  assert.equal(counters.get("i|10.0.0.9"), undefined);
  assert.equal(asked.length, 41);
});

test("the page shows the counters when there is no room for the pool of a new pod", async () => {
  const counters = new Map([
    ["a|10.0.0.1|2xx|0", 1],
    ["t|10.0.0.1", Math.floor(Date.now() / 1000)],
  ]);
  counters.set = () => {
    throw new Error("SharedMemoryError");
  };
  const { body, asked } = await pageOf(counters, { "api-blue": ["10.0.0.1:3000"], "api-green": [] });
  assert.match(body, /attempts_total\{pool="",pod_ip="10\.0\.0\.1",status="2xx"\} 1/);
  assert.deepEqual(asked, ["/pools/0", "/connections"]);
});
