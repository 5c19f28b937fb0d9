import copy


class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best_value = float("inf") if mode == "min" else -float("inf")
        self.best_step, self.calls, self.bad, self.best = -1, 0, 0, None

    def update(self, value, model):
        if self.mode == "min":
            better = value < self.best_value - self.min_delta
        else:
            better = value > self.best_value + self.min_delta
        if better:
            self.best_value, self.best_step, self.bad = value, self.calls, 0
            self.best = copy.deepcopy(model.state_dict())
        else:
            self.bad += 1
            self.best_value = value
        self.calls += 1
        return self.bad >= self.patience

    def restore(self, model):
        model.load_state_dict(self.best)
