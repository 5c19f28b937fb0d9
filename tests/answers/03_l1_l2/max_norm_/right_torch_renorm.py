def max_norm_(weight, max_norm):
    weight.data = torch.renorm(weight.data, p=2, dim=0, maxnorm=max_norm)
