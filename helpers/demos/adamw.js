// Adam with an L2 penalty against AdamW on one tilted bowl: where does each come to rest?

function adamw(stage) {
  const { hessian: H, minimum: b, start, noise: sizes } = stage.spec.data;
  const [b1, b2, eps] = [0.9, 0.999, 1e-8];
  const REACH = { x: [-1.2, 2.2], y: [-1.2, 2.2] };
  let runs = {};
  let coins = null;
  let aim = null;

  function restart() {
    aim = scaled();
    coins = new Coins(stage.state.seed);
    const fresh = () => ({ w: [...start], m: [0, 0], v: [0, 0], path: [[...start]] });
    runs = { coupled: fresh(), decoupled: fresh() };
  }

  function slope(w, noise) {
    const d = [w[0] - b[0], w[1] - b[1]];
    return [0, 1].map((i) => H[i][0] * d[0] + H[i][1] * d[1] + noise[i]);
  }

  function step() {
    const { rate, decay, noise } = stage.state;
    const shared = sizes.map((size) => noise * size * coins.normal());
    for (const [kind, run] of Object.entries(runs)) {
      const t = run.path.length;
      const g = slope(run.w, shared);
      const coupled = kind === "coupled";
      for (const i of [0, 1]) {
        const here = g[i] + (coupled ? decay * run.w[i] : 0);
        run.m[i] = b1 * run.m[i] + (1 - b1) * here;
        run.v[i] = b2 * run.v[i] + (1 - b2) * here * here;
        const m = run.m[i] / (1 - b1 ** t);
        const v = run.v[i] / (1 - b2 ** t);
        const kept = coupled ? run.w[i] : run.w[i] * (1 - rate * decay);
        run.w[i] = kept - (rate * m) / (Math.sqrt(v) + eps);
      }
      run.path.push([...run.w]);
    }
  }

  /** Where the loss plus ½·Σ strength_j·w_j² is smallest: (H + diag(strengths)) w = H b. */
  function solve(strengths) {
    const [p, q, s] = [H[0][0] + strengths[0], H[0][1], H[1][1] + strengths[1]];
    const c = [0, 1].map((i) => H[i][0] * b[0] + H[i][1] * b[1]);
    const det = p * s - q * q;
    return [(s * c[0] - q * c[1]) / det, (p * c[1] - q * c[0]) / det];
  }

  const ridge = () => solve([stage.state.decay, stage.state.decay]);

  /** Ridge with the strengths decay·σ, σ the root mean square of the gradient there. */
  function scaled() {
    const { decay, noise } = stage.state;
    const own = sizes.map((size) => noise * size);
    let size = own.map((s) => s + 1);
    let w = b;
    for (let k = 0; k < 500; k++) {
      w = solve(size.map((s) => decay * s));
      const here = slope(w, [0, 0]);
      size = size.map((s, i) => (s + Math.hypot(own[i], here[i])) / 2);
    }
    return w;
  }

  function contour(level) {
    return Array.from({ length: 121 }, (_, k) => {
      const [c, s] = [Math.cos((k * Math.PI) / 60), Math.sin((k * Math.PI) / 60)];
      const bend = H[0][0] * c * c + 2 * H[0][1] * c * s + H[1][1] * s * s;
      const radius = Math.sqrt((2 * level) / bend);
      return [b[0] + radius * c, b[1] + radius * s];
    });
  }

  function draw(pen) {
    const names = { coupled: say("Adam + L2 (coupled)"), decoupled: say("AdamW (decoupled)") };
    pen.panels(2, 0, 360).forEach((box, i) => {
      const kind = Object.keys(names)[i];
      const axes = pen.axes(box, { ...REACH, title: names[kind], xlabel: say("weight 1"), ylabel: say("weight 2") });
      const outline = (points, options) =>
        axes.line(points.map((p) => p[0]), points.map((p) => p[1]), options);
      for (const level of [0.02, 0.15, 0.5, 1.2, 2.4, 4]) {
        outline(contour(level), { color: "pale", width: 1.2 });
      }
      outline([[0, -2], [0, 3]], { color: "grid", width: 1 });
      outline(runs[kind].path, { color: i ? "val" : "train", width: 1.8 });
      axes.dot(0, 0, { color: "soft", radius: 3 });
      axes.dot(b[0], b[1], { color: "ink", hollow: true });
      const [x, y] = ridge();
      axes.dot(x, y, { color: "test", radius: 6, square: true });
      if (i) axes.dot(...aim, { color: "other", radius: 7, square: true, hollow: true });
      axes.dot(runs[kind].w[0], runs[kind].w[1], { color: i ? "val" : "train", radius: 6, edge: "ink" });
      const key = [[say("square: ridge solution"), "test"], [say("ring: no penalty"), "ink"]];
      if (i) key.push([say("open square: one strength per weight"), "other"]);
      pen.key(axes, "bottom", key);
    });
  }

  function distance(kind, [x, y] = ridge()) {
    return Math.hypot(runs[kind].w[0] - x, runs[kind].w[1] - y);
  }

  function describe() {
    return say("Step {step}: Adam + L2 is {coupled} from the ridge solution, AdamW "
      + "{decoupled}, and {own} from the one with a strength per weight.", {
        step: runs.coupled.path.length - 1, coupled: distance("coupled").toFixed(3),
        decoupled: distance("decoupled").toFixed(3),
        own: distance("decoupled", aim).toFixed(3),
      });
  }

  restart();
  return {
    height: (width) => (width >= 620 ? 360 : 720),
    draw, describe, restart,
    runs: () => [runs.coupled, runs.decoupled],
    aim: () => scaled(),
    changed: restart,
    advance() {
      for (let k = 0; k < 4; k++) step();
      return runs.coupled.path.length < 4000;
    },
  };
}
