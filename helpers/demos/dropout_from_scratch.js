// Dropout on a small network: who is there, what one layer passes on, and its mean.

function dropout_from_scratch(stage) {
  const widths = stage.spec.data.widths; // units per layer
  const before = stage.spec.data.activations; // of the first hidden layer
  const modes = { training: say("training"), evaluation: say("evaluation") };
  const FRAMES = 24; // between two masks while it plays
  let [coins, masks, frames, drawn, total] = [null, [], 0, 0, []];

  function restart() {
    coins = new Coins(11);
    [frames, drawn] = [0, 0];
    total = before.map(() => 0);
    toss();
  }

  function toss() {
    const { mode, rate } = stage.state;
    masks = widths.map((width, k) => Array.from({ length: width }, () => {
      const hidden = k > 0 && k < widths.length - 1;
      const coin = coins.uniform();
      return !(hidden && mode === "training" && coin < rate);
    }));
    drawn += 1;
    after().forEach((value, i) => { total[i] += value; });
  }

  function factor() {
    const { mode, rate, form } = stage.state;
    if (form === "inverted") return mode === "training" && rate < 1 ? 1 / (1 - rate) : 1;
    return mode === "training" ? 1 : 1 - rate;
  }

  function after() {
    return before.map((value, i) => (masks[1][i] ? value * factor() : 0));
  }

  function advance() {
    frames = (frames + 1) % FRAMES;
    if (frames === 0) toss();
  }

  function draw(pen) {
    const [left, right] = pen.panels(2, 0, 300);
    drawNetwork(pen, left);
    drawLayer(pen, right);
  }

  function drawNetwork(pen, box) {
    const place = (k, i) => [
      box.x + 40 + ((box.w - 80) * k) / (widths.length - 1),
      box.y + 36 + ((box.h - 76) * (i + 0.5 + (Math.max(...widths) - widths[k]) / 2))
        / Math.max(...widths),
    ];
    const there = masks.slice(1, -1).flat();
    const count = there.filter(Boolean).length;
    pen.text(say("{mode}: {count} of {there} hidden units are there", {
        mode: modes[stage.state.mode], count, there: there.length,
      }),
      box.x + box.w / 2, box.y + 16, { bold: true, align: "center" });
    for (let k = 0; k + 1 < widths.length; k++) {
      masks[k].forEach((a, i) => masks[k + 1].forEach((b, j) => {
        if (a && b) pen.line([place(k, i), place(k + 1, j)], { color: "pale", width: 0.8 });
      }));
    }
    masks.forEach((row, k) => row.forEach((on, i) => {
      const [x, y] = place(k, i);
      if (on) pen.dot(x, y, { radius: 9, color: "accent", edge: "ink" });
      else {
        pen.dot(x, y, { radius: 8, color: "soft", hollow: true });
        pen.line([[x - 5, y - 5], [x + 5, y + 5]], { color: "soft" });
        pen.line([[x - 5, y + 5], [x + 5, y - 5]], { color: "soft" });
      }
    }));
    [say("input"), say("hidden 1"), say("hidden 2"), say("output")].forEach((words, k) => {
      pen.text(words, place(k, 0)[0], box.y + box.h - 12, { align: "center", color: "soft" });
    });
  }

  function drawLayer(pen, box) {
    const now = after();
    const highest = Math.max(2.8, ...now) * 1.1;
    const axes = pen.axes(box, {
      x: [0.4, before.length + 0.6], y: [0, highest],
      title: say("units that are there: times {factor}", { factor: Number(factor().toFixed(2)) }),
      xlabel: say("unit of hidden 1"), ylabel: say("activation"),
    });
    before.forEach((value, i) => axes.bar(i + 1, 0.8, value, { color: "pale" }));
    now.forEach((value, i) => axes.bar(i + 1, 0.42, value, { color: "accent" }));
    const ends = [0.4, before.length + 0.6];
    const lines = [
      [mean(before), "ink", [7, 4], say("mean before")],
      [mean(now), "accent", [], say("mean now")],
      [mean(total) / drawn, "val", [2, 3], say("mean of {drawn} masks", { drawn })],
    ];
    lines.forEach(([value, color, dash]) => {
      axes.line(ends, [value, value], { color, dash });
    });
    pen.key(axes, "top", lines.map(([, color, , words]) => [words, color]), "right");
  }

  function mean(values) { return values.reduce((a, b) => a + b, 0) / values.length; }

  function describe() {
    const now = after();
    return say("In {mode} the layer's mean is {mean}; before dropout it is {mean2}; over "
      + "{drawn} {masks} it is {mean3}.", {
        mode: modes[stage.state.mode], mean: mean(now).toFixed(2),
        mean2: mean(before).toFixed(2), drawn, masks: drawn === 1 ? say("mask") : say("masks"),
        mean3: (mean(total) / drawn).toFixed(2),
      });
  }

  restart();
  return {
    height: (width) => (width >= 620 ? 300 : 600),
    draw, describe, advance, restart,
    changed: restart,
    actions: [[say("Another mask"), toss]],
  };
}
