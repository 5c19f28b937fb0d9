import io


class EarlyStopping:
    """Keep the best weights as a file in memory."""

    def __init__(self, patience=5, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.values = []
        self.best_value = self.best_step = None

    def gain(self, value):
        difference = value - self.best_value
        return difference if self.mode == "max" else -difference

    def update(self, value, model):
        self.values.append(value)
        if self.best_step is None or self.gain(value) > self.min_delta:
            self.best_value, self.best_step = value, len(self.values) - 1
            self.file = io.BytesIO()
            torch.save(model.state_dict(), self.file)
        return len(self.values) - 1 - self.best_step >= self.patience

    def restore(self, model):
        self.file.seek(0)
        model.load_state_dict(torch.load(self.file, weights_only=True), assign=True)
