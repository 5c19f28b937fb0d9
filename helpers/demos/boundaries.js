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
      ...extent, title: `L2 ${strength}, seed ${seed}: ${percent(score)} of new points right`,
      xlabel: "feature 1", ylabel: "feature 2",
    });
    drawField(axes, field(seed), columns, rows);
    axes.inside(() => drawLabeled(axes, x, y, { radius: 3.5 }));
    const every = pen.axes(right, {
      ...extent, title: `the boundaries of all ${seeds} seeds`, xlabel: "feature 1",
      ylabel: "feature 2",
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
    return `At L2 ${strength} seed ${seed} has ${percent(seen[s][seed])} of its training points `
      + `right and ${percent(fresh[s][seed])} of new ones; over all seeds `
      + `${percent(mean)} of new points are right.`;
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
