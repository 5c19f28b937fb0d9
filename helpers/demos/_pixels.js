/** Numbers 0 … 255 out of base64. */
function bytes(text) { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); }

/** Draw gray values (side, side), each 0 … 255, into a square of the canvas. */
function drawGray(pen, values, side, x, y, size) {
  const image = document.createElement("canvas");
  image.width = image.height = side;
  const pixels = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) pixels.data.set([values[i], values[i], values[i], 255], 4 * i);
  image.getContext("2d").putImageData(pixels, 0, 0);
  pen.canvas.imageSmoothingEnabled = false;
  pen.canvas.drawImage(image, x, y, size, size);
}

/** Numbers of 32 bits out of base64. */
function floats(text) { return new Float32Array(bytes(text).buffer); }

/**
 * Paint a field of probabilities over axes: orange for one class, blue for the other,
 * the paler the less sure, with a line where it is undecided.
 *
 * @param {Axes} axes whose frame the field fills; the first row lies at the bottom.
 * @param {ArrayLike<number>} values (rows, columns), each 0 … 1.
 */
function drawField(axes, values, columns, rows) {
  const { left, right, top, bottom } = axes.box;
  const image = document.createElement("canvas");
  [image.width, image.height] = [columns, rows];
  const pixels = new ImageData(columns, rows);
  const [zero, one, middle] = [[77, 152, 217], [236, 148, 62], [244, 244, 244]];
  for (let i = 0; i < columns * rows; i++) {
    const sure = 2 * values[i] - 1;
    const end = sure > 0 ? one : zero;
    const at = 4 * ((rows - 1 - Math.floor(i / columns)) * columns + (i % columns));
    [0, 1, 2].forEach((c) => {
      pixels.data[at + c] = middle[c] + (end[c] - middle[c]) * 0.8 * Math.abs(sure);
    });
    pixels.data[at + 3] = 255;
  }
  image.getContext("2d").putImageData(pixels, 0, 0);
  const { canvas } = axes.pen;
  canvas.imageSmoothingEnabled = true;
  canvas.drawImage(image, left, top, right - left, bottom - top);
  for (const [from, to] of boundary(values, columns, rows)) {
    const place = ([x, y]) => [left + (right - left) * (x + 0.5) / columns,
      bottom - (bottom - top) * (y + 0.5) / rows];
    axes.pen.line([place(from), place(to)], { color: "#1b1b1b", width: 1.8 });
  }
}

/** Pieces of the line at one half, in cells: one triangle of points after the other. */
function boundary(values, columns, rows) {
  const found = [];
  const corner = (x, y) => ({ x, y, v: values[y * columns + x] - 0.5 });
  const cross = (a, b) => {
    const share = a.v / (a.v - b.v);
    return [a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)];
  };
  for (let y = 0; y + 1 < rows; y++) {
    for (let x = 0; x + 1 < columns; x++) {
      const [a, b, c, d] = [corner(x, y), corner(x + 1, y), corner(x, y + 1), corner(x + 1, y + 1)];
      for (const three of [[a, b, c], [b, d, c]]) {
        const ends = [[0, 1], [1, 2], [2, 0]]
          .filter(([i, j]) => (three[i].v > 0) !== (three[j].v > 0))
          .map(([i, j]) => cross(three[i], three[j]));
        if (ends.length === 2) found.push(ends);
      }
    }
  }
  return found;
}

/** Draw points of two classes: circles and squares, false labels with a black rim. */
function drawLabeled(axes, x, y, { radius = 4, wrong = [] } = {}) {
  y.forEach((label, j) => {
    axes.dot(x[2 * j], x[2 * j + 1], {
      radius, square: label > 0.5, color: label > 0.5 ? "#b35900" : "#0b4f85",
      edge: wrong[j] ? "#000000" : "#ffffff",
    });
  });
}
