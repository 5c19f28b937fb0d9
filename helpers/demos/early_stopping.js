// A training run played back: where early stopping would end it, and what it would keep.

function early_stopping(stage) {
  const { train, val, accuracy } = stage.spec.data; // one number per look
  let now = 1;

  /** Walk along the looks as the callback does. */
  function decide() {
    const { patience, delta, watched } = stage.state;
    const values = watched === "loss" ? val : accuracy.map((a) => -a);
    let [best, kept, waited, stop] = [Infinity, 0, 0, 0];
    for (let k = 0; k < values.length; k++) {
      if (values[k] < best - delta) [best, kept, waited] = [values[k], k, 0];
      else waited += 1;
      if (waited >= patience) { stop = k + 1; break; }
    }
    return { kept: kept + 1, stop };
  }

  function draw(pen) {
    const { kept, stop } = decide();
    const looks = train.map((_, k) => k + 1);
    const [left, right] = pen.panels(2, 0, 300);
    const highest = Math.max(...val, ...train) * 1.05;
    const axes = pen.axes(left, {
      x: [0, looks.length], y: [0, highest], title: "loss (nats)", xlabel: "epoch",
    });
    const lower = Math.floor(10 * Math.min(...accuracy)) / 10;
    const scores = pen.axes(right, {
      x: [0, looks.length], y: [lower, Math.min(1, Math.max(...accuracy) + 0.05)],
      title: "validation accuracy", xlabel: "epoch",
    });
    const seen = (values) => values.slice(0, now);
    axes.line(looks, train, { color: "pale", width: 1.2 });
    axes.line(looks, val, { color: "pale", width: 1.2 });
    axes.line(seen(looks), seen(train), { color: "train" });
    axes.line(seen(looks), seen(val), { color: "val", dash: [6, 4] });
    scores.line(looks, accuracy, { color: "pale", width: 1.2 });
    scores.line(seen(looks), seen(accuracy), { color: "val", dash: [6, 4] });
    for (const [panel, values] of [[axes, val], [scores, accuracy]]) {
      const ends = panel.y;
      if (stop && now >= stop) panel.line([stop, stop], ends, { color: "ink", dash: [2, 3] });
      if (now >= kept) panel.dot(kept, values[kept - 1], { color: "test", radius: 6, edge: "ink" });
    }
    pen.text("training", axes.box.right - 6, axes.box.top + 14, { color: "train", align: "right" });
    pen.text("validation", axes.box.right - 6, axes.box.top + 30, { color: "val", align: "right" });
    pen.text("dotted: stops; dot: kept", scores.box.right - 6, scores.box.bottom - 8, { align: "right" });
  }

  function describe() {
    const { kept, stop } = decide();
    const last = accuracy[accuracy.length - 1];
    const end = stop ? `It stops after epoch ${stop} and keeps` : "It never stops; it would keep";
    return `${end} epoch ${kept}: ${percent(accuracy[kept - 1])} right, `
      + `against ${percent(last)} after the last epoch.`;
  }

  function percent(share) { return `${(100 * share).toFixed(1)} %`; }

  return {
    height: (width) => (width >= 620 ? 300 : 600),
    draw, describe, decide,
    changed() { now = train.length; },
    restart() { now = 1; },
    advance() {
      now = Math.min(train.length, now + Math.max(1, Math.round(train.length / 240)));
      return now < train.length;
    },
  };
}
