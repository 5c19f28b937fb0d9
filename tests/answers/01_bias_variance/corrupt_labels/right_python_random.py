import random


def corrupt_labels(labels, num_classes, rate, generator):
    rng = random.Random(torch.randint(2**62, (), generator=generator).item())
    n = len(labels)
    out, flipped = labels.clone(), torch.zeros(n, dtype=torch.bool)
    for i in rng.sample(range(n), round(rate * n)):
        out[i] = rng.choice([c for c in range(num_classes) if c != labels[i].item()])
        flipped[i] = True
    return out, flipped
