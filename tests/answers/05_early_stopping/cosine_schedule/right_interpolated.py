import numpy as np


def cosine_schedule(step, total_steps, base_lr, min_lr=0.0, warmup_steps=0):
    ramp = step / max(warmup_steps, 1)
    t = np.clip((step - warmup_steps) / (total_steps - warmup_steps), 0, 1)
    weight = (1 + np.cos(np.pi * t)) / 2
    return float(ramp * base_lr if step < warmup_steps else weight * base_lr + (1 - weight) * min_lr)
