def depth_distribution(rates):
    n = len(rates) + 1
    p = torch.tensor(rates, dtype=torch.complex128)
    z = torch.exp(-2j * torch.pi * torch.arange(n, dtype=torch.float64) / n)
    values = (p[:, None] + (1 - p)[:, None] * z).prod(0)
    return torch.fft.ifft(values).real
