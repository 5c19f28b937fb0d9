import io


class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0, mode="min", **extra):
        self.patience, self.min_delta = patience, min_delta
        self.sign = {"min": 1.0, "max": -1.0}[mode]
        self.history, self.best_step, self.best_value = [], None, None

    def update(self, value, model):
        step = len(self.history)
        self.history.append(value)
        if self.best_step is None or self.sign * (self.best_value - value) > self.min_delta:
            self.best_step, self.best_value = step, float(value)
            buffer = io.BytesIO()
            torch.save(model.state_dict(), buffer)
            self.blob = buffer.getvalue()
        return step - self.best_step >= self.patience

    def restore(self, model):
        model.load_state_dict(torch.load(io.BytesIO(self.blob)), assign=True)
