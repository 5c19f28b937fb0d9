import torch.nn.functional as F


class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return torch.zeros_like(x)
        keep = torch.distributions.Bernoulli(probs=1 - self.p).sample(x.shape).to(x)
        return x * keep / (1 - self.p)
