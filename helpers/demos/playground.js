// The regularization playground: one small network trained twice, live, from the same
// weights on the same points in the same order, once without and once with regularizers.

const VALIDATION = 200; // points, never with false labels
const EVERY = 5; // steps between two looks at the validation points
const GRID = 44; // points per side of the picture of what a network believes
const ROUGH = 1e6; // multiplications for a picture that is soon followed by the next
const REACH = 1.5; // the picture covers [-REACH, REACH] in both directions
const FRAME = 10; // milliseconds of training in one frame, at most
const MOST = 20000; // steps, after which it rests
const PLAIN = { decay: 0, l1: 0, dropout: 0, noise: 0, patience: 0 };

const SHAPES = {
  moons(coins, label) {
    const angle = Math.PI * coins.uniform();
    const [x, y] = label ? [1 - Math.cos(angle), 0.5 - Math.sin(angle)]
      : [Math.cos(angle), Math.sin(angle)];
    return [0.75 * (x - 0.5), 0.75 * (y - 0.25) * 1.3].map((v) => v + jitter(coins, 0.13));
  },
  spirals(coins, label) {
    const along = Math.sqrt(coins.uniform());
    const angle = 3.2 * along * Math.PI + label * Math.PI;
    return [Math.cos(angle), Math.sin(angle)].map((v) => 1.25 * along * v + jitter(coins, 0.05));
  },
  rings(coins, label) {
    const angle = 2 * Math.PI * coins.uniform();
    const radius = label ? 1.1 : 0.5;
    return [Math.cos(angle), Math.sin(angle)].map((v) => radius * v + jitter(coins, 0.16));
  },
};

function jitter(coins, sd) { return sd * coins.normal(); }

