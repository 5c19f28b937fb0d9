(spec) => {
  /* One panel in an output: see _panel.py. All texts in `spec` are HTML made there. */
  const host = [...document.querySelectorAll(`[id="${spec.name}"]`)]
    .find((found) => !found.shadowRoot);
  if (!host || !host.attachShadow) return;
  const root = host.attachShadow({ mode: "open" });
  const THEMES = {
    light: { ink: "#1b1b1b", soft: "#555555", paper: "#ffffff", line: "#8a8a8a",
      accent: "#1f5fa8", "on-accent": "#ffffff", right: "#00692c", wrong: "#a8321e",
      shade: "#f1f4f8" },
    dark: { ink: "#f0f0f0", soft: "#b8b8b8", paper: "#1b1b1b", line: "#8a8a8a",
      accent: "#8ab8f0", "on-accent": "#10202f", right: "#6fd694", wrong: "#ff9c87",
      shade: "#26303a" },
  };
  /** Return a text in the reader's language, with values in its {fields}. */
  const say = (text, values = {}) => (spec.said[text] || text)
    .replace(/\{(\w+)\}/g, (field, name) => (name in values ? values[name] : field));
  root.innerHTML = `<style>
    :host { display: block; color: var(--ink); font: 14px/1.5 system-ui, sans-serif;
      max-width: 46em; margin: 4px 0; }
    * { box-sizing: border-box; }
    p { margin: 4px 0; overflow-wrap: anywhere; }
    code, pre { font: 13px/1.4 ui-monospace, Menlo, Consolas, monospace; }
    code { background: var(--shade); padding: 0 3px; border-radius: 3px; }
    pre { background: var(--shade); padding: 8px; margin: 6px 0; overflow-x: auto;
      white-space: pre-wrap; }
    .box { border: 1px solid var(--line); border-radius: 6px; padding: 10px 12px;
      margin: 6px 0; background: var(--paper); }
    .asked { font-weight: 600; }
    .soft { color: var(--soft); }
    button { font: inherit; color: var(--ink); background: var(--paper);
      border: 1px solid var(--line); border-radius: 6px; padding: 4px 12px;
      cursor: pointer; text-align: left; overflow-wrap: anywhere; }
    button:hover { border-color: var(--accent); }
    button:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
    button[disabled] { cursor: default; opacity: .75; }
    button.main { background: var(--accent); color: var(--on-accent);
      border-color: var(--accent); font-weight: 600; }
    button.quiet { border-color: transparent; color: var(--soft);
      text-decoration: underline; background: none; }
    .row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center;
      margin-top: 8px; }
    .answers { display: grid; gap: 6px; margin: 8px 0 0; }
    .answers button { width: 100%; }
    .right { border-color: var(--right); border-width: 2px; }
    .wrong { border-color: var(--wrong); border-width: 2px; }
    .said { padding: 0 0 2px 12px; }
    .said.right, .said.wrong { border-width: 0 0 0 3px; border-style: solid; }
    .said.right b { color: var(--right); }
    .said.wrong b { color: var(--wrong); }
    .clock { font-variant-numeric: tabular-nums; font-weight: 600; }
    </style><div class="panel"></div><p class="note soft" role="status"></p>`;
  const panel = root.querySelector(".panel");
  const note = root.querySelector(".note");
  note.textContent = spec.note;

  /** Tell whether what lies behind an element is dark. */
  function isDark(element) {
    for (let here = element; here; here = here.parentElement) {
      const color = getComputedStyle(here).backgroundColor;
      const [r, g, b, a = 1] = (color.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
      if (a > 0.5) return 0.299 * r + 0.587 * g + 0.114 * b < 128;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches
      && getComputedStyle(document.documentElement).colorScheme.includes("dark");
  }

  function paint() {
    const theme = THEMES[isDark(host) ? "dark" : "light"];
    for (const [name, color] of Object.entries(theme)) {
      host.style.setProperty(`--${name}`, color);
    }
  }

  function watch() {
    const change = () => setTimeout(paint, 50);
    const what = { attributes: true, attributeFilter: ["class", "style",
      "data-theme", "data-jp-theme-light", "data-jp-theme-name", "data-mode"] };
    for (const element of [document.documentElement, document.body]) {
      new MutationObserver(change).observe(element, what);
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", change);
    paint();
    requestAnimationFrame(paint);
  }

  /* --- what was clicked, on its way to Python --- */

  const state = { count: 0 };
  const field = () => document.querySelector(`.${spec.name} input`);
  const again = say("Run this cell again to keep what you click, and to see what you did.");

  function keep(parts) {
    Object.assign(state, parts);
    if (!spec.kept) return;
    state.count += 1;
    const box = field();
    if (!box) { note.textContent = say("Not kept. {again}", { again }); return; }
    box.value = JSON.stringify(state);
    for (const name of ["input", "change"]) {
      box.dispatchEvent(new Event(name, { bubbles: true }));
    }
    confirm(state.count, Date.now());
  }

  function confirm(count, since) {
    if (count !== state.count) return; // a later click waits for its own answer
    const box = field();
    const waited = Date.now() - since;
    if (box && box.placeholder === String(count)) note.textContent = say("Kept.");
    else if (waited > 120000) note.textContent = say("Not kept. {again}", { again });
    else {
      if (waited > 3000) {
        note.textContent = say("Not kept yet: the kernel is busy, or has been closed. "
          + "If so, run this cell again.");
      }
      setTimeout(confirm, 100, count, since);
    }
  }

  /** Put away the error that stands for a lost field in a reopened notebook. */
  function tidy(left) {
    if (field()) return;
    const area = host.closest(".jp-OutputArea");
    for (const output of area ? area.querySelectorAll(".jp-OutputArea-child") : []) {
      if (/Error displaying widget|Error creating widget/.test(output.textContent)
          && !output.contains(host)) {
        output.style.display = "none";
      }
    }
    if (left) setTimeout(tidy, 500, left - 1);
    else if (!state.count) note.textContent = again;
  }

  /* --- pieces --- */

  function make(tag, options = {}, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name === "html") element.innerHTML = value;
      else if (name === "click") element.addEventListener("click", value);
      else element.setAttribute(name, value);
    }
    element.append(...inside);
    return element;
  }

  const button = (words, click, style = "") =>
    make("button", { type: "button", class: style, html: words, click });

  /** Show a question; `picked(index, answer)` hears each first click on an answer. */
  function ask(item, picked, { once = false } = {}) {
    const answers = make("div", { class: "answers", role: "group",
      "aria-label": say("answers") });
    const shown = new Set();
    const open = [];
    item.answers.forEach((answer, index) => {
      const style = answer.correct ? "right" : "wrong";
      const said = make("div", { class: "said", role: "status" });
      const choice = button(answer.text, () => {
        if (shown.has(index)) return;
        reveal();
        picked(index, answer);
        if (once) open.forEach((other) => { other.disabled = true; });
      });
      function reveal() {
        shown.add(index);
        choice.classList.add(style);
        choice.setAttribute("aria-pressed", "true");
        said.classList.add(style);
        const verdict = answer.correct ? say("Right.") : say("Not this one.");
        const words = answer.feedback.replace(/^Right[.:,]\s*/, "");
        const first = words.charAt(0).toUpperCase() + words.slice(1);
        said.innerHTML = `<b>${verdict}</b> ${first}`;
      }
      choice.reveal = reveal;
      open.push(choice);
      answers.append(choice, said);
    });
    const box = make("div", { class: "box" },
      make("p", { class: "asked", html: item.question }), answers);
    for (const index of item.picks || []) if (open[index]) open[index].reveal();
    return box;
  }

  const kinds = {
    /* questions: each answer explains itself; the first pick is what counts */
    questions() {
      const picks = Object.fromEntries(
        spec.items.map((item) => [item.id, [...(item.picks || [])]]));
      for (const item of spec.items) {
        panel.append(ask(item, (index) => {
          picks[item.id].push(index);
          keep({ picks });
        }));
      }
    },

    /* cards: think, turn, say whether you knew it */
    cards() {
      const turns = {};
      let at = 0;
      const box = make("div", { class: "box", "aria-live": "polite" });
      panel.append(box);
      function draw(focus) {
        box.replaceChildren();
        if (at >= spec.items.length) {
          const knew = Object.values(turns).filter(Boolean).length;
          const said = Object.keys(turns).length;
          box.append(make("p", { html: said
            ? say("{knew} of {said} known. The others come back tomorrow.", { knew, said })
            : say("Skipped. They come back the next time.") }));
          return;
        }
        const card = spec.items[at];
        box.append(
          make("p", { class: "soft",
            html: say("Card {at} of {count} · {from}", {
              at: at + 1, count: spec.items.length, from: card.from,
            }) }),
          make("p", { class: "asked", html: card.front }));
        const row = make("div", { class: "row" });
        const turn = button(say("Turn"), () => {
          box.insertBefore(make("p", { html: card.back }), row);
          const knew = button(say("Knew it"), () => next(true), "main");
          row.replaceChildren(knew, button(say("Not yet"), () => next(false)));
          knew.focus();
        }, "main");
        row.append(turn, button(say("Skip the cards"), () => {
          at = spec.items.length; draw(); }, "quiet"));
        box.append(row);
        if (focus) turn.focus();
        function next(known) {
          turns[card.id] = known;
          at += 1;
          draw(true);
          keep({ turns });
        }
      }
      draw(false);
    },

    /* challenge: ten questions against the clock */
    challenge() {
      const rounds = [];
      let best = spec.best;
      const box = make("div", { class: "box" });
      panel.append(box);
      const spoken = (seconds) => `${seconds.toFixed(1)} s`;
      const record = () => (best === null ? say("No best time yet.")
        : say("Best time: {time}.", { time: spoken(best) }));
      function lobby(words) {
        box.replaceChildren(
          make("p", { html: words }), make("p", { class: "soft", html: record() }),
          make("div", { class: "row" }, button(rounds.length ? say("Once more") : say("Start"),
            play, "main")));
      }
      function mixed(things) {
        const order = [...things];
        for (let i = order.length - 1; i > 0; i -= 1) {
          const j = Math.floor(Math.random() * (i + 1));
          [order[i], order[j]] = [order[j], order[i]];
        }
        return order;
      }
      function play() {
        const asked = mixed(spec.pool).slice(0, spec.count);
        const start = performance.now();
        let wrong = 0;
        let at = 0;
        const clock = make("span", { class: "clock" });
        const time = () => (performance.now() - start) / 1000 + wrong * spec.penalty;
        const tick = setInterval(() => {
          if (!host.isConnected) clearInterval(tick);
          clock.textContent = spoken(time());
        }, 100);
        function step() {
          if (at === asked.length) {
            clearInterval(tick);
            const seconds = Math.round(time() * 10) / 10;
            const isBest = best === null || seconds < best;
            if (isBest) best = seconds;
            rounds.push({ seconds, wrong });
            lobby(say("{time}, {wrong} wrong ({penalty} s each).{best}", {
              time: spoken(seconds), wrong, penalty: spec.penalty,
              best: isBest ? say(" Your best so far.") : "",
            }));
            box.querySelector("button").focus();
            keep({ rounds });
            return;
          }
          const item = asked[at];
          at += 1;
          const question = ask({ ...item, answers: mixed(item.answers) }, (_, answer) => {
            if (!answer.correct) wrong += 1;
            const go = button(at === asked.length ? say("Finish") : say("Next"), step, "main");
            question.append(make("div", { class: "row" }, go));
            go.focus();
          }, { once: true });
          box.replaceChildren(
            make("p", {}, say("Question {at} of {asked} · ", { at, asked: asked.length }), clock), question);
          const first = question.querySelector("button");
          if (at > 1) first.focus();
        }
        step();
      }
      lobby(spec.words);
    },

    /* mark: "come back to this" on one exercise */
    mark() {
      let marked = spec.marked;
      const toggle = button("", () => {
        marked = !marked;
        draw();
        keep({ marked });
      });
      function draw() {
        toggle.innerHTML = marked ? say("★ Marked: come back to this")
          : say("☆ Come back to this");
        toggle.setAttribute("aria-pressed", String(marked));
      }
      draw();
      panel.append(make("div", { class: "row" }, toggle,
        make("span", { class: "soft", html: spec.words })));
    },

    /* skip: something to read, put away by one click */
    skip() {
      const box = make("div", { class: "box", html: spec.html });
      box.append(make("div", { class: "row" }, button(say("Skip it"), () => {
        box.replaceChildren(make("p", { html: say("Skipped.") }));
        keep({ skipped: true });
      }, "quiet")));
      panel.append(box);
    },
  };

  kinds[spec.kind]();
  watch();
  if (spec.kept) setTimeout(tidy, 500, 12);
}
