"use strict";
// Training curves of all rounds on one axis of optimizer steps, drawn by uPlot.
report.drawn = new Set();

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
      height: 190,
      scales: { x: { time: false } },
      series: [{ label: "step" }, { label: title, stroke: () => colour("--s0"), width: 1.5, spanGaps: true, points: { show: steps.length < 60 } }],
      axes: [axis(), { ...axis(), size: 62 }],
      hooks: { draw: [(drawn) => report.drawStarts(drawn, starts, colour("--muted"))] },
    },
    [steps, values],
    figure,
  );
  window.addEventListener("resize", () => plot.setSize({ width: width(), height: 190 }));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
};

// A line where each round begins.
report.drawStarts = function (plot, starts, colour) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.setLineDash([4, 4]);
  ctx.font = `${11 * devicePixelRatio}px sans-serif`;
  for (const { round, step } of starts) {
    const x = plot.valToPos(step, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(`round ${round}`, x + 4 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
  }
  ctx.restore();
};
