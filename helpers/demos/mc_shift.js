// The pictures change, the temperature does not: who stays as sure as it may be?

function mc_shift(stage) {
  const { side, shown, kinds } = stage.spec.data;
  // kinds: name -> [{name, images: base64, methods: {name: {count, confidence, right}}}]
  const colors = ["accent", "other", "val", "test"];

  function levels() { return kinds[stage.state.kind]; }

  function now() { return levels()[stage.state.level]; }

  /** Expected calibration error of one method at one level, 0 … 1. */
  function error({ count, confidence, right }) {
    const total = count.reduce((a, b) => a + b, 0);
    return count.reduce((sum, n, k) => sum + (n ? n * Math.abs(right[k] - confidence[k]) : 0), 0)
      / total;
  }

  /** Share of all answers that are right, and mean confidence. */
  function whole({ count, confidence, right }) {
    const total = count.reduce((a, b) => a + b, 0);
    const mean = (values) => count.reduce((s, n, k) => s + (n ? n * values[k] : 0), 0) / total;
    return { right: mean(right), confidence: mean(confidence) };
  }

  function strip(pen, top) {
    const size = Math.min(64, (pen.width - 8) / shown - 4);
    const pixels = bytes(now().images);
    for (let i = 0; i < shown; i++) {
      const one = pixels.subarray(i * side * side, (i + 1) * side * side);
      drawGray(pen, one, side, 4 + i * (size + 4), top, size);
    }
  }

  function diagram(pen, box) {
    const bins = now().methods[stage.state.method];
    const axes = pen.axes(box, {
      x: [0, 1], y: [0, 1], xlabel: say("confidence"), ylabel: say("share right"),
      title: stage.state.method,
    });
    const n = bins.count.length;
    bins.count.forEach((count, k) => {
      if (!count) return;
      const middle = (k + 0.5) / n;
      axes.bar(middle, 0.92 / n, bins.right[k], { color: "accent" });
      const ends = [middle - 0.46 / n, middle + 0.46 / n];
      axes.line(ends, [bins.confidence[k], bins.confidence[k]], { color: "val", width: 3 });
    });
    axes.line([0, 1], [0, 1], { color: "ink", dash: [5, 4], width: 1.4 });
    pen.key(axes, "top", [[say("bars: share right"), "accent"], [say("lines: mean confidence"), "val"]]);
  }

  function errors(pen, box) {
    const names = Object.keys(now().methods);
    const rows = names.map((name) => levels().map((level) => 100 * error(level.methods[name])));
    const places = levels().map((_, k) => k);
    const axes = pen.axes(box, {
      x: [0, places.length - 1], y: [0, 1.1 * Math.max(...rows.flat())],
      xlabel: say("level of the shift"), ylabel: say("calibration error (%)"),
      title: now().name,
    });
    rows.forEach((row, m) => {
      const color = colors[m % colors.length];
      axes.line(places, row, { color, width: names[m] === stage.state.method ? 3 : 1.5 });
      axes.dot(stage.state.level, row[stage.state.level], { color, radius: 5 });
    });
    pen.key(axes, "top", names.map((name, m) => [name, colors[m % colors.length]]));
  }

  function draw(pen) {
    strip(pen, 4);
    const [left, right] = pen.panels(2, 80, 320);
    diagram(pen, left);
    errors(pen, right);
  }

  function describe() {
    const bins = now().methods[stage.state.method];
    const { right, confidence } = whole(bins);
    return say("{level}: {method} is {confidence} % sure on average and right {right} % of the "
      + "time; calibration error {error} %.", {
        level: now().name, method: stage.state.method, right: (100 * right).toFixed(1),
        confidence: (100 * confidence).toFixed(1), error: (100 * error(bins)).toFixed(1),
      });
  }

  return {
    height: (width) => (width >= 620 ? 400 : 720),
    draw, describe, error,
  };
}
