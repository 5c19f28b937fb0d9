// Networks trained at many strengths from many seeds: where each draws its boundary.

function boundaries(stage) {
  const { strengths, seeds, columns, rows, extent, x, y, seen, fresh } = stage.spec.data;
  const all = bytes(stage.spec.data.frames);
  const SLOW = 30; // frames per network while it plays
  const lines = []; // per network, once it was asked for
  let frames = 0;

  const which = () => strengths.indexOf(stage.state.strength);

  function field(seed) {
    const at = (which() * seeds + seed) * columns * rows;
    return Float32Array.from(all.subarray(at, at + columns * rows), (v) => v / 255);
  }

  function line(seed) {
    const at = which() * seeds + seed;
    lines[at] = lines[at] || boundary(field(seed), columns, rows);
    return lines[at];
  }

  function draw(pen) {
    const [left, right] = pen.panels(2, 0, 340);
    const { strength, seed } = stage.state;
    const score = fresh[which()][seed];
    const axes = pen.axes(left, {
      ...extent, title: say("L2 {strength}, seed {seed}: {percent} of new points right", {
          strength, seed, percent: percent(score),
        }),
      xlabel: say("feature 1"), ylabel: say("feature 2"),
    });
    drawField(axes, field(seed), columns, rows);
    axes.inside(() => drawLabeled(axes, x, y, { radius: 3.5 }));
    const every = pen.axes(right, {
      ...extent, title: say("the boundaries of all {seeds} seeds", { seeds }), xlabel: say("feature 1"),
      ylabel: say("feature 2"),
    });
    for (let k = 0; k < seeds; k++) {
      const look = k === seed ? { color: "val", width: 3 } : { color: "accent", width: 1.3 };
      drawBoundary(every, line(k), columns, rows, look);
    }
  }

  function percent(share) { return `${(100 * share).toFixed(1)} %`; }

  function describe() {
    const [s, { strength, seed }] = [which(), stage.state];
    const mean = fresh[s].reduce((a, b) => a + b, 0) / seeds;
    return say("At L2 {strength} seed {seed} has {percent} of its training points right and "
      + "{percent2} of new ones; over all seeds {percent3} of new points are right.", {
        strength, seed, percent: percent(seen[s][seed]),
        percent2: percent(fresh[s][seed]), percent3: percent(mean),
      });
  }

  function step(state) {
    state.strength = strengths[(which() + 1) % strengths.length];
    stage.show("strength");
  }

  /** The boundary of the chosen network, in the plane. */
  function pieces() {
    const at = ([px, py]) => [[px, columns, extent.x], [py, rows, extent.y]]
      .map(([cell, count, [low, high]]) => low + (high - low) * (cell + 0.5) / count);
    return line(stage.state.seed).map((ends) => ends.map(at));
  }

  return {
    pieces,
    height: (width) => (width >= 620 ? 340 : 680),
    draw, describe, step,
    restart(state) { state.strength = strengths[0]; stage.show("strength"); },
    advance(state) {
      frames = (frames + 1) % SLOW;
      if (frames === 0) step(state);
    },
  };
}
