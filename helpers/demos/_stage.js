// The stage of every demo: controls, play and step, a canvas, words for those who listen.
//
// A demo is `make(stage) -> {draw(pen, state), describe(state), advance?(state), ...}`.
// It lives in a shadow root, so that no page's style reaches it, and needs no kernel.

const STYLE = `
:host { display: block; color: var(--ink); font: 14px/1.4 system-ui, sans-serif; }
.demo { max-width: 980px; }
.controls { display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: end;
  margin: 4px 0 8px; }
.controls > label, .controls > fieldset { display: grid; gap: 2px; min-width: 118px; }
.controls > fieldset { display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: end;
  border: 0; border-top: 1px solid var(--grid); padding: 2px 0 0; margin: 0;
  flex-basis: 100%; }
legend { padding: 0 8px 0 0; font-weight: 600; }
fieldset > label { display: grid; gap: 2px; }
output { font-variant-numeric: tabular-nums; font-weight: 600; }
input[type=range] { width: 132px; margin: 0; accent-color: var(--accent); }
select, button { font: inherit; color: var(--ink); background: var(--paper);
  border: 1px solid var(--edge); border-radius: 5px; padding: 3px 10px; }
button { cursor: pointer; min-height: 30px; }
button[hidden] { display: none; }
button:hover, select:hover { border-color: var(--accent); }
button.main { background: var(--accent); border-color: var(--accent);
  color: var(--on-accent); font-weight: 600; min-width: 76px; }
:is(button, select, input, canvas):focus-visible { outline: 3px solid var(--accent);
  outline-offset: 2px; }
canvas { display: block; width: 100%; touch-action: pan-y; border-radius: 4px; }
.words { margin: 6px 0 0; min-height: 1.4em; }
.note { margin: 4px 0 0; color: var(--soft); }
`;

const LIGHT = {
  ink: "#1b1b1b", soft: "#595959", edge: "#8a8a8a", paper: "#ffffff", grid: "#dedede",
  accent: "#0b63a5", "on-accent": "#ffffff", train: "#0b63a5", val: "#b35900",
  test: "#0a7a50", other: "#a3378a", pale: "#c9c9c9",
};
const DARK = {
  ink: "#f0f0f0", soft: "#b5b5b5", edge: "#8f8f8f", paper: "#1c1c1c", grid: "#3c3c3c",
  accent: "#6db7f2", "on-accent": "#10202c", train: "#6db7f2", val: "#ffab5e",
  test: "#5fd0a0", other: "#ee9bd8", pale: "#555555",
};

