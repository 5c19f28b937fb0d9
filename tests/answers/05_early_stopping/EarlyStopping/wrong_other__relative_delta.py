import copy


class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best_value, self.best_step = None, -1
        self.step, self.waited, self.kept = 0, 0, None

    def better(self, value):
        if self.best_value is None:
            return True
        if self.mode == "max":
            return value > self.best_value * (1 + self.min_delta)
        return value < self.best_value * (1 - self.min_delta)

    def update(self, value, model):
        if self.better(value):
            self.best_value, self.best_step = value, self.step
            self.waited = 0
            self.kept = copy.deepcopy(model.state_dict())
        else:
            self.waited += 1
        self.step += 1
        return self.waited >= self.patience

    def restore(self, model):
        model.load_state_dict(self.kept)
