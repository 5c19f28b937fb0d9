// A training run played back: where early stopping would end it, and what it would keep.

function early_stopping(stage) {
  const { train, val, accuracy, film, each } = stage.spec.data; // one number per epoch
  const belief = film && bytes(film.frames);
  const SLOW = Math.max(1, Math.round(240 / train.length)); // frames per epoch: 4 s in all
  let frames = 0;

  /** Walk along the epochs as the callback does. */
  function decide() {
    const { patience, delta, watched } = stage.state;
    const values = watched === "loss" ? val : accuracy.map((a) => -a);
    let [best, kept, waited, stop] = [Infinity, 0, 0, 0];
    for (let k = 0; k < values.length; k++) {
      if (values[k] < best - delta) [best, kept, waited] = [values[k], k, 0];
      else waited += 1;
      if (waited >= patience) { stop = k + 1; break; }
    }
    return { kept: kept + 1, stop };
  }

  function draw(pen) {
    const boxes = film ? pen.panels(3, 0, 300, 760) : [null, ...pen.panels(2, 0, 300)];
    if (film) drawPlane(pen, boxes[0]);
    const highest = Math.max(...val, ...train) * 1.05;
    const axes = drawCurve(pen, boxes[1], say("loss (nats)"), [0, highest],
      [[train, { color: "train" }], [val, { color: "val", dash: [6, 4] }]]);
    pen.key(axes, "top", [[say("training"), "train"], [say("validation"), "val"]]);
    const lower = Math.floor(10 * Math.min(...accuracy)) / 10;
    const scores = drawCurve(pen, boxes[2], say("validation accuracy"),
      [lower, Math.min(1, Math.max(...accuracy) + 0.05)],
      [[accuracy, { color: "val", dash: [6, 4] }]]);
    pen.key(scores, "bottom", [[say("dot: kept"), "test"], [say("dotted: stops"), "ink"]], "right");
  }

  function drawCurve(pen, box, title, y, rows) {
    const { kept, stop } = decide();
    const now = stage.state.epoch;
    const axes = pen.axes(box, { x: [0, train.length], y, title, xlabel: each });
    const epochs = train.map((_, k) => k + 1);
    for (const [values] of rows) axes.line(epochs, values, { color: "pale", width: 1.2 });
    for (const [values, look] of rows) {
      axes.line(epochs.slice(0, now), values.slice(0, now), look);
    }
    const [values] = rows[rows.length - 1];
    if (stop && now >= stop) axes.line([stop, stop], y, { color: "ink", dash: [2, 3] });
    if (now >= kept) axes.dot(kept, values[kept - 1], { color: "test", radius: 6, edge: "ink" });
    return axes;
  }

  /** The network after this epoch; once the run is stopped, the one that is kept. */
  function drawPlane(pen, box) {
    const { kept, stop } = decide();
    const stopped = stop > 0 && stage.state.epoch >= stop;
    const epoch = stopped ? kept : stage.state.epoch;
    const title = stopped ? say("stopped: back to {each} {kept}", { each, kept }) : say("after {each} {epoch}", { each, epoch });
    const axes = pen.axes(box, { ...film.extent, title, xlabel: say("feature 1") });
    const size = film.side ** 2;
    const shown = belief.subarray((epoch - 1) * size, epoch * size);
    drawField(axes, Float32Array.from(shown, (v) => v / 255), film.side, film.side);
    axes.inside(() => drawLabeled(axes, film.x, film.y, { radius: 3.5 }));
  }

  function describe() {
    const { kept, stop } = decide();
    const last = accuracy[accuracy.length - 1];
    const end = stop ? say("It stops after {each} {stop} and keeps", { each, stop }) : say("It never stops; it would keep");
    return say("{Each} {epoch}. {end} {each} {kept}: {percent} right, against {last} after "
      + "the last {each}.", {
        Each: each[0].toUpperCase() + each.slice(1), epoch: stage.state.epoch, end, each,
        kept, percent: percent(accuracy[kept - 1]), last: percent(last),
      });
  }

  function percent(share) { return `${(100 * share).toFixed(1)} %`; }

  function go(state, epoch) {
    state.epoch = Math.min(train.length, epoch);
    stage.show("epoch");
  }

  return {
    height: (width) => (film ? (width >= 760 ? 300 : 900) : width >= 620 ? 300 : 600),
    draw, describe, decide,
    changed(name) { if (name !== "epoch") go(stage.state, decide().stop || train.length); },
    restart(state) { go(state, 1); },
    step(state) { go(state, state.epoch + 1); },
    advance(state) {
      frames = (frames + 1) % SLOW;
      if (frames === 0) go(state, state.epoch + 1);
      return state.epoch < (decide().stop || train.length);
    },
  };
}
