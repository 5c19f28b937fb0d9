// Two pictures become one: mixup's fade, CutMix's box, Cutout's hole, and their targets.

function mixup_cutmix(stage) {
  const { side, labels, names } = stage.spec.data;
  const all = bytes(stage.spec.data.images);
  const picture = (k) => all.subarray(k * side * side, (k + 1) * side * side);
  let direction = 1;

  const chosen = () => [2 * stage.state.pair - 2, 2 * stage.state.pair - 1];

  /** The box of Yun 2019, as the exercise asks for it: clipped at the border. */
  function box() {
    const half = Math.floor((side * Math.sqrt(1 - stage.state.lambda)) / 2);
    const [cy, cx] = [stage.state.down, stage.state.across];
    const clip = (value) => Math.max(0, Math.min(side, value));
    return [clip(cy - half), clip(cy + half), clip(cx - half), clip(cx + half)];
  }

  /** Return the mixed picture and the first picture's weight in the target. */
  function mixed() {
    const [first, second] = chosen().map(picture);
    if (stage.state.method === "mixup") {
      const { lambda } = stage.state;
      return { values: first.map((v, i) => Math.round(lambda * v + (1 - lambda) * second[i])), weight: lambda };
    }
    const [y1, y2, x1, x2] = box();
    const values = Uint8Array.from(first);
    const cutout = stage.state.method === "cutout";
    for (let y = y1; y < y2; y++) {
      for (let x = x1; x < x2; x++) values[y * side + x] = cutout ? 0 : second[y * side + x];
    }
    return { values, weight: cutout ? 1 : 1 - ((y2 - y1) * (x2 - x1)) / (side * side) };
  }

  function draw(pen) {
    const { values, weight } = mixed();
    const [first, second] = chosen();
    const size = Math.min(200, (pen.width - 40) / 3);
    const shown = [[picture(first), names[labels[first]]], [picture(second), names[labels[second]]], [values, say("what the network sees")]];
    shown.forEach(([image, words], i) => {
      const x = 4 + i * (size + 16);
      pen.text(words, x + size / 2, 16, { align: "center", bold: i === 2 });
      drawGray(pen, image, side, x, 24, size);
      if (stage.state.method !== "mixup" && i) drawBox(pen, x, 24, size / side);
    });
    stage.place = { left: 4 + 2 * (size + 16), top: 24, scale: size / side };
    const below = { x: 0, y: size + 32, w: Math.min(pen.width, 3 * size + 60), h: 150 };
    drawTarget(pen, below, [labels[first], labels[second]], weight);
  }

  function drawBox(pen, left, top, scale) {
    const [y1, y2, x1, x2] = box().map((edge) => edge * scale);
    const corners = [[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]];
    pen.line(corners.map(([x, y]) => [left + x, top + y]), { color: "val", width: 2 });
  }

  /** Dragging in the mixed picture moves the box. */
  function drag(event) {
    if (event.type === "pointermove" && !event.buttons) return;
    const { left, top, scale } = stage.place;
    const rect = stage.screen.getBoundingClientRect();
    const at = [(event.clientX - rect.left - left) / scale, (event.clientY - rect.top - top) / scale];
    if (at.some((v) => v < 0 || v >= side)) return;
    ["across", "down"].forEach((name, d) => {
      stage.state[name] = Math.floor(at[d]);
      stage.show(name);
    });
    stage.redraw();
  }
  stage.screen.addEventListener("pointerdown", drag);
  stage.screen.addEventListener("pointermove", drag);

  function drawTarget(pen, place, [a, b], weight) {
    const target = names.map((_, k) => (k === a ? weight : 0) + (k === b ? 1 - weight : 0));
    const left = place.x + 96;
    pen.text(say("target"), place.x + 4, place.y + 16, { bold: true });
    const rows = a === b ? [a] : [a, b];
    rows.forEach((k, i) => {
      const y = place.y + 30 + 34 * i;
      pen.text(names[k], left - 8, y + 16, { align: "right" });
      pen.fill(left, y, (place.w - left - 60) * target[k], 22, { color: i ? "val" : "accent" });
      pen.text(target[k].toFixed(2), left + (place.w - left - 60) * target[k] + 6, y + 16);
    });
  }

  function describe() {
    const { weight } = mixed();
    const [a, b] = chosen().map((k) => names[labels[k]]);
    if (stage.state.method === "cutout") return say("A square is missing; the target stays {a}.", { a });
    return say("The target is {weight} {a} and {weight2} {b}.", {
        weight: weight.toFixed(2), a, weight2: (1 - weight).toFixed(2), b,
      });
  }

  return {
    height: (width) => Math.min(200, (width - 40) / 3) + 150,
    draw, describe, mixed, box,
    advance(state) {
      state.lambda = Math.round((state.lambda + 0.01 * direction) * 100) / 100;
      if (state.lambda >= 1 || state.lambda <= 0) direction = -direction;
      stage.show("lambda");
    },
    restart(state) { state.lambda = 1; direction = -1; stage.show("lambda"); },
  };
}
