// A small network for two classes in the plane, in double precision: no page needed.
//
// Everything is what torch does with the same numbers: nn.Linear, tanh or ReLU, inverted
// dropout, binary cross-entropy on the logit, AdamW, and the proximal step of L1. A test
// trains both from the same weights on the same batches and compares the losses.

/** Layers as flat arrays: weight (out, in) by rows, bias (out). */
class Network {
  /**
   * @param {number[]} sizes widths from input to output, e.g. [2, 16, 16, 1].
   * @param {"tanh"|"relu"} activation of the hidden layers.
   * @param {Coins} coins draw the weights as nn.Linear does: uniform in ±1/sqrt(in).
   */
  constructor(sizes, activation, coins) {
    this.sizes = sizes;
    this.activation = activation;
    this.layers = [];
    for (let k = 1; k < sizes.length; k++) {
      const [inputs, outputs] = [sizes[k - 1], sizes[k]];
      const bound = 1 / Math.sqrt(inputs);
      const draw = () => bound * (2 * coins.uniform() - 1);
      this.layers.push({
        inputs, outputs,
        weight: Float64Array.from({ length: inputs * outputs }, draw),
        bias: Float64Array.from({ length: outputs }, draw),
      });
    }
  }

  copy() {
    const twin = Object.create(Network.prototype);
    twin.sizes = this.sizes;
    twin.activation = this.activation;
    twin.layers = this.layers.map((layer) => ({
      ...layer, weight: layer.weight.slice(), bias: layer.bias.slice(),
    }));
    return twin;
  }

  parameters() { return this.layers.flatMap((layer) => [layer.weight, layer.bias]); }

  weights() { return this.layers.map((layer) => layer.weight); }

  /**
   * Return the logits of n points; keep what `backward` needs.
   *
   * @param {Float64Array} x points (n, 2) by rows.
   * @param {number} n how many.
   * @param {?Float64Array[]} masks per hidden layer (n, width): 0, or 1/(1-p).
   */
  forward(x, n, masks = null) {
    this.kept = [x];
    let h = x;
    const last = this.layers.length - 1;
    this.layers.forEach((layer, k) => {
      const { inputs, outputs, weight, bias } = layer;
      const out = affine(h, n, inputs, outputs, weight, bias);
      if (k < last) {
        this.bendAll(out);
        this.kept.push(out); // before dropout: the bend's slope follows from it
        h = masks ? out.map((value, at) => value * masks[k][at]) : out;
        this.kept.push(h);
      } else {
        h = out;
      }
    });
    return h;
  }

  bendAll(values) {
    if (this.activation === "tanh") {
      for (let i = 0; i < values.length; i++) values[i] = Math.tanh(values[i]);
    } else {
      for (let i = 0; i < values.length; i++) values[i] = values[i] > 0 ? values[i] : 0;
    }
  }

  slope(bent) {
    if (this.activation === "tanh") return 1 - bent * bent;
    return bent > 0 ? 1 : 0;
  }

  /** Return the gradients of all parameters, from the loss's gradient by the logits. */
  backward(gradient, n, masks = null) {
    const found = new Array(2 * this.layers.length);
    let g = gradient; // (n, outputs)
    for (let k = this.layers.length - 1; k >= 0; k--) {
      const { inputs, outputs, weight } = this.layers[k];
      const input = this.kept[2 * k];
      const [dw, db] = [new Float64Array(weight.length), new Float64Array(outputs)];
      const below = k > 0 ? new Float64Array(n * inputs) : null;
      for (let i = 0; i < n; i++) {
        const from = i * inputs;
        for (let o = 0; o < outputs; o++) {
          const here = g[i * outputs + o];
          if (here === 0) continue;
          const row = o * inputs;
          db[o] += here;
          for (let j = 0; j < inputs; j++) {
            dw[row + j] += here * input[from + j];
            if (below) below[from + j] += here * weight[row + j];
          }
        }
      }
      found[2 * k] = dw;
      found[2 * k + 1] = db;
      if (below) {
        const bent = this.kept[2 * k - 1];
        for (let at = 0; at < below.length; at++) {
          below[at] *= this.slope(bent[at]) * (masks ? masks[k - 1][at] : 1);
        }
        g = below;
      }
    }
    return found;
  }
}

/**
 * Return h W' + b, (n, outputs). Four outputs go side by side: a processor waits for a
 * sum before it adds to it again. The order of each sum stays the same.
 */
function affine(h, n, inputs, outputs, weight, bias) {
  const out = new Float64Array(n * outputs);
  for (let i = 0; i < n; i++) {
    const [from, to] = [i * inputs, i * outputs];
    let o = 0;
    for (; o + 3 < outputs; o += 4) {
      const row = o * inputs;
      let a = bias[o];
      let b = bias[o + 1];
      let c = bias[o + 2];
      let d = bias[o + 3];
      for (let j = 0; j < inputs; j++) {
        const value = h[from + j];
        a += weight[row + j] * value;
        b += weight[row + inputs + j] * value;
        c += weight[row + 2 * inputs + j] * value;
        d += weight[row + 3 * inputs + j] * value;
      }
      out[to + o] = a;
      out[to + o + 1] = b;
      out[to + o + 2] = c;
      out[to + o + 3] = d;
    }
    for (; o < outputs; o++) {
      let sum = bias[o];
      for (let j = 0; j < inputs; j++) sum += weight[o * inputs + j] * h[from + j];
      out[to + o] = sum;
    }
  }
  return out;
}