function drawPoints(shape, n, coins) {
  const [x, y] = [new Float64Array(2 * n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    y[i] = i % 2;
    x.set(SHAPES[shape](coins, y[i]), 2 * i);
  }
  return { x, y, wrong: new Uint8Array(n) };
}

/** Turn round exactly round(share * n) labels, which ones the coins decide. */
function falsify(points, share, coins) {
  const n = points.y.length;
  for (const i of coins.order(n).slice(0, Math.round(share * n))) {
    points.y[i] = 1 - points.y[i];
    points.wrong[i] = 1;
  }
}

/** Every third point of a hand-made set is kept for validation. */
function fromClicks(clicks) {
  const part = (chosen) => ({
    x: Float64Array.from(chosen.flatMap(([x, y]) => [x, y])),
    y: Float64Array.from(chosen.map((point) => point[2])),
    wrong: new Uint8Array(chosen.length),
  });
  return {
    train: part(clicks.filter((_, i) => i % 3 !== 2)),
    val: part(clicks.filter((_, i) => i % 3 === 2)),
  };
}

function makeData(state, clicks) {
  if (state.data === "yours") return fromClicks(clicks);
  const coins = new Coins(7919 * state.seed + 1);
  const train = drawPoints(state.data, state.points, coins);
  falsify(train, state.falsehood, coins);
  return { train, val: drawPoints(state.data, VALIDATION, coins) };
}

/** Middles of the cells of a picture (grid * grid, 2), rows from bottom to top. */
function places(grid) {
  const x = new Float64Array(2 * grid * grid);
  for (let i = 0; i < grid * grid; i++) {
    x[2 * i] = REACH * (2 * ((i % grid) + 0.5) / grid - 1);
    x[2 * i + 1] = REACH * (2 * (Math.floor(i / grid) + 0.5) / grid - 1);
  }
  return x;
}

function makeRuns(state, data) {
  const sizes = [2, ...Array(state.depth).fill(state.width), 1];
  const start = new Network(sizes, state.activation, new Coins(104729 * state.seed + 2));
  const settings = { rate: state.rate, batch: state.batch };
  const { decay, l1, dropout, noise, patience } = state;
  return [PLAIN, { decay, l1, dropout, noise, patience }].map((extra) =>
    new Run(start.copy(), { ...settings, ...extra }, data, state.seed + 3));
}

function playground(stage) {
  const clicks = stage.spec.data.clicks || [];
  const own = () => stage.state.data === "yours";
  let [data, runs, pictures, newClass, cross] = [null, [], [], 0, [0, 0]];
  let [budget, last] = [FRAME, 0];
  const cells = {}; // per points per side: where the pictures look
  const names = [say("without"), say("with")];

  function restart(state) {
    stage.screen.tabIndex = own() ? 0 : -1;
    data = makeData(state, clicks);
    const ready = data.train.y.length >= 2 && data.val.y.length >= 1;
    runs = ready ? makeRuns(state, data) : [];
    if (!ready) return;
    runs[0].look();
    runs[1].look(runs[0].scores); // both start from the same weights
    pictures = Array(2).fill(picture(runs[0]));
  }

  /** Points per side: fewer where a large network would be drawn many times a second. */
  function side(network) {
    if (!stage.rough) return GRID;
    const size = network.weights().reduce((sum, w) => sum + w.length, 0);
    return Math.max(16, Math.min(GRID, Math.floor(Math.sqrt(ROUGH / size))));
  }

  function refine() {
    pictures = runs.map((run, i) => (pictures[i].grid < GRID ? picture(run) : pictures[i]));
  }

  /** Milliseconds for training: less where painting left no time for 60 frames a second. */
  function share() {
    const now = performance.now();
    const late = now - last > 18 && now - last < 250;
    budget = late ? Math.max(1, 0.8 * budget) : Math.min(FRAME, 1.05 * budget);
    last = now;
    return budget;
  }

  function advance() {
    const active = runs.filter((run) => !run.stopped);
    if (!active.length || runs[0].optimizer.steps >= MOST) return false;
    const until = performance.now() + share();
    do {
      for (const run of active) {
        run.step();
        if (run.optimizer.steps % EVERY === 0 && !run.look()) return true;
      }
    } while (performance.now() < until);
    pictures = runs.map((run, i) => (pictures[i].final ? pictures[i] : picture(run)));
    return true;
  }

  /** What a network believes on a grid over the plane, rows from bottom to top. */
  function picture(run) {
    const network = run.stopped ? run.best.network : run.network;
    const grid = side(network);
    cells[grid] = cells[grid] || places(grid);
    const belief = network.forward(cells[grid], grid * grid);
    for (let i = 0; i < belief.length; i++) belief[i] = 1 / (1 + Math.exp(-belief[i]));
    return { belief, grid, final: Boolean(run.stopped) };
  }

  function heights(width) {
    const side = Math.min(width >= 620 ? width / 2 : width, 430);
    return { plane: side * 0.82, curves: 190, weights: 130 };
  }

  function draw(pen, state) {
    const tall = heights(pen.width);
    const total = tall.plane + tall.curves + tall.weights;
    pen.panels(2, 0, total).forEach((box, i) => {
      drawPlane(pen, { ...box, h: tall.plane }, i, state);
      if (!runs.length) return;
      drawCurves(pen, { ...box, y: box.y + tall.plane, h: tall.curves }, i);
      drawWeights(pen, { ...box, y: box.y + tall.plane + tall.curves, h: tall.weights }, i);
    });
  }

  function drawPlane(pen, box, i) {
    const side = Math.min(box.w, box.h);
    const inner = { ...box, x: box.x + (box.w - side) / 2, w: side };
    const run = runs[i];
    const score = run ? say(": {percent} of validation right", { percent: percent(run.scores.val.accuracy) }) : "";
    const ends = [-REACH, REACH];
    const axes = pen.axes(inner, { x: ends, y: ends, title: `${names[i]}${score}` });
    stage.planes = stage.planes || [];
    stage.planes[i] = axes;
    if (pictures[i]) drawField(axes, pictures[i].belief, pictures[i].grid, pictures[i].grid);
    axes.inside(() => {
      drawLabeled(axes, data.val.x, data.val.y, { radius: 1.8 });
      drawLabeled(axes, data.train.x, data.train.y, { wrong: data.train.wrong });
      if (steers()) {
        const [x, y] = cross;
        axes.line([x - 0.12, x + 0.12], [y, y], { color: "#000000" });
        axes.line([x, x], [y - 0.12, y + 0.12], { color: "#000000" });
      }
    });
  }

  function drawCurves(pen, box, i) {
    const { curves, best, stopped } = runs[i];
    const last = Math.max(50, ...runs.map((run) => run.optimizer.steps));
    const axes = pen.axes(box, {
      x: [0, last], y: [1e-3, 3], log: true, title: say("loss (nats)"), xlabel: say("steps"),
    });
    axes.line(curves.step, curves.train, { color: "train" });
    axes.line(curves.step, curves.val, { color: "val", dash: [6, 4] });
    axes.dot(best.step, best.loss, { color: "val", radius: 4.5 });
    if (stopped) {
      axes.line([stopped, stopped], [1e-3, 3], { color: "soft", dash: [2, 3] });
    }
    const { right, bottom } = axes.box;
    pen.text(say("training"), right - 6, bottom - 24, { align: "right", color: "train" });
    pen.text(say("validation (dot: best)"), right - 6, bottom - 8, { align: "right", color: "val" });
  }

  function drawWeights(pen, box, i) {
    const weights = runs[i].network.weights().flatMap((w) => [...w]);
    const [edge, bins] = [2, 41];
    const counts = new Array(bins).fill(0);
    for (const w of weights) {
      const at = Math.round(((Math.max(-edge, Math.min(edge, w)) + edge) / (2 * edge)) * (bins - 1));
      counts[at] += 1 / weights.length;
    }
    const zeros = weights.filter((w) => w === 0).length / weights.length;
    const axes = pen.axes(box, {
      x: [-edge - 0.1, edge + 0.1], y: [0, Math.max(0.2, ...counts) * 1.1],
      title: say("weights: {percent} exactly zero", { percent: percent(zeros) }),
    });
    counts.forEach((share, k) => {
      axes.bar(-edge + (2 * edge * k) / (bins - 1), (2 * edge) / bins, share, { color: "accent" });
    });
  }

  function describe(state) {
    const class_ = [say("blue circle"), say("orange square")][newClass];
    const how = say("Click into a picture to add a {class}, with Shift one of the other class; or go "
      + "to the picture with the Tab key, move the cross with the arrow keys and press "
      + "Enter. Every third point is kept for validation.", { class: class_ });
    const at = steers() ? say(" The cross is at {place}.", { place: cross.map((v) => v.toFixed(1)).join(", ") }) : "";
    if (!runs.length) return say("{how} Three are needed at least, there are {clicks}.{at}", {
        how, clicks: clicks.length, at,
      });
    const told = runs.map((run, i) => {
      const { train, val } = run.scores;
      const end = run.stopped
        ? say(" Stopped early; the best was at step {step}, {percent} right.", {
            step: run.best.step, percent: percent(run.best.accuracy),
          })
        : "";
      return say("{name} regularization: training loss {loss}, validation {loss2}, {percent} "
        + "right.{end}", {
          name: names[i], loss: train.loss.toFixed(3), loss2: val.loss.toFixed(3),
          percent: percent(val.accuracy), end,
        });
    });
    const words = told.map((text) => text[0].toUpperCase() + text.slice(1)).join(" ");
    const wrong = own() ? ` ${how}${at}` : say(" {percent} of the training labels are false (black rims).", {
        percent: percent(state.falsehood),
      });
    return say("Step {step}. {words}{wrong}", { step: runs[0].optimizer.steps, words, wrong });
  }

  function percent(share) { return `${Math.round(100 * share)} %`; }

  function addPoint(event) {
    if (stage.state.data !== "yours") return;
    const rect = stage.screen.getBoundingClientRect();
    const [px, py] = [event.clientX - rect.left, event.clientY - rect.top];
    for (const axes of stage.planes) {
      const [x, y] = [axes.unx(px), axes.uny(py)];
      if (Math.abs(x) <= REACH && Math.abs(y) <= REACH) {
        clicks.push([x, y, event.shiftKey ? 1 - newClass : newClass]);
        stage.restart();
        return;
      }
    }
  }
  stage.screen.addEventListener("click", addPoint);

  /** The same from the keyboard: arrows move a cross, Enter sets a point there. */
  function steer(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!own() || !(event.key in moves || event.key === "Enter")) return;
    event.preventDefault();
    if (event.key === "Enter") {
      clicks.push([...cross, event.shiftKey ? 1 - newClass : newClass]);
      stage.restart();
      return;
    }
    cross = cross.map((v, d) => Math.max(-REACH, Math.min(REACH, v + 0.1 * moves[event.key][d])));
    stage.redraw();
  }
  stage.screen.addEventListener("keydown", steer);
  const steers = () => own() && stage.root.activeElement === stage.screen;

  /** The whole setting as text, for a link. */
  function code() {
    const words = new URLSearchParams(stage.state);
    if (clicks.length) {
      words.set("clicks", clicks.map((c) => c.map((v) => +v.toFixed(2)).join(",")).join(";"));
    }
    return words.toString();
  }

  async function copyLink() {
    const base = stage.spec.data.address || location.href.split("#")[0];
    const link = `${base}#${code()}`;
    if (!stage.spec.data.address) history.replaceState(null, "", `#${code()}`);
    try {
      await navigator.clipboard.writeText(link);
      stage.words.textContent = say("The link is in your clipboard.");
    } catch {
      stage.words.textContent = link;
    }
  }

  /** Take over a setting that came with a link; `clicks` are points of one's own. */
  function fromLink(text) {
    const words = new URLSearchParams(text);
    for (const control of stage.spec.controls) {
      const value = words.get(control.name);
      if (value === null) continue;
      const number = Number(value);
      const known = control.type === "choice"
        ? control.options.some(([option]) => option === value)
        : control.values ? control.values.includes(number)
          : number >= control.min && number <= control.max;
      if (known) control.value = control.type === "choice" ? value : number;
      stage.state[control.name] = control.value;
    }
    for (const point of (words.get("clicks") || "").split(";")) {
      const numbers = point.split(",").map(Number);
      if (numbers.length === 3 && numbers.every(Number.isFinite)) clicks.push(numbers);
    }
  }

  if (location.hash.length > 1) fromLink(location.hash.slice(1));
  restart(stage.state);
  const live = new Set(["decay", "l1", "dropout", "noise", "patience", "rate"]);
  return {
    height: (width) => {
      const { plane, curves, weights } = heights(width);
      return (plane + curves + weights) * (width >= 620 ? 1 : 2);
    },
    draw, advance, restart, refine, describe, code,
    runs: () => runs,
    pictures: () => pictures,
    masks: (n) => drawMasks(runs[1].network, n, stage.state.dropout, new Coins(1)),
    changed(name, value) {
      if (!live.has(name)) { restart(stage.state); return; }
      if (name === "rate") runs.forEach((run) => { run.optimizer.rate = run.settings.rate = value; });
      else if (runs[1]) {
        runs[1].settings[name] = value;
        if (name in runs[1].optimizer) runs[1].optimizer[name] = value;
      }
    },
    actions: [
      [say("Other points"), () => {
        stage.load({ seed: stage.state.seed + 1 });
      }],
      [say("Next point: other class"), () => { newClass = 1 - newClass; }, own],
      [say("Remove all points"), () => { clicks.length = 0; stage.restart(); }, own],
      [say("Copy a link to this setting"), copyLink],
    ],
  };
}
