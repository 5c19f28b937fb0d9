def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    h, w = images.shape[-2:]
    inside = F.pad(torch.ones(y2 - y1, x2 - x1), (x1, w - x2, y1, h - y2)).bool()
    mixed = images.masked_fill(inside, 0) + images[permutation].masked_fill(~inside, 0)
    area = (y2 - y1) * (x2 - x1)
    return [mixed, (targets * (h * w - area) + targets[permutation] * area) / (h * w)]
