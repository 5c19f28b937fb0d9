def bias_variance(predictions, truth):
    def one(col, y):
        m = col.mean()
        return (m - y) ** 2, ((col - m) ** 2).mean()

    b, v = torch.vmap(one, in_dims=(1, 0))(predictions, truth)
    return b.mean().item(), v.mean().item()
