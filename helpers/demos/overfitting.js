// One network trained on a noisy sine for up to a million epochs, at any epoch at once.
//
// Its answers are linear in the targets: an answer to the sine plus the noise's size
// times an answer to the noise. Both were computed by torch and come with the page.

function overfitting(stage) {
  const { grid, x, shape, answers, epochs } = stage.spec.data;
  const SLOW = 5; // frames per epoch shown
  const points = grid.length + x.length;
  const tables = Object.fromEntries(
    Object.entries(answers).map(([width, text]) => [width, floats(text)]));
  let frames = 0;

  const sine = (at) => Math.sin(2 * Math.PI * at);
  const targets = () => x.map((at, i) => sine(at) + stage.state.noise * shape[i]);

  /** What the network says after one of the epochs: on the grid, and at the points. */
  function says(row) {
    const table = tables[stage.state.width];
    const half = epochs.length * points;
    const all = Array.from({ length: points }, (_, i) =>
      table[row * points + i] + stage.state.noise * table[half + row * points + i]);
    return [all.slice(0, grid.length), all.slice(grid.length)];
  }

  function square(values) { return values.reduce((sum, v) => sum + v * v, 0) / values.length; }

  /** Training error, and expected test error: to the truth, plus the noise. */
  function errors() {
    const y = targets();
    return epochs.map((_, row) => {
      const [curve, at] = says(row);
      return {
        train: square(at.map((v, i) => v - y[i])),
        test: square(curve.map((v, i) => v - sine(grid[i]))) + stage.state.noise ** 2,
      };
    });
  }

  function draw(pen) {
    const [left, right] = pen.panels(2, 0, 320);
    const [found, now] = [errors(), epochs.indexOf(stage.state.epochs)];
    const axes = pen.axes(left, {
      x: [0, 1], y: [-2.4, 2.4], xlabel: "x", ylabel: "y",
      title: say("{width} units after {words}", {
          width: stage.state.width, words: words(stage.state.epochs),
        }),
    });
    axes.line(grid, grid.map(sine), { color: "soft", dash: [6, 4] });
    axes.line(grid, says(now)[0], { color: "train", width: 2.5 });
    targets().forEach((y, i) => axes.dot(x[i], y, { radius: 3.5 }));
    pen.key(axes, "bottom", [[say("the network"), "train"], [say("truth"), "soft"]]);
    const best = lowest(found);
    const curves = pen.axes(right, {
      x: [1, 1e6], y: [1e-4, 10], log: true, logx: true, xlabel: say("epochs (log scale)"),
      ylabel: say("mean squared error"), title: say("test error is lowest after {words}", { words: words(epochs[best]) }),
    });
    curves.line(epochs, found.map((f) => Math.max(f.train, 1e-5)), { color: "train" });
    curves.line(epochs, found.map((f) => f.test), { color: "test", dash: [6, 4] });
    curves.line([epochs[now], epochs[now]], [1e-4, 10], { color: "soft", width: 1 });
    curves.dot(epochs[now], Math.max(found[now].train, 1e-4), { color: "train", radius: 5 });
    curves.dot(epochs[now], found[now].test, { color: "test", radius: 5 });
    pen.key(curves, "bottom", [[say("training"), "train"], [say("test (expected)"), "test"]]);
  }

  function lowest(found) {
    const tests = found.map((f) => f.test);
    return tests.indexOf(Math.min(...tests));
  }

  function words(count) {
    const values = { count: count.toLocaleString("en-US") };
    return count === 1 ? say("{count} epoch", values) : say("{count} epochs", values);
  }

  function describe() {
    const [found, now] = [errors(), epochs.indexOf(stage.state.epochs)];
    const [here, best] = [found[now], lowest(found)];
    return say("After {now}: training error {train}, test {test}; the lowest test error is "
      + "{lowest} after {best}, the last {last}.", {
        now: words(epochs[now]), train: here.train.toPrecision(2),
        test: here.test.toPrecision(2), lowest: found[best].test.toPrecision(2),
        best: words(epochs[best]), last: found[found.length - 1].test.toPrecision(2),
      });
  }

  return {
    height: (width) => (width >= 620 ? 320 : 640),
    draw, describe, errors,
    restart(state) { state.epochs = epochs[0]; stage.show("epochs"); },
    advance(state) {
      frames = (frames + 1) % SLOW;
      const now = epochs.indexOf(state.epochs);
      if (frames) return true;
      if (now + 1 >= epochs.length) return false;
      state.epochs = epochs[now + 1];
      stage.show("epochs");
      return true;
    },
    step(state) {
      state.epochs = epochs[Math.min(epochs.length - 1, epochs.indexOf(state.epochs) + 1)];
      stage.show("epochs");
    },
  };
}
