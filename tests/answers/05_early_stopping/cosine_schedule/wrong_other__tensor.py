def cosine_schedule(step, total_steps, base_lr, min_lr=0.0, warmup_steps=0):
    if step < warmup_steps:
        return torch.tensor(base_lr * step / warmup_steps)
    t = torch.tensor((step - warmup_steps) / (total_steps - warmup_steps))
    return min_lr + 0.5 * (base_lr - min_lr) * (1 + torch.cos(torch.pi * t))
