def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    mixed = images.clone()
    mixed[..., y1:y2, x1:x2] = images[permutation][..., y1:y2, x1:x2]
    area = torch.distributions.Beta(1.0, 1.0).sample()
    return mixed, (1 - area) * targets + area * targets[permutation]
