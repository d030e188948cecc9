// Runs in the reader's browser: what the plots over time have in common beside their lines.

/** A custom property's value in the reader's colour scheme. */
export const css = (name, element = document.documentElement) =>
  getComputedStyle(element).getPropertyValue(name).trim();

/** A plugin for uPlot: each scenario's measured part as a band with its name, each event as a line with its number. */
export function timeMarks(report) {
  // The table of events knows their colours, so that both say the same.
  const rows = [...document.querySelectorAll("#events tbody tr")];
  return {
    hooks: {
      drawClear: (u) => {
        u.ctx.save();
        u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
        bands(u, report.scenarios);
        u.ctx.restore();
      },
      draw: (u) => {
        u.ctx.save();
        u.ctx.font = `600 ${11 * devicePixelRatio}px system-ui, sans-serif`;
        lines(
          u,
          report.events.map(({ second }, at) => ({ second, color: css("--mark", rows[at]) })),
        );
        u.ctx.restore();
      },
    },
  };
}

function position(u, second) {
  const { left, width } = u.bbox;
  return Math.min(Math.max(u.valToPos(second, "x", true), left), left + width);
}

function bands(u, scenarios) {
  const { ctx, bbox } = u;
  const pad = 4 * devicePixelRatio;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  for (const { scenario, startSecond, durationSeconds } of scenarios) {
    const from = position(u, startSecond);
    const width = position(u, startSecond + durationSeconds) - from;
    ctx.fillStyle = css("--band");
    ctx.fillRect(from, bbox.top, width, bbox.height);
    // A name squeezed into a sliver is a smear.
    if (ctx.measureText(scenario).width * 0.7 > width - 2 * pad) continue;
    ctx.fillStyle = css("--soft");
    ctx.fillText(scenario, from + pad, bbox.top + pad, width - 2 * pad);
  }
}

function lines(u, events) {
  const { ctx, bbox } = u;
  const gap = 2 * devicePixelRatio;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.lineWidth = devicePixelRatio;
  let freeFrom = Number.NEGATIVE_INFINITY;
  for (const [at, { second, color }] of events.entries()) {
    const x = Math.round(position(u, second)) + 0.5;
    ctx.strokeStyle = color;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const number = String(at + 1);
    const { width } = ctx.measureText(number);
    const right = x + gap + width <= bbox.left + bbox.width;
    const from = right ? x + gap : x - gap - width;
    // Of numbers that would lie on each other the first is kept; the lines and the table have them all.
    if (from < freeFrom) continue;
    freeFrom = from + width + gap;
    ctx.fillStyle = color;
    ctx.fillText(number, from, bbox.top + bbox.height - gap);
  }
}
