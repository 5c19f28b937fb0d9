// A unit that should remember, handed on from step to step through a mask.

function sequences(stage) {
  const { examples, most, knows } = stage.spec.data;
  let [seed, coins] = [3, []];

  function toss() {
    const source = new Coins(seed);
    seed += 1;
    coins = Array.from({ length: most }, () =>
      Array.from({ length: examples }, () => source.uniform()));
  }

  /** Values before the first and after each step: one row per step. */
  function paths(locked) {
    const { p, steps, passing } = stage.state;
    const rows = [new Array(examples).fill(1)];
    for (let t = 0; t < steps; t += 1) {
      const tossed = coins[locked ? 0 : t];
      rows.push(rows[t].map((h, i) => {
        const mask = tossed[i] >= p ? 1 / (1 - p) : 0;
        return Math.tanh(2 * h * (passing + (1 - passing) * mask));
      }));
    }
    return rows;
  }

  function shares(rows) {
    return rows.map((row) => row.filter((h) => h > knows).length / row.length);
  }

  function draw(pen) {
    const panels = pen.panels(2, 0, 300);
    const titles = [say("New coins at every step"), say("One mask each")];
    titles.forEach((title, k) => {
      const rows = paths(k === 1);
      const steps = rows.map((_, t) => t);
      const axes = pen.axes(panels[k], {
        x: [0, stage.state.steps], y: [-0.04, 1.04], title, xlabel: say("step"),
        ylabel: say("value of the unit"),
      });
      for (let i = 0; i < examples; i += 1) {
        axes.line(steps, rows.map((row) => row[i]), { color: "pale", width: 1 });
      }
      axes.line(steps, shares(rows), { color: "val", width: 3 });
      if (k === 0) {
        pen.key(axes, "bottom", [[say("thin: one example each"), "soft"],
          [say("thick: share that still knows"), "val"]], "right");
      }
    });
  }

  function describe() {
    const ends = [false, true].map((locked) => {
      const all = shares(paths(locked));
      return Math.round(100 * all[all.length - 1]);
    });
    return say("After {steps} steps {fresh} % still know with new coins at every step, and "
      + "{locked} % with one mask each.",
    { steps: stage.state.steps, fresh: ends[0], locked: ends[1] });
  }

  toss();
  return {
    height: (width) => (width >= 620 ? 300 : 600),
    draw, describe, paths, coins: () => coins,
    actions: [[say("Toss again"), toss]],
  };
}
