// Runs in the reader's browser: draws the curve from the JSON in the page. `page.ts` bundles this file.
import uPlot from "uplot";
import { css } from "../../loadtest/report/plot-marks.js";

const report = JSON.parse(document.getElementById("report").textContent);
const blue = "#3b82f6";
const amber = "#f59e0b";
const element = document.getElementById("capacity");

const whole = (value) => (value == null ? "–" : Math.round(value).toLocaleString("en-US"));
const axis = (more) => ({
  stroke: () => css("--soft"),
  grid: { stroke: () => css("--line"), width: 1 },
  ticks: { stroke: () => css("--line"), width: 1 },
  font: "12px system-ui, sans-serif",
  ...more,
});

const curve = report.scaling?.curve ?? [];
const searches = report.searches.filter(({ end }) => end === "found");
const wished = report.sizing?.needed ?? null;

/** Every x of the curve and of the searches. Several searches of one number of pods become several rows. */
const rounds = [...new Set(searches.map(({ round }) => round))];
const xs = [...new Set([...curve, ...searches].map(({ pods }) => pods))].sort((a, b) => a - b);
const curveAt = new Map(curve.map((point) => [point.pods, point]));
const series = [
  { label: "pods", value: (_, x) => (x == null ? "–" : String(Number(x.toFixed(2)))) },
  {
    label: "95 % up to",
    stroke: `${blue}66`,
    width: 1,
    points: { show: false },
    spanGaps: true,
    value: (_, y) => whole(y),
  },
  {
    label: "from",
    stroke: `${blue}66`,
    width: 1,
    points: { show: false },
    spanGaps: true,
    value: (_, y) => whole(y),
  },
  {
    label: "law",
    stroke: blue,
    width: 2,
    points: { show: false },
    spanGaps: true,
    value: (_, y) => whole(y),
  },
  {
    label: "wished",
    stroke: () => css("--bad"),
    width: 1.5,
    dash: [6, 4],
    points: { show: false },
    spanGaps: true,
    value: (_, y) => whole(y),
  },
  ...rounds.map((round) => ({
    label: `round ${round}`,
    stroke: amber,
    width: 0,
    points: { show: true, size: 8, stroke: amber, fill: `${amber}55` },
    value: (_, y) => whole(y),
  })),
];
const data = [
  xs,
  xs.map((pods) => curveAt.get(pods)?.high ?? null),
  xs.map((pods) => curveAt.get(pods)?.low ?? null),
  xs.map((pods) => curveAt.get(pods)?.value ?? null),
  xs.map(() => wished),
  ...rounds.map((round) =>
    xs.map((pods) => searches.find((search) => search.pods === pods && search.round === round)?.rate ?? null),
  ),
];

const size = () => ({ width: element.clientWidth, height: Math.min(380, window.innerHeight * 0.7) });
const last = xs.at(-1) ?? 1;
// The band of a curve that is hardly known would press everything else to the ground.
const tallest = Math.max(
  1,
  wished ?? 0,
  ...searches.map(({ rate }) => rate),
  ...curve.map(({ value }) => value),
);
const drawn = new uPlot(
  {
    ...size(),
    scales: { x: { time: false, range: [0.5, last + 0.5] }, y: { range: [0, tallest * 1.35] } },
    bands: [{ series: [1, 2], fill: `${blue}22` }],
    axes: [
      axis({
        values: (_, ticks) =>
          ticks.map((tick) => (Number.isInteger(tick) ? `${tick} ${tick === 1 ? "pod" : "pods"}` : "")),
      }),
      axis({ size: 80, values: (_, ticks) => ticks.map((tick) => `${whole(tick)} /s`) }),
    ],
    series,
  },
  data,
  element,
);
window.addEventListener("resize", () => drawn.setSize(size()));
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.redraw());
document.documentElement.dataset.plots = "1";
