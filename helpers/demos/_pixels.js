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
