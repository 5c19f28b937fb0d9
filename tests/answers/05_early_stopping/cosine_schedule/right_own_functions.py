import cmath


def warmup(step, base_lr, warmup_steps):
    return float(base_lr) * (step / warmup_steps)


def falling(t):
    return (1 + cmath.exp(1j * cmath.pi * t).real) / 2


def cosine_schedule(step, total_steps, base_lr, min_lr=0.0, warmup_steps=0):
    if step <= warmup_steps and warmup_steps > 0:
        return warmup(step, base_lr, warmup_steps)
    step, total_steps = step - warmup_steps, total_steps - warmup_steps
    return min_lr + (base_lr - min_lr) * falling(min(step / total_steps, 1.0))
