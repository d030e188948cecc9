// Runs in the reader's browser: draws the plots from the JSON in the page. `page.ts` bundles this file.
import uPlot from "uplot";
import { css, timeMarks } from "./plot-marks.js";

const report = JSON.parse(document.getElementById("report").textContent);
const palette = ["#3b82f6", "#f59e0b", "#10b981", "#ec4899", "#8b5cf6", "#14b8a6", "#ef4444", "#84cc16"];
const color = (at) => palette[at % palette.length];
const plots = [];

const milliseconds = (value) =>
  value == null ? "–" : `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
const count = (value) => (value == null ? "–" : Math.round(value).toLocaleString("en-US"));
const seconds = (value) => (value == null ? "–" : `${value.toFixed(1)} s`);
const mebibytes = (value) => (value == null ? "–" : `${value.toFixed(1)} MiB`);

function axis(more) {
  return {
    stroke: () => css("--soft"),
    grid: { stroke: () => css("--line"), width: 1 },
    ticks: { stroke: () => css("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
    ...more,
  };
}

function plot(element, options, data, height = 260) {
  const size = () => ({ width: element.clientWidth, height: Math.min(height, window.innerHeight * 0.7) });
  const drawn = new uPlot({ ...size(), ...options }, data, element);
  plots.push({ drawn, size });
}

const lastSecond = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
const time = {
  scales: { x: { time: false, range: [0, lastSecond] } },
  cursor: { sync: { key: "time" } },
  plugins: [timeMarks(report)],
};
const timeAxis = () => axis({ values: (_, ticks) => ticks.map((tick) => `${tick} s`) });
const fromZero = (_, __, max) => [0, max > 0 ? max * 1.15 : 1];

function percentiles() {
  // Of a repeated scenario, its last turn.
  const loads = report.scenarios.filter(({ turn }) => !turn || turn.number === turn.total);
  const longest = loads.reduce((most, load) => Math.max(most, load.latency.curve.length), 0);
  const curves = loads.map((load) => load.latency.curve);
  const grid = (curves.find((curve) => curve.length === longest) ?? []).map(
    (point) => 100 / (100 - point.percentile),
  );
  const percent = (x) => `${Number((100 * (1 - 1 / x)).toFixed(4))} %`;
  const wholeNines = (_, ticks) => ticks.map((tick) => (Number.isInteger(Math.log10(tick)) ? tick : null));
  plot(
    document.getElementById("percentiles"),
    {
      // Space for half of the last label.
      padding: [null, 38, null, null],
      scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
      axes: [
        axis({
          grid: { stroke: () => css("--line"), width: 1, filter: wholeNines },
          ticks: { show: false },
          values: (_, ticks) => wholeNines(_, ticks).map((tick) => (tick === null ? "" : percent(tick))),
        }),
        axis({
          size: 70,
          values: (_, ticks) =>
            ticks.map((tick) => (/^[1-9]0*$|^0?\.0*[125]$/.test(String(tick)) ? `${tick} ms` : "")),
        }),
      ],
      series: [
        { label: "within", value: (_, x) => (x == null ? "–" : percent(x)) },
        ...loads.map((load, at) => ({
          label: load.scenario,
          stroke: color(at),
          width: 2,
          points: { show: false },
          value: (_, ms) => milliseconds(ms),
        })),
      ],
    },
    [grid, ...curves.map((curve) => grid.map((_, at) => curve[at]?.ms ?? null))],
    320,
  );
}

/** One x axis for all scenarios, with a gap between two of them so that their lines do not join. */
function overTime(...picks) {
  const points = report.scenarios.flatMap((load) => [
    ...load.seconds.map((second) => ({ x: load.startSecond + second.second, second })),
    { x: load.startSecond + load.durationSeconds + 0.2, second: undefined },
  ]);
  return [
    points.map((point) => point.x),
    ...picks.map((pick) => points.map(({ second }) => (second ? pick(second) : null))),
  ];
}

function latencyOverTime() {
  plot(
    document.getElementById("latency"),
    {
      ...time,
      scales: { ...time.scales, y: { range: fromZero } },
      axes: [timeAxis(), axis({ size: 70, values: (_, ticks) => ticks.map((tick) => `${tick} ms`) })],
      series: [
        { label: "after", value: (_, x) => seconds(x) },
        { label: "p50", stroke: color(0), width: 2, value: (_, ms) => milliseconds(ms) },
        { label: "p99", stroke: color(1), width: 2, value: (_, ms) => milliseconds(ms) },
      ],
    },
    overTime(
      (second) => second.p50Ms,
      (second) => second.p99Ms,
    ),
  );
}

function throughputOverTime() {
  plot(
    document.getElementById("throughput"),
    {
      ...time,
      scales: { ...time.scales, y: { range: fromZero } },
      axes: [timeAxis(), axis({ size: 70, values: (_, ticks) => ticks.map(count) })],
      series: [
        { label: "after", value: (_, x) => seconds(x) },
        { label: "answers/s", stroke: color(2), fill: `${color(2)}22`, width: 2, value: (_, n) => count(n) },
        { label: "failed/s", stroke: () => css("--bad"), width: 2, value: (_, n) => count(n) },
      ],
    },
    overTime(
      (second) => second.requestsPerSecond,
      (second) => second.failed,
    ),
  );
}

function memory() {
  const workloads = [...new Set(report.pods.map((pod) => pod.workload))];
  for (const workload of workloads) {
    const pods = report.pods.filter((pod) => pod.workload === workload);
    const title = document.createElement("h3");
    title.textContent = workload;
    const element = document.createElement("div");
    element.className = "plot";
    document.getElementById("memory").append(title, element);
    const mib = (bytes) => bytes / 1024 ** 2;
    const limit = mib(pods[0].memoryLimitBytes);
    const tables = pods.map((pod) => [
      pod.memory.map((sample) => Math.max(0, sample.second)),
      pod.memory.map((sample) => mib(sample.bytes)),
    ]);
    const ends = [
      [0, lastSecond],
      [limit, limit],
    ];
    plot(
      element,
      {
        ...time,
        scales: { ...time.scales, y: { range: fromZero } },
        axes: [timeAxis(), axis({ size: 70, values: (_, ticks) => ticks.map((tick) => `${tick} MiB`) })],
        series: [
          { label: "after", value: (_, x) => seconds(x) },
          {
            label: "limit",
            stroke: () => css("--bad"),
            width: 1.5,
            dash: [6, 4],
            spanGaps: true,
            points: { show: false },
            value: () => mebibytes(limit),
          },
          ...pods.map((pod, at) => ({
            label: pod.name,
            stroke: color(at),
            width: 2,
            spanGaps: true,
            points: { show: true, size: 4 },
            value: (_, x) => mebibytes(x),
          })),
        ],
      },
      uPlot.join([ends, ...tables].map((columns) => distinct(columns))),
      200,
    );
  }
}

/** uPlot joins tables by x, which must increase. Two samples at the same time become one. */
function distinct([xs, ys]) {
  const kept = xs.map((x, at) => at === 0 || x > xs[at - 1]);
  return [xs.filter((_, at) => kept[at]), ys.filter((_, at) => kept[at])];
}

percentiles();
latencyOverTime();
throughputOverTime();
memory();
window.addEventListener("resize", () => {
  for (const { drawn, size } of plots) drawn.setSize(size());
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const { drawn } of plots) drawn.redraw();
});
document.documentElement.dataset.plots = String(plots.length);
