// Two hundred fits on two hundred data sets: what they agree on, and how they scatter.

function bias_variance(stage) {
  const SETS = 200;
  const GRID = Array.from({ length: 81 }, (_, k) => k / 80);
  const HIGHEST = 15;
  const TRUE = GRID.map(truth);
  let [sets, drawn] = [[], ""]; // places, noise of size 1, the fits' bases; drawn for what
  let haze = null; // the picture of all fits
  let [levels, curves] = [[], []]; // per degree: fits (SETS, grid) by rows; their parts

  function truth(x) { return Math.sin(2 * Math.PI * x); }

  /** Places and noise anew, where the controls that decide them have moved. */
  function drawSets() {
    const { points, design, seed } = stage.state;
    if (drawn === `${points} ${design} ${seed}`) return;
    drawn = `${points} ${design} ${seed}`;
    const coins = new Coins(1000 + seed);
    const even = Float64Array.from({ length: points }, (_, i) => i / (points - 1));
    const count = Math.min(HIGHEST + 1, points);
    const shared = design === "fixed" ? orthogonalize(even, count, GRID) : null;
    sets = Array.from({ length: SETS }, () => {
      const xs = shared ? even : Float64Array.from(even, () => coins.uniform());
      const normals = Float64Array.from(xs, () => coins.normal());
      return { xs, normals, base: shared || orthogonalize(xs, count, GRID) };
    });
  }

  const observed = ({ xs, normals }) =>
    xs.map((x, i) => truth(x) + stage.state.noise * normals[i]);

  /** Fit all sets in all degrees: each degree adds one orthogonal term to the last. */
  function fitAll() {
    const size = GRID.length;
    const shares = sets.map((set) => set.base.project(observed(set)));
    const now = new Float64Array(SETS * size);
    levels = Array.from(shares[0], (_, k) => {
      sets.forEach(({ base: { terms } }, s) => {
        const share = shares[s][k];
        const [to, from] = [s * size, k * size];
        for (let i = 0; i < size; i++) now[to + i] += share * terms[from + i];
      });
      return now.slice();
    });
    curves = levels.map(parts);
  }

  /** Squared bias and variance, means over the grid, and the mean fit. */
  function parts(rows) {
    const size = GRID.length;
    const mean = new Float64Array(size);
    for (let from = 0; from < rows.length; from += size) {
      for (let i = 0; i < size; i++) mean[i] += rows[from + i] / SETS;
    }
    let [bias, variance] = [0, 0];
    for (let i = 0; i < size; i++) bias += (mean[i] - TRUE[i]) ** 2 / size;
    for (let from = 0; from < rows.length; from += size) {
      for (let i = 0; i < size; i++) variance += (rows[from + i] - mean[i]) ** 2;
    }
    return { bias, variance: variance / SETS / size, mean };
  }

  function draw(pen) {
    const [left, right] = pen.panels(2, 0, 320);
    const axes = pen.axes(left, {
      x: [0, 1], y: [-2.2, 2.2], title: say("{sets} fits of degree {degree}", { sets: SETS, degree: stage.state.degree }),
      xlabel: "x", ylabel: "y",
    });
    drawFits(axes);
    axes.line(GRID, TRUE, { color: "ink", dash: [6, 4] });
    axes.line(GRID, curves[stage.state.degree].mean, { color: "val", width: 3 });
    const [first] = sets;
    observed(first).forEach((y, i) => axes.dot(first.xs[i], y, { color: "ink", radius: 2.5 }));
    pen.key(axes, "bottom", [[say("200 fits"), "accent"], [say("their mean"), "val"],
      [say("truth, dashed; dots: first data set"), "ink"]]);
    drawParts(pen, right);
  }

  /** All fits, each a faint line of its own: they darken where they meet. */
  function drawFits(axes) {
    const { left, right, top, bottom } = axes.box;
    const dense = Math.max(1, devicePixelRatio || 1);
    const size = [right - left, bottom - top].map((length) => Math.round(dense * length));
    haze = haze && haze.fits(...size) ? haze : new Haze(...size);
    const rows = levels[stage.state.degree];
    for (let from = 0; from < rows.length; from += GRID.length) {
      haze.add(rows, from, GRID.length, axes.y, 1.5 * dense);
    }
    axes.pen.canvas.drawImage(haze.image(axes.pen.color("accent"), 0.09),
      left, top, right - left, bottom - top);
  }

  function drawParts(pen, box) {
    const found = curves;
    const highest = Math.max(...found.map((f) => f.bias + f.variance));
    const top = 10 ** Math.max(1, Math.ceil(Math.log10(highest)));
    const axes = pen.axes(box, {
      x: [-0.5, 15.5], y: [1e-5, top], log: true, title: say("squared error to the truth"),
      xlabel: say("degree"), ylabel: say("mean over x"),
    });
    const xs = found.map((_, d) => d);
    axes.line(xs, found.map((f) => f.bias), { color: "train" });
    axes.line(xs, found.map((f) => f.variance), { color: "val", dash: [6, 4] });
    axes.line(xs, found.map((f) => f.bias + f.variance), { color: "ink", width: 1.5 });
    const now = stage.state.degree;
    axes.dot(now, found[now].bias, { color: "train" });
    axes.dot(now, found[now].variance, { color: "val" });
    pen.key(axes, "top", [[say("bias²"), "train"], [say("variance"), "val"], [say("their sum"), "ink"]]);
  }

  function describe() {
    const { bias, variance } = curves[stage.state.degree];
    return say("Degree {degree}, {points} points: squared bias {bias}, variance {variance}.", {
        degree: stage.state.degree, points: stage.state.points,
        bias: bias.toPrecision(2), variance: variance.toPrecision(2),
      });
  }

  function refit() { drawSets(); fitAll(); }

  refit();
  return {
    height: (width) => (width >= 620 ? 320 : 640),
    draw, describe,
    example: () => [[...sets[0].xs], [...observed(sets[0])], GRID,
      [...levels[stage.state.degree].subarray(0, GRID.length)]],
    changed(name) {
      const most = stage.state.points - 1;
      if (stage.state.degree > most) { stage.state.degree = most; stage.show("degree"); }
      if (name !== "degree") refit();
    },
  };
}

