from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any


@dataclass
class EarlyStopping:
    patience: int = 5
    min_delta: float = 0.0
    mode: str = "min"
    best_step: int = -1
    _seen: int = field(default=0, init=False)
    _kept: Any = field(default=None, init=False)

    def __post_init__(self):
        self.best_value = torch.inf if self.mode == "min" else -torch.inf

    def _better(self, value):
        gain = self.best_value - value if self.mode == "min" else value - self.best_value
        return gain > self.min_delta

    def update(self, value, model) -> bool:
        if self._better(value):
            self.best_value, self.best_step = value, self._seen
            self._kept = [t.clone() for t in model.state_dict().values()]
        self._seen += 1
        return self._seen - 1 - max(self.best_step, -1) >= self.patience

    @torch.no_grad()
    def restore(self, model):
        for mine, theirs in zip(self._kept, model.state_dict().values()):
            theirs.copy_(mine)
