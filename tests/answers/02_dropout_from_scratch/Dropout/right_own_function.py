def _drop(x, p):
    if p == 1:
        return x * 0
    return x * (torch.rand_like(x) >= p) / (1 - p)


class Dropout(torch.nn.Module):
    def __init__(self, p):
        torch.nn.Module.__init__(self)
        assert_p(p)
        self._p = p

    def forward(self, inputs):
        return {True: lambda: _drop(inputs, self._p), False: lambda: inputs}[self.training]()


def assert_p(p):
    if not (p >= 0 and p <= 1):
        raise ValueError("not a probability")