/** Tell whether what lies behind an element is dark. */
function isDark(element) {
  let here = element;
  while (here) {
    const color = getComputedStyle(here).backgroundColor;
    const [r, g, b, a = 1] = (color.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    if (a > 0.5) return 0.299 * r + 0.587 * g + 0.114 * b < 128;
    here = here.parentElement || (here.getRootNode() && here.getRootNode().host);
  }
  return matchMedia("(prefers-color-scheme: dark)").matches
    && getComputedStyle(document.documentElement).colorScheme.includes("dark");
}

/** One set of axes on a canvas: numbers in, ink out. */
class Axes {
  constructor(pen, box, options) {
    const { x, y, title = "", xlabel = "", ylabel = "", log = false, logx = false } = options;
    Object.assign(this, { pen, x, y, log, logx });
    const [left, top] = [box.x + (ylabel ? 62 : 44), box.y + (title ? 24 : 8)];
    this.box = {
      left, top, right: box.x + box.w - 14, bottom: box.y + box.h - (xlabel ? 36 : 20),
    };
    this.frame(title, xlabel, ylabel);
  }

  px(value) {
    const { left, right } = this.box;
    const bend = this.logx ? (v) => Math.log10(Math.max(v, this.x[0])) : (v) => v;
    const [low, high] = this.x.map(bend);
    return left + ((bend(value) - low) / (high - low)) * (right - left);
  }

  py(value) {
    const { top, bottom } = this.box;
    const bend = this.log ? (v) => Math.log10(Math.max(v, this.y[0])) : (v) => v;
    const [low, high] = this.y.map(bend);
    return bottom - ((bend(value) - low) / (high - low)) * (bottom - top);
  }

  unx(pixel) {
    const { left, right } = this.box;
    return this.x[0] + ((pixel - left) / (right - left)) * (this.x[1] - this.x[0]);
  }

  uny(pixel) {
    const { top, bottom } = this.box;
    return this.y[0] + ((bottom - pixel) / (bottom - top)) * (this.y[1] - this.y[0]);
  }

  frame(title, xlabel, ylabel) {
    const { pen } = this;
    const { left, right, top, bottom } = this.box;
    pen.text(title, (left + right) / 2, top - 9, { bold: true, align: "center" });
    pen.text(xlabel, (left + right) / 2, bottom + 31, { align: "center" });
    if (ylabel) pen.text(ylabel, left - 48, (top + bottom) / 2, { turn: true });
    const draw = (ends, at) => {
      pen.line(ends, { color: "grid", width: 1 });
      return at;
    };
    const columns = this.logx ? decades(...this.x)
      : ticks(this.x[0], this.x[1], (right - left) / 70);
    for (const value of columns) {
      const at = draw([[this.px(value), top], [this.px(value), bottom]], this.px(value));
      pen.text(short(value), at, bottom + 15, { align: "center", color: "soft" });
    }
    const rows = this.log ? decades(...this.y)
      : ticks(this.y[0], this.y[1], (bottom - top) / 42);
    for (const value of rows) {
      const at = draw([[left, this.py(value)], [right, this.py(value)]], this.py(value));
      pen.text(short(value), left - 5, at + 4, { align: "right", color: "soft" });
    }
  }

  line(xs, ys, options = {}) {
    const points = [];
    for (let i = 0; i < xs.length; i++) {
      if (Number.isFinite(ys[i])) points.push([this.px(xs[i]), this.py(ys[i])]);
    }
    this.inside(() => this.pen.line(points, options));
  }

  dot(x, y, options = {}) { this.pen.dot(this.px(x), this.py(y), options); }

  bar(x, width, height, options = {}) {
    const [from, to] = [this.px(x - width / 2), this.px(x + width / 2)];
    const zero = this.py(Math.max(this.y[0], 0));
    this.inside(() => this.pen.fill(from, this.py(height), to - from,
      zero - this.py(height), options));
  }

  inside(draw) {
    const { canvas } = this.pen;
    const { left, right, top, bottom } = this.box;
    canvas.save();
    canvas.beginPath();
    canvas.rect(left, top, right - left, bottom - top);
    canvas.clip();
    draw();
    canvas.restore();
  }
}

function ticks(low, high, wanted) {
  const raw = (high - low) / Math.max(1, wanted);
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * size).find((s) => s >= raw);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    found.push(k * step);
  }
  return found;
}

function decades(low, high) {
  const found = [];
  for (let k = Math.ceil(Math.log10(low) - 1e-9); 10 ** k <= high * 1.0001; k++) {
    found.push(10 ** k);
  }
  return found;
}

/** Return a text in the reader's language, with values in its {fields}; see fragment(). */
function say(text, values = {}) {
  return (SAID[text] || text)
    .replace(/\{(\w+)\}/g, (field, name) => (name in values ? values[name] : field));
}

function short(value) {
  const rounded = Number(value.toPrecision(6));
  return Math.abs(rounded) >= 1e5 || (rounded && Math.abs(rounded) < 1e-3)
    ? rounded.toExponential(0).replace("e+", "e") : String(rounded);
}

const FONT = "12.5px system-ui, sans-serif";

/** Draws in CSS pixels; colors are names of the theme, or CSS colors. */
class Pen {
  constructor(element, theme) {
    this.element = element;
    this.canvas = element.getContext("2d");
    this.theme = theme;
  }

