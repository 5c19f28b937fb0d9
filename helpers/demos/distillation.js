// A teacher's answer at any temperature: what the label leaves out becomes visible.

function distillation(stage) {
  const { side, names, logits, labels } = stage.spec.data;
  const all = bytes(stage.spec.data.images);
  let direction = 1;

  function softened() {
    const z = logits[stage.state.image].map((value) => value / stage.state.temperature);
    const top = Math.max(...z);
    const e = z.map((value) => Math.exp(value - top));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((value) => value / sum);
  }

  function draw(pen) {
    const p = softened();
    const size = 132;
    const { image } = stage.state;
    pen.text(say("label: {name}", { name: names[labels[image]] }), 4, 16, { bold: true });
    drawGray(pen, all.subarray(image * side * side, (image + 1) * side * side), side, 4, 26, size);
    pen.text(say("blue: its label"), 4, size + 44, { color: "accent" });
    const narrow = pen.width < 560;
    const [left, top] = narrow ? [100, size + 64] : [size + 120, 10];
    const wide = pen.width - left - 60;
    names.forEach((name, k) => {
      const y = top + 26 * k;
      pen.text(name, left - 8, y + 14, { align: "right" });
      pen.fill(left, y, wide * p[k], 18, { color: k === labels[image] ? "accent" : "val" });
      pen.text(p[k] < 0.0005 ? p[k].toExponential(0) : p[k].toFixed(3), left + wide * p[k] + 6, y + 14, { color: "soft" });
    });
  }

  function entropy(p) { return -p.reduce((sum, v) => sum + (v > 0 ? v * Math.log(v) : 0), 0); }

  function describe() {
    const p = softened();
    const order = p.map((v, k) => [v, k]).sort((a, b) => b[0] - a[0]);
    const [first, second] = order;
    return say("At T = {temperature} the teacher says {name} with {first}, then {name2} with "
      + "{second}; entropy {entropy} nats.", {
        temperature: stage.state.temperature, name: names[first[1]],
        first: first[0].toFixed(3), name2: names[second[1]],
        second: second[0].toFixed(3), entropy: entropy(p).toFixed(2),
      });
  }

  return {
    height: (width) => (width < 560 ? 474 : 280),
    draw, describe, softened,
    advance(state) {
      state.temperature = Math.round((state.temperature + 0.1 * direction) * 10) / 10;
      if (state.temperature >= 20 || state.temperature <= 1) direction = -direction;
      stage.show("temperature");
    },
    restart(state) { state.temperature = 1; direction = 1; stage.show("temperature"); },
  };
}
