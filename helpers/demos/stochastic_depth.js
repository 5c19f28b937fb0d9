// Stochastic depth tosses its coins: one row per example, one column per block.

function stochastic_depth(stage) {
  const { blocks, examples } = stage.spec.data;
  const FRAMES = 20; // between two tosses while it plays
  let [coins, runs, frames, counts, tosses] = [null, [], 0, [], 0];

  function rates() {
    return Array.from({ length: blocks }, (_, k) =>
      (stage.state.schedule === "linear" ? (k + 1) / blocks : 1) * stage.state.rate);
  }

  function restart() {
    coins = new Coins(5);
    [frames, tosses] = [0, 0];
    counts = new Array(blocks + 1).fill(0);
    toss();
  }

  function toss() {
    const shared = rates().map((rate) => coins.uniform() >= rate);
    runs = Array.from({ length: examples }, () =>
      rates().map((rate, k) => {
        const own = coins.uniform() >= rate;
        return stage.state.coins === "batch" ? shared[k] : own;
      }));
    tosses += 1;
    for (const row of runs) counts[depthOf(row)] += 1;
  }

  function depthOf(row) { return row.filter(Boolean).length; }

  /** Chances of exactly k blocks: one block after the other joins. */
  function distribution() {
    return rates().reduce((chances, rate) => {
      const next = new Array(chances.length + 1).fill(0);
      chances.forEach((chance, k) => {
        next[k] += chance * rate;
        next[k + 1] += chance * (1 - rate);
      });
      return next;
    }, [1]);
  }

  function draw(pen) {
    const [left, right] = pen.panels(2, 0, 310);
    const axes = pen.axes(left, {
      x: [0.5, blocks + 0.5], y: [examples + 0.5, 0.5],
      title: stage.state.coins === "batch" ? say("one coin per block: skipping saves time")
        : say("one coin per example and block: nothing is saved"),
      xlabel: say("block (filled: it runs)"), ylabel: say("example of the batch"),
    });
    const [w, h] = [axes.px(2) - axes.px(1), axes.py(2) - axes.py(1)];
    runs.forEach((row, i) => row.forEach((on, k) => {
      pen.fill(axes.px(k + 1) - w / 2 + 1, axes.py(i + 1) - h / 2 + 1, w - 2, h - 2,
        { color: on ? "accent" : "grid" });
    }));
    const seen = counts.reduce((a, b) => a + b, 0);
    const chances = distribution();
    const depths = pen.axes(right, {
      x: [-0.6, blocks + 0.6], y: [0, 1.15 * Math.max(...chances, ...counts.map((c) => c / seen))],
      title: say("depth of {seen} forward passes", { seen }), xlabel: say("blocks that run"),
      ylabel: say("share of passes"),
    });
    counts.forEach((count, k) => depths.bar(k, 0.8, count / seen, { color: "accent" }));
    depths.line(chances.map((_, k) => k), chances, { color: "val", dash: [6, 4] });
    chances.forEach((chance, k) => depths.dot(k, chance, { color: "val", radius: 3 }));
    pen.key(depths, "top", [[say("counted"), "accent"], [say("dots: theory"), "val"]]);
  }

  function describe() {
    const expected = rates().reduce((sum, rate) => sum + 1 - rate, 0);
    const now = runs.map(depthOf);
    return say("In this batch {min} to {max} of {blocks} blocks run; on average {expected} do. "
      + "At evaluation all {blocks} run.", {
        min: Math.min(...now), max: Math.max(...now), blocks,
        expected: expected.toFixed(1),
      });
  }

  restart();
  return {
    height: (width) => (width >= 620 ? 310 : 620),
    draw, describe, restart, distribution,
    advance() {
      frames = (frames + 1) % FRAMES;
      if (frames === 0) toss();
    },
    changed: restart,
    actions: [[say("Toss again"), toss]],
  };
}
