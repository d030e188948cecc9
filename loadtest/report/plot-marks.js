// Runs in the reader's browser: marks that all plots over time share.

/** The value of a custom CSS property in the current colour scheme. */
export const css = (name, element = document.documentElement) =>
  getComputedStyle(element).getPropertyValue(name).trim();

/** A uPlot plugin: a band with the name for each scenario's measured part, and a line with its number for each event. */
export function timeMarks(report) {
  // Takes the colours from the table of events, so that both are the same.
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
    // A name does not fit into a narrow band.
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
    // Omits a number that would overlap the one before. The lines and the table have all events.
    if (from < freeFrom) continue;
    freeFrom = from + width + gap;
    ctx.fillStyle = color;
    ctx.fillText(number, from, bbox.top + bbox.height - gap);
  }
}
