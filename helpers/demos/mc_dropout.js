// Is it right as often as it says? Confidence against accuracy, at any temperature.

function mc_dropout(stage) {
  const { methods } = stage.spec.data; // name -> {logits: numbers (N × K), labels: (N)}

  function probabilities() {
    const { logits, labels } = methods[stage.state.method];
    const classes = logits.length / labels.length;
    return labels.map((label, i) => {
      const z = logits.slice(i * classes, (i + 1) * classes).map((v) => v / stage.state.temperature);
      const top = Math.max(...z);
      const e = z.map((v) => Math.exp(v - top));
      const sum = e.reduce((a, b) => a + b, 0);
      const best = e.indexOf(Math.max(...e));
      return { confidence: e[best] / sum, right: best === label, own: e[label] / sum };
    });
  }

  /** Bins (k/n, (k+1)/n], as the calibration error has them. */
  function binned(cases) {
    const n = stage.state.bins;
    const found = Array.from({ length: n }, () => ({ count: 0, confidence: 0, right: 0 }));
    for (const { confidence, right } of cases) {
      const bin = found[Math.max(0, Math.ceil(confidence * n - 1e-9) - 1)];
      bin.count += 1;
      bin.confidence += confidence;
      bin.right += right ? 1 : 0;
    }
    return found;
  }

  function error(bins, total) {
    return bins.reduce((sum, b) => sum + Math.abs(b.right - b.confidence), 0) / total;
  }

  function draw(pen) {
    const cases = probabilities();
    const bins = binned(cases);
    const [left, right] = pen.panels(2, 0, 330);
    const axes = pen.axes(left, {
      x: [0, 1], y: [0, 1], title: say("calibration error {error} %", {
          error: (100 * error(bins, cases.length)).toFixed(1),
        }),
      xlabel: say("confidence"), ylabel: say("share right"),
    });
    const n = bins.length;
    bins.forEach((bin, k) => {
      if (!bin.count) return;
      const [middle, share] = [(k + 0.5) / n, bin.right / bin.count];
      axes.bar(middle, 0.92 / n, share, { color: "accent" });
      const gap = bin.confidence / bin.count;
      axes.line([middle - 0.46 / n, middle + 0.46 / n], [gap, gap], { color: "val", width: 3 });
    });
    axes.line([0, 1], [0, 1], { color: "ink", dash: [5, 4], width: 1.4 });
    pen.key(axes, "top", [[say("bars: share right"), "accent"], [say("lines: mean confidence"), "val"]]);
    const most = Math.max(...bins.map((b) => b.count)) / cases.length;
    const counts = pen.axes(right, {
      x: [0, 1], y: [0, most * 1.1], title: say("how often it says so"), xlabel: say("confidence"),
      ylabel: say("share of images"),
    });
    bins.forEach((bin, k) => counts.bar((k + 0.5) / n, 0.92 / n, bin.count / cases.length, { color: "pale" }));
  }

  function describe() {
    const cases = probabilities();
    const right = cases.filter((c) => c.right).length / cases.length;
    const said = cases.reduce((sum, c) => sum + c.confidence, 0) / cases.length;
    const nll = -cases.reduce((sum, c) => sum + Math.log(c.own), 0) / cases.length;
    return say("It says {said} % on average and is right {right} % of the time; likelihood loss "
      + "{nll} nats.", {
        said: (100 * said).toFixed(1), right: (100 * right).toFixed(1),
        nll: nll.toFixed(3),
      });
  }

  return {
    height: (width) => (width >= 620 ? 330 : 660),
    draw, describe, probabilities, binned, error,
  };
}
