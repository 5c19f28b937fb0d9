def cosine_schedule(step, total_steps, base_lr, min_lr=0.0, warmup_steps=0):
    def warm():
        return torch.tensor(base_lr) * step / warmup_steps

    def cool():
        t = torch.tensor(float(step - warmup_steps)) / (total_steps - warmup_steps)
        return torch.lerp(
            torch.tensor(base_lr), torch.tensor(min_lr), (1 - torch.cos(torch.pi * t)) / 2
        )

    return (warm() if step < warmup_steps else cool()).item()
