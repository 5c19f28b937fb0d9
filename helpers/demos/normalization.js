// What does a BatchNorm receive with dropout in front of it, and without?

function normalization(stage) {
  const { x, weights } = stage.spec.data; // activations (n × d), weights (d)
  const [d, n] = [weights.length, x.length / weights.length];

  /** Uniform numbers in [0, 1), the same ones at every look. */
  const coins = (() => {
    let state = 12345;
    return x.map(() => {
      state = (1664525 * state + 1013904223) % 4294967296;
      return state / 4294967296;
    });
  })();

  function sums(training) {
    const { p, units } = stage.state;
    return Array.from({ length: n }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < units; j += 1) {
        const kept = !training || coins[i * d + j] >= p;
        if (kept) sum += weights[j] * x[i * d + j] / (training ? 1 - p : 1);
      }
      return sum;
    });
  }

  function variance(values) {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  }

  /** The exact ratio, over all masks. */
  function shift() {
    const { p, units } = stage.state;
    let noise = 0;
    for (let j = 0; j < units; j += 1) {
      let square = 0;
      for (let i = 0; i < n; i += 1) square += x[i * d + j] ** 2;
      noise += weights[j] ** 2 * square / n;
    }
    return 1 + (p / (1 - p)) * noise / variance(sums(false));
  }

  function draw(pen) {
    const [quiet, tossing] = [sums(false), sums(true)];
    const all = quiet.concat(tossing);
    const [low, high] = [Math.min(...all), Math.max(...all) + 1e-9];
    const [bins, width] = [24, (high - low) / 24];
    const count = (values) => {
      const found = new Array(bins).fill(0);
      values.forEach((v) => { found[Math.min(bins - 1, Math.floor((v - low) / width))] += 1 / n; });
      return found;
    };
    const [a, b] = [count(quiet), count(tossing)];
    const most = 1.1 * Math.max(...a, ...b);
    const panels = pen.panels(2, 0, 300);
    const names = [[say("evaluation: dropout off"), a, "accent"], [say("training: dropout on"), b, "val"]];
    names.forEach(([title, share, color], k) => {
      const axes = pen.axes(panels[k], {
        x: [low, high], y: [0, most], title, xlabel: say("input of the BatchNorm"),
        ylabel: say("share of examples"),
      });
      share.forEach((v, i) => axes.bar(low + (i + 0.5) * width, 0.95 * width, v, { color }));
    });
  }

  function describe() {
    return say("In training the variance is {ratio} times that at evaluation; the mean is the "
      + "same.", { ratio: shift().toFixed(2) });
  }

  return {
    height: (width) => (width >= 620 ? 300 : 600),
    draw, describe, sums, variance, shift,
  };
}
