"use strict";
// Training curves of all rounds on one axis of optimizer steps, drawn by uPlot.
report.drawn = new Set();
report.CURVE_HEIGHT = 170;

report.drawCurves = function (run) {
  const box = document.querySelector(`[data-curves="run-${run}"]`);
  if (!box || report.drawn.has(run)) return;
  report.drawn.add(run);
  const { columns, starts } = report.index.runs[run].curves;
  const titles = { loss: "loss", gradient_norm: "gradient norm", lr: "learning rate", tokens_per_second: "tokens per second" };
  for (const [name, title] of Object.entries(titles)) {
    if (columns[name] && columns[name].some((value) => value !== null)) {
      report.drawCurve(box, { title, steps: columns.step, values: columns[name], starts });
    }
  }
};

report.drawCurve = function (box, { title, steps, values, starts }) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const figure = report.element("figure", "curve", null, report.element("figcaption", "", title));
  box.append(figure);
  const width = () => Math.max(260, figure.clientWidth);
  const axis = () => ({ stroke: () => colour("--muted"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false } });
  const plot = new uPlot(
    {
      width: width(),
      height: report.CURVE_HEIGHT,
      scales: { x: { time: false } },
      series: [{ label: "step" }, { label: title, value: (_, value) => report.tickText(value ?? null), stroke: () => colour("--s0"), width: 1.5, spanGaps: true, points: { show: steps.length < 60 } }],
      padding: [18, null, null, null], // room for the labels of the rounds
      axes: [{ ...axis(), size: 30 }, { ...axis(), size: 62, values: (_, ticks) => ticks.map(report.tickText) }],
      hooks: { draw: [(drawn) => report.drawStarts(drawn, starts, colour("--muted"))] },
    },
    [steps, values],
    figure,
  );
  window.addEventListener("resize", () => plot.setSize({ width: width(), height: report.CURVE_HEIGHT }));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
};

// A number of any size with few digits: 0.0002 stays 0.0002.
report.tickText = function (value) {
  if (value === null) return "";
  const size = Math.abs(value);
  return size > 0 && size < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(4)));
};

// A line where each round begins, labelled above the plot where the labels do not overlap.
report.drawStarts = function (plot, starts, colour) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.setLineDash([4, 4]);
  ctx.font = `${11 * devicePixelRatio}px sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  let free = 0;
  for (const { round, step } of starts) {
    const x = plot.valToPos(step, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const label = `round ${round}`;
    if (x < free) continue;
    ctx.fillText(label, x, bbox.top - 3 * devicePixelRatio);
    free = x + ctx.measureText(label).width + 6 * devicePixelRatio;
  }
  ctx.restore();
};
