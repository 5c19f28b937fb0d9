/** Numbers 0 … 255 out of base64. */
function bytes(text) { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); }

const SHEETS = new Map();

/** An image of a size to paint into and to draw at once; one for all of that size. */
function sheet(columns, rows) {
  const name = `${columns} ${rows}`;
  if (!SHEETS.has(name)) {
    const image = document.createElement("canvas");
    [image.width, image.height] = [columns, rows];
    const context = image.getContext("2d");
    const pixels = new ImageData(columns, rows);
    pixels.data.fill(255);
    const put = () => { context.putImageData(pixels, 0, 0); return image; };
    SHEETS.set(name, { data: pixels.data, put });
  }
  return SHEETS.get(name);
}

/** Draw gray values (side, side), each 0 … 255, into a square of the canvas. */
function drawGray(pen, values, side, x, y, size) {
  const { data, put } = sheet(side, side);
  for (let i = 0; i < side * side; i++) {
    data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = values[i];
  }
  pen.canvas.imageSmoothingEnabled = false;
  pen.canvas.drawImage(put(), x, y, size, size);
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
  const { data, put } = sheet(columns, rows);
  const [zero, one, middle] = [[77, 152, 217], [236, 148, 62], [244, 244, 244]];
  for (let i = 0; i < columns * rows; i++) {
    const sure = 2 * values[i] - 1;
    const end = sure > 0 ? one : zero;
    const at = 4 * ((rows - 1 - Math.floor(i / columns)) * columns + (i % columns));
    const share = 0.8 * Math.abs(sure);
    for (let c = 0; c < 3; c++) data[at + c] = middle[c] + (end[c] - middle[c]) * share;
  }
  const { canvas } = axes.pen;
  canvas.imageSmoothingEnabled = true;
  canvas.drawImage(put(), left, top, right - left, bottom - top);
  drawBoundary(axes, boundary(values, columns, rows), columns, rows,
    { color: "#1b1b1b", width: 1.8 });
}

/** Draw pieces of a line that are given in cells. */
function drawBoundary(axes, pieces, columns, rows, look) {
  const { left, right, top, bottom } = axes.box;
  const place = ([x, y]) => [left + (right - left) * (x + 0.5) / columns,
    bottom - (bottom - top) * (y + 0.5) / rows];
  axes.pen.pieces(pieces.map((ends) => ends.map(place)), look);
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
      const at = y * columns + x;
      const above = (values[at] > 0.5) + (values[at + 1] > 0.5)
        + (values[at + columns] > 0.5) + (values[at + columns + 1] > 0.5);
      if (above % 4 === 0) continue; // most cells lie wholly on one side
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