/** Mean binary cross-entropy in nats, and its gradient by each logit. */
function lossOf(logits, labels) {
  const n = labels.length;
  const gradient = new Float64Array(n);
  let total = 0;
  let right = 0;
  for (let i = 0; i < n; i++) {
    const z = logits[i];
    total += Math.max(z, 0) - z * labels[i] + Math.log1p(Math.exp(-Math.abs(z)));
    gradient[i] = (1 / (1 + Math.exp(-z)) - labels[i]) / n;
    right += (z > 0) === (labels[i] > 0.5) ? 1 : 0;
  }
  return { loss: total / n, accuracy: right / n, gradient };
}

/** AdamW with a proximal step for L1 on the weights, biases left alone by both. */
class AdamW {
  constructor(network, { rate, decay = 0, l1 = 0, betas = [0.9, 0.999], eps = 1e-8 }) {
    Object.assign(this, { network, rate, decay, l1, betas, eps, steps: 0 });
    this.first = network.parameters().map((p) => new Float64Array(p.length));
    this.second = network.parameters().map((p) => new Float64Array(p.length));
  }

  step(gradients) {
    this.steps += 1;
    const [b1, b2] = this.betas;
    const [c1, c2] = [1 - b1 ** this.steps, 1 - b2 ** this.steps];
    this.network.parameters().forEach((p, k) => {
      const [g, m, v] = [gradients[k], this.first[k], this.second[k]];
      const isWeight = k % 2 === 0;
      const shrink = isWeight ? 1 - this.rate * this.decay : 1;
      const threshold = isWeight ? this.rate * this.l1 : 0;
      for (let i = 0; i < p.length; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        let w = p[i] * shrink;
        w -= (this.rate / c1) * m[i] / (Math.sqrt(v[i] / c2) + this.eps);
        if (threshold > 0) w = Math.sign(w) * Math.max(Math.abs(w) - threshold, 0);
        p[i] = w;
      }
    });
  }
}

/** Inverted masks for every hidden layer, drawn from `coins`. */
function drawMasks(network, n, p, coins) {
  return network.sizes.slice(1, -1).map((width) =>
    Float64Array.from({ length: n * width }, () =>
      coins.uniform() < p ? 0 : 1 / (1 - p)));
}

/** One training run: a network, its optimizer, and what happened so far. */
class Run {
  /**
   * @param {Network} network is trained in place.
   * @param {object} settings rate, decay, l1, dropout, noise (sd of the inputs' noise),
   *     patience (looks without improvement; 0 never stops), batch (examples).
   * @param {object} data train and val: {x: Float64Array (n, 2), y: Float64Array (n)}.
   * @param {number} seed of order, masks and noise.
   */
  constructor(network, settings, data, seed) {
    Object.assign(this, { network, settings, data });
    this.coins = new Coins(seed);
    this.optimizer = new AdamW(network, settings);
    this.curves = { step: [], train: [], val: [], accuracy: [] };
    this.queue = [];
    this.best = { loss: Infinity, step: 0, network: null };
    this.waited = 0;
    this.stopped = 0; // the step at which early stopping ended the run
  }

  /** Train on the next batch; return its loss before the update. */
  step() {
    const { x, y } = this.data.train;
    const size = Math.min(this.settings.batch, y.length);
    if (this.queue.length < size) this.queue = this.coins.order(y.length);
    const chosen = this.chosen = this.queue.splice(0, size);
    const { noise, dropout } = this.settings;
    const input = new Float64Array(2 * size);
    chosen.forEach((from, to) => {
      for (const d of [0, 1]) {
        input[2 * to + d] = x[2 * from + d] + (noise ? noise * this.coins.normal() : 0);
      }
    });
    const masks = dropout ? drawMasks(this.network, size, dropout, this.coins) : null;
    const logits = this.network.forward(input, size, masks);
    const { loss, gradient } = lossOf(logits, chosen.map((i) => y[i]));
    this.optimizer.step(this.network.backward(gradient, size, masks));
    return loss;
  }

  /** Return loss and accuracy on both parts, in evaluation mode. */
  measure() {
    const [train, val] = ["train", "val"].map((part) => {
      const { x, y } = this.data[part];
      return lossOf(this.network.forward(x, y.length), y);
    });
    return { train, val };
  }

  /** Note both losses, and see whether it is time to stop. */
  look(scores = this.measure()) {
    const { train, val } = scores;
    this.curves.step.push(this.optimizer.steps);
    this.curves.train.push(train.loss);
    this.curves.val.push(val.loss);
    this.curves.accuracy.push(val.accuracy);
    this.scores = scores;
    if (val.loss < this.best.loss) {
      this.best = {
        loss: val.loss, step: this.optimizer.steps, network: this.network.copy(),
        accuracy: val.accuracy,
      };
      this.waited = 0;
    } else if (++this.waited >= this.settings.patience && this.settings.patience > 0) {
      this.stopped = this.optimizer.steps;
    }
    return !this.stopped;
  }
}
