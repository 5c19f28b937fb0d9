import math


class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0, mode="min"):
        self.sign = -1.0 if mode == "max" else 1.0
        self.patience = patience
        self.min_delta = min_delta
        self._best = math.inf
        self._step = -1
        self.best_step = 0

    @property
    def best_value(self):
        return self.sign * self._best

    def update(self, value, model):
        self._step += 1
        score = self.sign * value
        if score < self._best - self.min_delta:
            self._best, self.best_step = score, self._step
            self.weights = {k: t.detach().clone() for k, t in model.state_dict().items()}
        return self._step - self.best_step >= self.patience

    @torch.no_grad()
    def restore(self, model):
        for key, tensor in model.state_dict().items():
            tensor.copy_(self.weights[key])
