from copy import deepcopy
from operator import gt, lt


class EarlyStopping:
    def __init__(self, patience: int = 5, min_delta: float = 0.0, mode: str = "min"):
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
        self.compare, self.delta = (lt, -min_delta) if mode == "min" else (gt, min_delta)
        self.left = self.patience = patience
        self.history = []
        self.best_value = float("inf") if mode == "min" else -float("inf")
        self.best_step = None
        self.best_model = None

    def update(self, value: float, model: nn.Module) -> bool:
        self.history.append(value)
        self.left -= 1
        if self.compare(value, self.best_value + self.delta):
            self.left = self.patience
            self.best_value = value
            self.best_step = len(self.history) - 1
            self.best_model = deepcopy(model)
        return self.left <= 0

    def restore(self, model: nn.Module) -> None:
        with torch.no_grad():
            for mine, theirs in zip(model.parameters(), self.best_model.parameters()):
                mine.copy_(theirs)
            for mine, theirs in zip(model.buffers(), self.best_model.buffers()):
                mine.copy_(theirs)
