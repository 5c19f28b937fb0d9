def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    mask = torch.zeros(images.shape[-2:], dtype=torch.bool)
    mask[y1:y2, x1:x2] = True
    lam = 1 - mask.double().mean().item()
    return torch.where(mask, images[permutation], images), torch.lerp(targets[permutation], targets, lam)