  size(width, height) {
    const dense = Math.max(1, devicePixelRatio || 1);
    const [w, h] = [Math.round(width * dense), Math.round(height * dense)];
    if (this.element.width !== w || this.element.height !== h) {
      Object.assign(this.element, { width: w, height: h });
      this.element.style.height = `${height}px`;
    }
    this.canvas.setTransform(dense, 0, 0, dense, 0, 0);
    this.canvas.clearRect(0, 0, width, height);
    Object.assign(this, { width, height });
  }

  color(name) { return this.theme[name] || name; }

  line(points, { color = "ink", width = 2, dash = [] } = {}) {
    const { canvas } = this;
    canvas.beginPath();
    points.forEach(([x, y], i) => (i ? canvas.lineTo(x, y) : canvas.moveTo(x, y)));
    canvas.strokeStyle = this.color(color);
    canvas.lineWidth = width;
    canvas.setLineDash(dash);
    canvas.stroke();
    canvas.setLineDash([]);
  }

  /** Many lines of two points each, in one go. */
  pieces(lines, { color = "ink", width = 2 } = {}) {
    const { canvas } = this;
    canvas.beginPath();
    for (const [[x, y], [toX, toY]] of lines) {
      canvas.moveTo(x, y);
      canvas.lineTo(toX, toY);
    }
    canvas.strokeStyle = this.color(color);
    canvas.lineWidth = width;
    canvas.stroke();
  }

  dot(x, y, { color = "ink", radius = 4, hollow = false, square = false, edge } = {}) {
    const { canvas } = this;
    canvas.beginPath();
    if (square) canvas.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    else canvas.arc(x, y, radius, 0, 2 * Math.PI);
    if (!hollow) {
      canvas.fillStyle = this.color(color);
      canvas.fill();
    }
    if (hollow || edge) {
      canvas.strokeStyle = this.color(hollow ? color : edge);
      canvas.lineWidth = hollow ? 2 : 1;
      canvas.stroke();
    }
  }

  fill(x, y, w, h, { color = "accent", opacity = 1 } = {}) {
    this.canvas.globalAlpha = opacity;
    this.canvas.fillStyle = this.color(color);
    this.canvas.fillRect(x, y, w, h);
    this.canvas.globalAlpha = 1;
  }

  text(words, x, y, { align = "left", color = "ink", bold = false, turn = false } = {}) {
    if (!words) return;
    const { canvas } = this;
    canvas.font = `${bold ? "600 " : ""}${FONT}`;
    canvas.fillStyle = this.color(color);
    canvas.textAlign = turn ? "center" : align;
    if (turn) {
      canvas.save();
      canvas.translate(x, y);
      canvas.rotate(-Math.PI / 2);
      canvas.fillText(words, 0, 0);
      canvas.restore();
    } else {
      canvas.fillText(words, x, y);
    }
  }

  axes(box, options) { return new Axes(this, box, options); }

  /**
   * Say what the marks mean, one under the other in a corner, on a ground of their own.
   *
   * @param {Axes} axes in whose frame the words stand.
   * @param {"top"|"bottom"} end of the frame.
   * @param {[string, string][]} entries words and their color.
   * @param {"left"|"right"} side of the frame.
   */
  key(axes, end, entries, side = "left") {
    const { left, right, top, bottom } = axes.box;
    this.canvas.font = FONT;
    const width = Math.max(...entries.map(([words]) => this.canvas.measureText(words).width)) + 12;
    const height = 16 * entries.length + 6;
    const x = side === "left" ? left + 4 : right - width - 4;
    const y = end === "top" ? top + 4 : bottom - height - 4;
    this.fill(x, y, width, height, { color: "paper", opacity: 0.85 });
    entries.forEach(([words, color], i) => this.text(words, x + 6, y + 15 + 16 * i, { color }));
  }

  /** Divide the canvas: side by side where there is room, else one below the other. */
  panels(count, top, height, narrow = 620) {
    const columns = this.width >= narrow ? count : 1;
    const w = this.width / columns;
    return Array.from({ length: count }, (_, i) => ({
      x: (i % columns) * w, y: top + Math.floor(i / columns) * height, w, h: height,
    }));
  }
}

