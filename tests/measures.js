// Functions for pages under test: widths of lines, what scrolls, contrast of words.
(() => {
  window.lines = (element) => {  // characters in each line of an element
    const rows = new Map(), walk = document.createTreeWalker(element, 4);
    for (let node; (node = walk.nextNode());) {
      for (let i = 0; i < node.length; i++) {
        const range = document.createRange();
        range.setStart(node, i); range.setEnd(node, i + 1);
        const box = range.getBoundingClientRect();
        const row = Math.round((box.top + box.bottom) / 16);
        if (box.width) rows.set(row, (rows.get(row) || 0) + 1);
      }
    }
    return [...rows.values()];
  };
  window.everything = function* (root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* everything(element.shadowRoot);
    }
  };
  window.scrolling = (root) => [...everything(root)].filter((e) =>
    e.clientWidth && e.scrollWidth > e.clientWidth + 1
    && /auto|scroll/.test(getComputedStyle(e).overflowX)
    && !e.closest(".cm-editor")).map((e) => e.outerHTML.slice(0, 120));
  const numbers = (color) => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const luminance = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const ground = (element) => {
    const found = [];
    for (let here = element; here; here = here.parentElement || here.getRootNode().host) {
      const color = numbers(getComputedStyle(here).backgroundColor);
      found.push(color);
      if (color[3] === 1) break;
    }
    return found.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  window.contrasts = (root) => {  // of all words that are shown: [ratio, words]
    const found = [];
    for (const element of everything(root)) {
      const words = [...element.childNodes].filter((n) => n.nodeType === 3)
        .map((n) => n.data.trim()).join(" ").trim();
      if (!words || !element.getClientRects().length) continue;
      if (/^(style|script|option)$/i.test(element.tagName)) continue;
      if (element.disabled) continue;
      const style = getComputedStyle(element), below = ground(element);
      let opacity = 1;
      for (let h = element; h; h = h.parentElement) opacity *= getComputedStyle(h).opacity;
      const ink = numbers(style.color);
      ink[3] *= opacity;
      const [a, b] = [luminance(over(ink, below)), luminance(below)].sort((x, y) => y - x);
      found.push([(a + 0.05) / (b + 0.05), words.slice(0, 60), element.outerHTML.slice(0, 90)]);
    }
    return found;
  };
})();
