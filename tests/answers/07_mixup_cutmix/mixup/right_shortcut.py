def mixup(images, targets, lam, permutation):
    if lam == 1:
        return images, targets
    x = torch.gather(images.flatten(1), 0, permutation[:, None].expand(-1, images[0].numel()))
    return lam * images + (1 - lam) * x.view_as(images), lam * targets + (1 - lam) * targets[permutation]
