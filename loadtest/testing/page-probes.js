// Runs in the browser that tests the report: functions that inspect the page and return plain data.

/** The painted share of each plot's canvas, and the share of its height that each event's line covers. */
globalThis.plotProbes = () => {
  const report = JSON.parse(document.getElementById("report").textContent);
  const lastSecond = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
  const rows = [...document.querySelectorAll("#events tbody tr")];
  const colors = rows.map((row) => rgb(getComputedStyle(row.querySelector("td")).color));
  return [...document.querySelectorAll(".plot")].map((plot) => {
    const canvas = plot.querySelector("canvas");
    if (!canvas) return { id: plot.id, painted: 0, marks: [] };
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let painted = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] > 0) painted++;
    const area = relative(plot.querySelector(".u-over"), canvas);
    const marks = report.events.map(({ second }, at) => {
      const x = area.left + (second / lastSecond) * area.width;
      return Math.max(...[-1, 0, 1].map((off) => share(data, width, area, Math.round(x) + off, colors[at])));
    });
    return { id: plot.id, painted: painted / (width * height), marks };
  });
};

/** Width of the page beyond the screen in CSS pixels, and the count of tables that scroll inside their box. */
globalThis.widthProbes = () => ({
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  scrolling: [...document.querySelectorAll(".table")].filter((box) => box.scrollWidth > box.clientWidth)
    .length,
});

/** Brightness of a CSS colour of the page's body, 0 … 255. */
globalThis.brightness = (property) => {
  const [red, green, blue] = rgb(getComputedStyle(document.body)[property]);
  return 0.3 * red + 0.59 * green + 0.11 * blue;
};

/** Parses a text as XML with the browser's parser. @returns the error, if any, and the names of the test cases */
globalThis.parseJunit = (text) => {
  const xml = new DOMParser().parseFromString(text, "application/xml");
  return {
    error: xml.querySelector("parsererror")?.textContent ?? null,
    names: [...xml.querySelectorAll("testcase")].map((each) => each.getAttribute("name")),
  };
};

function rgb(color) {
  return color.match(/[\d.]+/g).map(Number);
}

/** The plotting area in canvas pixels. */
function relative(over, canvas) {
  const inner = over.getBoundingClientRect();
  const outer = canvas.getBoundingClientRect();
  const scale = canvas.width / outer.width;
  return {
    left: (inner.left - outer.left) * scale,
    top: Math.round((inner.top - outer.top) * scale),
    width: inner.width * scale,
    height: Math.round(inner.height * scale),
  };
}

/** The share of a column of pixels that has a colour. */
function share(data, width, area, x, [red, green, blue]) {
  let count = 0;
  for (let y = area.top; y < area.top + area.height; y++) {
    const at = (y * width + x) * 4;
    const far = Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue);
    if (far < 40 && data[at + 3] > 200) count++;
  }
  return count / area.height;
}