/** One demo on its page. */
class Stage {
  constructor(host, spec, make) {
    Object.assign(this, { host, spec, playing: false, state: {} });
    for (const control of spec.controls) this.state[control.name] = control.value;
    this.root = host.shadowRoot || host.attachShadow({ mode: "open" });
    this.root.innerHTML = `<style>${STYLE}</style><div class="demo" role="group"></div>`;
    this.body = this.root.querySelector(".demo");
    this.body.setAttribute("aria-label", spec.title);
    this.bar = this.add("div", { className: "controls" });
    this.screen = this.add("canvas");
    this.screen.setAttribute("role", "img");
    this.words = this.add("p", { className: "words" });
    this.words.setAttribute("aria-live", "polite");
    this.pen = new Pen(this.screen, LIGHT);
    this.demo = make(this);
    this.buildControls();
    this.follow();
    this.redraw();
  }

  add(kind, properties = {}, parent = this.body) {
    return parent.appendChild(Object.assign(document.createElement(kind), properties));
  }

  buildControls() {
    if (this.demo.advance) {
      this.playButton = this.button(say("Play"), () => this.toggle(), "main");
      this.button(say("Step"), () => {
        this.pause();
        if (this.demo.step) { this.demo.step(this.state); this.paint(); } else this.advance();
      });
      this.button(say("Start again"), () => { this.pause(); this.restart(); });
    }
    for (const control of this.spec.controls) this.inputs(control);
    this.actions = (this.demo.actions || []).map(([words, run, when]) => {
      const button = this.button(words, () => { run(); this.redraw(); });
      return { button, when };
    });
  }

  /** Where a control stands: in the group that it names, else in the bar. */
  group(name) {
    if (!name) return this.bar;
    this.groups = this.groups || {};
    if (!this.groups[name]) {
      this.groups[name] = this.add("fieldset", {}, this.bar);
      this.add("legend", { textContent: name }, this.groups[name]);
    }
    return this.groups[name];
  }

  button(words, run, className = "") {
    const button = this.add("button", { textContent: words, className, type: "button" },
      this.bar);
    button.addEventListener("click", () => { this.flush(); run(); });
    return button;
  }

  inputs(control) {
    const label = this.add("label", {}, this.group(control.group));
    const head = this.add("span", { textContent: control.label }, label);
    const set = (value) => this.set(control, value);
    if (control.type === "choice") {
      const input = this.add("select", {}, label);
      for (const [value, words] of control.options) {
        this.add("option", { value: String(value), textContent: words }, input);
      }
      input.selectedIndex = control.options.findIndex(([v]) => v === control.value);
      input.addEventListener("change", () => set(control.options[input.selectedIndex][0]));
      control.show = (value) => {
        input.selectedIndex = control.options.findIndex(([v]) => v === value);
      };
    } else {
      const values = control.values; // a list of stops, or min, max and step
      const range = values ? { min: 0, max: values.length - 1, step: 1 } : control;
      const at = (value) => (values ? values.indexOf(value) : value);
      head.append(" ");
      const shown = this.add("output", {}, head);
      const input = this.add("input", { type: "range" }, label);
      Object.assign(input, { min: range.min, max: range.max, step: range.step });
      control.show = (value) => {
        input.value = at(value);
        shown.textContent = short(value);
        input.setAttribute("aria-valuetext", short(value));
      };
      control.show(control.value);
      input.addEventListener("input", () => {
        const value = values ? values[input.valueAsNumber] : input.valueAsNumber;
        control.show(value);
        this.slide(control, value);
      });
    }
  }

  set(control, value) {
    this.flush();
    this.state[control.name] = value;
    if (this.demo.changed) this.demo.changed(control.name, value);
    this.redraw();
  }

  /** A slider moves more often than the picture can: once per frame is enough. */
  slide(control, value) {
    this.state[control.name] = value;
    this.moved = this.moved || new Set();
    if (!this.moved.size) requestAnimationFrame(() => this.flush());
    this.moved.add(control);
  }

