// Eight ways of regularizing, as the notebook measured them: do their gains add up?

function regularization_strategy(stage) {
  const { names, cells } = stage.spec.data; // cells: {on, train, test}, [kind][draw]

  const kind = () => (stage.state.kind === "false" ? 1 : 0);
  const chosen = () => names.map(([name]) => stage.state[name] === "on");
  const key = (on) => on.map((each) => (each ? 1 : 0)).join("");
  const cell = (on) => cells.find((each) => key(each.on) === key(on));
  const values = (on, what) => cell(on)[what][kind()].slice(0, stage.state.draws);
  const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const alone = (k) => names.map((_, j) => j === k);
  const none = () => names.map(() => false);

  /** Test accuracy minus that of the plain network, draw by draw. */
  function gains(on) {
    const plain = values(none(), "test");
    return values(on, "test").map((v, i) => v - plain[i]);
  }

  /** The gains that the chosen ones have alone, added up, draw by draw. */
  function added() {
    const sums = gains(none()); // zeros
    chosen().forEach((is, k) => {
      if (is) gains(alone(k)).forEach((v, i) => { sums[i] += v; });
    });
    return sums;
  }

  function called(on) {
    const used = names.filter((_, k) => on[k]).map(([, label]) => label);
    return used.length ? used.join(" + ") : say("nothing");
  }

  /** Which of the eight has the best mean test accuracy over these draws? */
  function best() {
    return cells.map((each) => each.on)
      .reduce((a, b) => (mean(values(b, "test")) > mean(values(a, "test")) ? b : a));
  }

  function spots() {
    return cells.map(({ on }) => ({
      on, x: mean(values(on, "train")), y: mean(values(on, "test")),
    }));
  }

  /** Limits that hold every draw and every number of draws, so that axes stand still. */
  function ends(what) {
    const all = cells.flatMap((each) => each[what][kind()]);
    return [Math.floor(Math.min(...all) - 1), Math.ceil(Math.max(...all) + 1)];
  }

  function drawSpots(pen, box) {
    const axes = pen.axes(box, {
      x: ends("train"), y: ends("test"), title: say("All eight ways"),
      xlabel: say("training labels learned (%)"), ylabel: say("test accuracy (%)"),
    });
    for (const { on, x, y } of spots()) {
      const here = key(on) === key(chosen());
      axes.dot(x, y, { color: here ? "accent" : "pale", radius: here ? 8 : 6, edge: "ink" });
      const letters = names.filter((_, k) => on[k]).map(([, , letter]) => letter);
      pen.text(letters.join("") || say("none"), axes.px(x) + 10, axes.py(y) + 4,
        { bold: here, color: here ? "ink" : "soft" });
    }
  }

  function drawGains(pen, box) {
    const bars = [[say("added up"), added(), "pale"], [say("together"), gains(chosen()), "accent"]];
    const all = bars.flatMap(([, numbers]) => numbers);
    const low = Math.min(0, ...all) - 1;
    const at = (u) => 2 * 4 ** (u / 2); // two bars, u from 0 to 2: no decade, so no numbers
    const axes = pen.axes(box, {
      x: [at(0), at(2)], logx: true, xlabel: " ", y: [low, Math.max(1, ...all) + 1], title: called(chosen()),
      ylabel: say("gain in test accuracy (points)"),
    });
    bars.forEach(([label, numbers, color], k) => {
      const [left, right] = [axes.px(at(k + 0.25)), axes.px(at(k + 0.75))];
      const [top, zero] = [axes.py(mean(numbers)), axes.py(0)];
      pen.fill(left, Math.min(top, zero), right - left, Math.abs(zero - top), { color });
      numbers.forEach((v, i) => {
        const x = k + 0.5 + 0.3 * ((i + 0.5) / numbers.length - 0.5);
        axes.dot(at(x), v, { color: "paper", radius: 3.5, edge: "ink" });
      });
      pen.text(`${label}: ${mean(numbers).toFixed(1)}`, (left + right) / 2,
        axes.box.bottom + 18, { align: "center", bold: true });
    });
    pen.line([[axes.box.left, axes.py(0)], [axes.box.right, axes.py(0)]],
      { color: "ink", width: 1 });
  }

  function draw(pen) {
    const panels = pen.panels(2, 0, 320);
    drawSpots(pen, panels[0]);
    drawGains(pen, panels[1]);
  }

  function describe() {
    const [sum, real] = [mean(added()), mean(gains(chosen()))];
    return say("{what}: {real} points together, {sum} if their gains added up. Over the "
      + "first {draws} draws the best of the eight is {best}.", {
      what: called(chosen()), real: real.toFixed(1), sum: sum.toFixed(1),
      draws: stage.state.draws, best: called(best()),
    });
  }

  return {
    height: (width) => (width >= 620 ? 320 : 640),
    draw, describe, gains: () => gains(chosen()), added, best, spots,
  };
}
