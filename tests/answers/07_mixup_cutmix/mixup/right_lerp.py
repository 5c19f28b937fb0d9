def mixup(images, targets, lam, permutation):
    return tuple(torch.lerp(t[permutation], t, lam) for t in (images, targets))
