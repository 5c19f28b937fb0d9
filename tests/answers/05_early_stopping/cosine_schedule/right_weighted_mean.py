import math


def cosine_schedule(step, total_steps, base_lr, min_lr=0.0, warmup_steps=0):
    """Walk from base_lr to min_lr; sin² is the part of the way that is done."""
    ramp = step / warmup_steps if warmup_steps else 1.0
    if ramp < 1.0:
        return ramp * base_lr
    part = (step - warmup_steps) / (total_steps - warmup_steps)
    done = math.sin(0.5 * math.pi * part) ** 2
    return done * min_lr + (1.0 - done) * base_lr
