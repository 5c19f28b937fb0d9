// Two hundred fits on two hundred data sets: what they agree on, and how they scatter.

function bias_variance(stage) {
  const SETS = 200;
  const GRID = Array.from({ length: 81 }, (_, k) => k / 80);
  const DEGREES = Array.from({ length: 16 }, (_, d) => d);
  let [sets, fits, curves] = [[], null, null];

  function truth(x) { return Math.sin(2 * Math.PI * x); }

  /** Legendre polynomials 0 … degree at one place of [0, 1]. */
  function features(place, degree) {
    const x = 2 * place - 1;
    const row = [1, x];
    for (let k = 1; k < degree; k++) {
      row.push(((2 * k + 1) * x * row[k] - k * row[k - 1]) / (k + 1));
    }
    return row.slice(0, degree + 1);
  }

  function drawSets() {
    const { points, noise, design, seed } = stage.state;
    const coins = new Coins(1000 + seed);
    sets = Array.from({ length: SETS }, () => {
      const xs = Array.from({ length: points }, (_, i) =>
        (design === "fixed" ? i / (points - 1) : coins.uniform()));
      return { xs, ys: xs.map((x) => truth(x) + noise * coins.normal()) };
    });
    curves = null;
    refit();
  }

  function refit() { fits = fitAll(stage.state.degree); }

  /** Predictions on the grid, one row per data set. */
  function fitAll(degree) {
    const onGrid = GRID.map((x) => features(x, degree));
    return sets.map(({ xs, ys }) => {
      const w = leastSquares(xs.map((x) => features(x, degree)), ys);
      return onGrid.map((row) => row.reduce((sum, f, k) => sum + f * w[k], 0));
    });
  }

  function parts(rows) {
    let [bias, variance] = [0, 0];
    GRID.forEach((x, i) => {
      const mean = rows.reduce((sum, row) => sum + row[i], 0) / SETS;
      bias += (mean - truth(x)) ** 2 / GRID.length;
      for (const row of rows) variance += (row[i] - mean) ** 2 / SETS / GRID.length;
    });
    return { bias, variance };
  }

  function allDegrees() {
    if (!curves) {
      curves = DEGREES.filter((d) => d < stage.state.points).map((d) => parts(fitAll(d)));
    }
    return curves;
  }

  function draw(pen) {
    const [left, right] = pen.panels(2, 0, 320);
    const axes = pen.axes(left, {
      x: [0, 1], y: [-2.2, 2.2], title: `${SETS} fits of degree ${stage.state.degree}`,
      xlabel: "x", ylabel: "y",
    });
    pen.canvas.globalAlpha = 0.09;
    for (const row of fits) axes.line(GRID, row, { color: "accent", width: 1.5 });
    pen.canvas.globalAlpha = 1;
    const mean = GRID.map((_, i) => fits.reduce((sum, row) => sum + row[i], 0) / SETS);
    axes.line(GRID, GRID.map(truth), { color: "ink", dash: [6, 4] });
    axes.line(GRID, mean, { color: "val", width: 3 });
    const [first] = sets;
    first.xs.forEach((x, i) => axes.dot(x, first.ys[i], { color: "ink", radius: 2.5 }));
    pen.key(axes, "bottom", [["200 fits", "accent"], ["their mean", "val"],
      ["truth, dashed; dots: first data set", "ink"]]);
    drawParts(pen, right);
  }

  function drawParts(pen, box) {
    const found = allDegrees();
    const highest = Math.max(...found.map((f) => f.bias + f.variance));
    const axes = pen.axes(box, {
      x: [-0.5, 15.5], y: [1e-5, 10 ** Math.max(1, Math.ceil(Math.log10(highest)))], log: true, title: "squared error to the truth",
      xlabel: "degree", ylabel: "mean over x",
    });
    const xs = found.map((_, d) => d);
    axes.line(xs, found.map((f) => f.bias), { color: "train" });
    axes.line(xs, found.map((f) => f.variance), { color: "val", dash: [6, 4] });
    axes.line(xs, found.map((f) => f.bias + f.variance), { color: "ink", width: 1.5 });
    const now = Math.min(stage.state.degree, found.length - 1);
    axes.dot(now, found[now].bias, { color: "train" });
    axes.dot(now, found[now].variance, { color: "val" });
    pen.key(axes, "top", [["bias²", "train"], ["variance", "val"], ["their sum", "ink"]]);
  }

  function describe() {
    const { bias, variance } = parts(fits);
    return `Degree ${stage.state.degree}, ${stage.state.points} points: squared bias `
      + `${bias.toPrecision(2)}, variance ${variance.toPrecision(2)}.`;
  }

  drawSets();
  return {
    height: (width) => (width >= 620 ? 320 : 640),
    draw, describe,
    example: () => [sets[0].xs, sets[0].ys, GRID, [...fits[0]]],
    changed(name) {
      const most = stage.state.points - 1;
      if (stage.state.degree > most) { stage.state.degree = most; stage.show("degree"); }
      if (name === "degree") refit(); else drawSets();
    },
  };
}

/** Least squares by Householder's reflections; rows of features, at least as many rows. */
function leastSquares(rows, targets) {
  const [n, d] = [rows.length, rows[0].length];
  const A = rows.map((row) => Float64Array.from(row));
  const y = Float64Array.from(targets);
  for (let k = 0; k < d; k++) {
    let norm = 0;
    for (let i = k; i < n; i++) norm += A[i][k] ** 2;
    norm = Math.sqrt(norm);
    if (norm === 0) continue;
    const alpha = A[k][k] > 0 ? -norm : norm;
    const v = new Float64Array(n);
    v[k] = A[k][k] - alpha;
    for (let i = k + 1; i < n; i++) v[i] = A[i][k];
    let length = 0;
    for (let i = k; i < n; i++) length += v[i] ** 2;
    if (length === 0) continue;
    const reflect = (get, set) => {
      let along = 0;
      for (let i = k; i < n; i++) along += v[i] * get(i);
      for (let i = k; i < n; i++) set(i, get(i) - (2 * along * v[i]) / length);
    };
    for (let j = k; j < d; j++) reflect((i) => A[i][j], (i, value) => { A[i][j] = value; });
    reflect((i) => y[i], (i, value) => { y[i] = value; });
  }
  const w = new Float64Array(d);
  for (let k = d - 1; k >= 0; k--) {
    let rest = y[k];
    for (let j = k + 1; j < d; j++) rest -= A[k][j] * w[j];
    w[k] = A[k][k] === 0 ? 0 : rest / A[k][k];
  }
  return w;
}
