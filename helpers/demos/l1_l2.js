// Why L1 makes zeros and L2 does not: loss ellipses meet a diamond and a circle.

function l1_l2(stage) {
  const REACH = [-0.8, 2];

  /** Curvature of the loss, ½(w - b)ᵀA(w - b), with correlation r between features. */
  function problem() {
    const r = stage.state.correlation;
    return { A: [[1, r], [r, 1]], b: [1.4, stage.state.second] };
  }

  function shrink(value, threshold) {
    return Math.sign(value) * Math.max(Math.abs(value) - threshold, 0);
  }

  /** Coordinate by coordinate: each is a soft threshold while the other stands still. */
  function lasso({ A, b }, strength) {
    const w = [...b];
    for (let round = 0; round < 300; round++) {
      for (const i of [0, 1]) {
        const j = 1 - i;
        const target = b[i] - (A[i][j] / A[i][i]) * (w[j] - b[j]);
        w[i] = shrink(target, strength / A[i][i]);
      }
    }
    return w;
  }

  /** Solve (A + strength I) w = A b. */
  function ridge({ A, b }, strength) {
    const [p, q, s] = [A[0][0] + strength, A[0][1], A[1][1] + strength];
    const c = [A[0][0] * b[0] + A[0][1] * b[1], A[1][0] * b[0] + A[1][1] * b[1]];
    const det = p * s - q * q;
    return [(s * c[0] - q * c[1]) / det, (p * c[1] - q * c[0]) / det];
  }

  function loss({ A, b }, w) {
    const d = [w[0] - b[0], w[1] - b[1]];
    return 0.5 * (A[0][0] * d[0] ** 2 + 2 * A[0][1] * d[0] * d[1] + A[1][1] * d[1] ** 2);
  }

  /** The curve on which the loss has one value, as points. */
  function ellipse({ A, b }, level) {
    return Array.from({ length: 121 }, (_, k) => {
      const [c, s] = [Math.cos((k * Math.PI) / 60), Math.sin((k * Math.PI) / 60)];
      const bend = A[0][0] * c * c + 2 * A[0][1] * c * s + A[1][1] * s * s;
      const radius = Math.sqrt((2 * level) / bend);
      return [b[0] + radius * c, b[1] + radius * s];
    });
  }

  function ball(kind, w) {
    const size = kind === "L1" ? Math.abs(w[0]) + Math.abs(w[1]) : Math.hypot(...w);
    return Array.from({ length: 121 }, (_, k) => {
      const [c, s] = [Math.cos((k * Math.PI) / 60), Math.sin((k * Math.PI) / 60)];
      const radius = kind === "L1" ? size / (Math.abs(c) + Math.abs(s)) : size;
      return [radius * c, radius * s];
    });
  }

  const solvers = { L1: lasso, L2: ridge };

  function draw(pen) {
    const boxes = pen.panels(3, 0, 300, 760);
    ["L1", "L2"].forEach((kind, i) => drawMeeting(pen, boxes[i], kind));
    drawMaps(pen, boxes[2]);
  }

  function drawMeeting(pen, box, kind) {
    const here = problem();
    const w = solvers[kind](here, stage.state.strength);
    const zero = w.some((value) => value === 0) ? say("a weight is zero") : say("both weights stay");
    const axes = pen.axes(box, {
      x: REACH, y: REACH, title: `${kind}: ${zero}`, xlabel: say("weight 1"), ylabel: say("weight 2"),
    });
    const outline = (points, options) =>
      axes.line(points.map((p) => p[0]), points.map((p) => p[1]), options);
    outline([[REACH[0], 0], [REACH[1], 0]], { color: "soft", width: 1 });
    outline([[0, REACH[0]], [0, REACH[1]]], { color: "soft", width: 1 });
    const touching = loss(here, w);
    for (const share of [0.25, 0.6]) {
      outline(ellipse(here, touching * share), { color: "pale", width: 1.5 });
    }
    outline(ellipse(here, touching), { color: "train" });
    outline(ball(kind, w), { color: "val" });
    const strengths = Array.from({ length: 81 }, (_, k) => (k / 40) ** 2);
    outline(strengths.map((s) => solvers[kind](here, s)), { color: "ink", dash: [3, 3], width: 1.5 });
    axes.dot(here.b[0], here.b[1], { color: "train", hollow: true });
    axes.dot(w[0], w[1], { color: "ink", radius: 5 });
    const shape = kind === "L1" ? say("diamond") : say("circle");
    pen.key(axes, "bottom", [[say("same loss"), "train"], [say("same penalty: {shape}", { shape }), "val"]], "right");
  }

  function drawMaps(pen, box) {
    const t = stage.state.strength;
    const axes = pen.axes(box, {
      x: [-2, 2], y: [-2, 2], title: say("one weight alone"), xlabel: say("weight before"),
      ylabel: say("after"),
    });
    const xs = Array.from({ length: 161 }, (_, k) => -2 + k / 40);
    axes.line(xs, xs, { color: "pale", width: 1.5 });
    axes.line(xs, xs.map((x) => shrink(x, t)), { color: "accent" });
    axes.line(xs, xs.map((x) => x / (1 + t)), { color: "val", dash: [6, 4] });
    pen.key(axes, "top", [[say("L1: soft threshold"), "accent"], [say("L2: a share"), "val"]]);
  }

  function describe() {
    const { strength } = stage.state;
    const told = ["L1", "L2"].map((kind) => {
      const w = solvers[kind](problem(), strength).map((value) => value.toFixed(2));
      return say("{kind} ends at ({place})", { kind, place: w.join(", ") });
    });
    return say("At strength {strength}: {told}. Dashed: the way from no penalty to a strong one.", {
        strength, told: told.join("; "),
      });
  }

  return {
    height: (width) => (width >= 760 ? 300 : 900),
    draw, describe,
    advance(state) {
      state.strength = Math.round((state.strength + 0.01) * 100) / 100;
      if (state.strength > 2) state.strength = 0;
      stage.show("strength");
    },
    restart(state) { state.strength = 0; stage.show("strength"); },
    solvers, problem,
  };
}