  /** Do now what the sliders' moves ask for; rough pictures are fine until they rest. */
  flush() { if (this.settle()) this.redraw(); }

  settle() {
    const moved = [...(this.moved || [])];
    if (!moved.length) return false;
    this.moved.clear();
    this.rough = true;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 150);
    for (const { name } of moved) {
      if (this.demo.changed) this.demo.changed(name, this.state[name]);
    }
    return true;
  }

  /** Nothing moves any more: a demo with rough pictures draws its best one. */
  rest() {
    this.rough = this.playing;
    if (!this.demo.refine || this.rough) return;
    this.demo.refine();
    this.paint();
  }

  /** Take over a whole setting, such as one that came with a link. */
  load(state) {
    for (const control of this.spec.controls) {
      if (!(control.name in state)) continue;
      this.state[control.name] = state[control.name];
      control.show(state[control.name]);
    }
    this.restart();
  }

  /** Let a control show a value that the script has changed. */
  show(name) {
    this.spec.controls.find((control) => control.name === name).show(this.state[name]);
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  play() {
    this.playing = this.rough = true;
    this.playButton.textContent = say("Pause");
    this.words.setAttribute("aria-live", "off"); // the words change twice a second now
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const next = calm ? (run) => setTimeout(run, 500) : requestAnimationFrame;
    const frame = () => {
      if (!this.host.isConnected) this.pause(); // a notebook took the output away
      if (!this.playing) return;
      if (!this.hidden && !this.advance(calm ? 30 : 1)) this.pause();
      this.tell();
      next(frame);
    };
    next(frame);
  }

  pause() {
    this.playing = false;
    if (this.playButton) this.playButton.textContent = say("Play");
    this.words.setAttribute("aria-live", "polite");
    this.rest();
    this.say();
  }

  /** While it plays, keep the words up to date, but readable. */
  tell() {
    if (!this.playing || performance.now() - (this.told || 0) < 500) return;
    this.told = performance.now();
    this.words.textContent = this.demo.describe(this.state);
  }

  /** Go on by some frames, paint the last; return false at the end. */
  advance(frames = 1) {
    this.settle();
    let more = true;
    for (let k = 0; more && k < frames; k++) {
      more = this.demo.advance(this.state) !== false;
    }
    this.paint();
    return more;
  }

  restart() {
    if (this.demo.restart) this.demo.restart(this.state);
    this.redraw();
  }

  redraw() {
    for (const { button, when } of this.actions || []) button.hidden = when && !when(this.state);
    this.paint();
    this.say();
  }

  paint() {
    this.settle();
    const width = Math.min(980, this.body.clientWidth || 640);
    this.pen.size(width, this.demo.height(width, this.state));
    this.demo.draw(this.pen, this.state);
  }

  /** Say what the picture shows; not sixty times a second. */
  say() {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      const words = this.demo.describe(this.state);
      this.words.textContent = words;
      this.screen.setAttribute("aria-label", `${this.spec.alt} ${words}`);
    }, this.words.textContent ? 150 : 0);
  }

  /** Follow the page's theme and width, and rest while nobody looks. */
  follow() {
    const dress = () => {
      const theme = isDark(this.host) ? DARK : LIGHT;
      for (const [name, color] of Object.entries(theme)) {
        this.host.style.setProperty(`--${name}`, color);
      }
      this.pen.theme = theme;
    };
    const again = () => { dress(); if (this.demo) this.paint(); };
    dress();
    new ResizeObserver(() => this.paint()).observe(this.body);
    const watched = { attributes: true, attributeFilter: ["class", "style",
      "data-theme", "data-jp-theme-light", "data-mode"] };
    const observer = new MutationObserver(again);
    observer.observe(document.documentElement, watched);
    observer.observe(document.body, watched);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new IntersectionObserver(([entry]) => { this.hidden = !entry.isIntersecting; })
      .observe(this.host);
  }
}