/** Many lines over the same places, each faint: counted by pixel, then drawn at once. */
class Haze {
  constructor(width, height) {
    Object.assign(this, { width, height });
    this.counts = new Float32Array(width * height);
    this.sheet = document.createElement("canvas");
    Object.assign(this.sheet, { width, height });
    this.pixels = new ImageData(width, height);
  }

  fits(width, height) { return width === this.width && height === this.height; }

  /**
   * Add one line: `size` values from `from` on, evenly spaced over the whole width.
   *
   * @param {[number, number]} ends values at the bottom and the top.
   * @param {number} thick pixels across the line.
   */
  add(values, from, size, [low, high], thick) {
    const { width, height, counts } = this;
    const [unit, step] = [-height / (high - low), (size - 1) / width];
    for (let x = 0; x < width; x++) {
      const place = (x + 0.5) * step;
      const k = Math.floor(place);
      const rise = unit * (values[from + k + 1] - values[from + k]);
      const middle = height + unit * (values[from + k] - low) + rise * (place - k);
      const half = (thick / 2) * Math.sqrt(1 + (rise * step) ** 2);
      const [top, bottom] = [Math.max(0, middle - half), Math.min(height, middle + half)];
      for (let y = Math.floor(top); y < bottom; y++) {
        counts[y * width + x] += Math.min(bottom, y + 1) - Math.max(top, y);
      }
    }
  }

  /** Return the lines in a color, each with its opacity, and begin anew. */
  image(color, opacity) {
    const { counts, pixels: { data } } = this;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    const left = Math.log(1 - opacity); // by one line, as a logarithm
    for (let i = 0; i < counts.length; i++) {
      data[4 * i] = red;
      data[4 * i + 1] = green;
      data[4 * i + 2] = blue;
      data[4 * i + 3] = counts[i] ? 255 * (1 - Math.exp(left * counts[i])) : 0;
    }
    counts.fill(0);
    this.sheet.getContext("2d").putImageData(this.pixels, 0, 0);
    return this.sheet;
  }
}

/**
 * Least squares of polynomials by Householder's reflections: an orthogonal basis for
 * degrees 0 … count - 1 on places `xs` of [0, 1], so that a fit of degree d is the sum
 * of the first d + 1 terms, each times its share of the targets.
 *
 * @param {Float64Array} xs places, at least `count` of them.
 * @param {number} count of terms.
 * @param {number[]} grid places where the fits are wanted.
 * @returns {{terms: Float64Array, project: function(Float64Array): Float64Array}}
 *     the terms on the grid (count, grid) by rows, and the shares of targets.
 */
function orthogonalize(xs, count, grid) {
  const n = xs.length;
  const A = legendre(xs, count); // becomes R above its diagonal, the reflections below
  const [diagonal, lengths] = [new Float64Array(count), new Float64Array(count)];
  const reflect = (k, into, start) => {
    if (lengths[k] === 0) return;
    let along = 0;
    for (let i = k; i < n; i++) along += A[k * n + i] * into[start + i];
    const by = (2 * along) / lengths[k];
    for (let i = k; i < n; i++) into[start + i] -= by * A[k * n + i];
  };
  for (let k = 0; k < count; k++) {
    const corner = k * n + k;
    let square = 0;
    for (let i = corner; i < (k + 1) * n; i++) square += A[i] * A[i];
    const norm = Math.sqrt(square);
    diagonal[k] = A[corner] > 0 ? -norm : norm;
    lengths[k] = 2 * norm * (norm + Math.abs(A[corner]));
    A[corner] -= diagonal[k];
    for (let j = k + 1; j < count; j++) reflect(k, A, j * n);
  }
  return {
    terms: solve(A, n, diagonal, legendre(grid, count), grid.length),
    project(targets) {
      const y = targets.slice();
      for (let k = 0; k < count; k++) reflect(k, y, 0);
      return y.subarray(0, count);
    },
  };
}

/** Divide the rows of `values` (count, size) by R: the terms, in place. */
function solve(A, n, diagonal, values, size) {
  for (let k = 0; k < diagonal.length; k++) {
    for (let j = 0; j < k; j++) {
      const by = A[k * n + j];
      for (let i = 0; i < size; i++) values[k * size + i] -= by * values[j * size + i];
    }
    const over = diagonal[k] === 0 ? 0 : 1 / diagonal[k];
    for (let i = 0; i < size; i++) values[k * size + i] *= over;
  }
  return values;
}

/** Legendre polynomials 0 … count - 1 at places of [0, 1]: (count, places) by rows. */
function legendre(places, count) {
  const n = places.length;
  const rows = new Float64Array(count * n);
  for (let i = 0; i < n; i++) {
    const x = 2 * places[i] - 1;
    let [before, here] = [0, 1];
    for (let k = 0; k < count; k++) {
      rows[k * n + i] = here;
      [before, here] = [here, ((2 * k + 1) * x * here - k * before) / (k + 1)];
    }
  }
  return rows;
}
