def cutout(images, center_y, center_x, size, fill=0.0):
    """Pad so widely that no square sticks out, and cut the border off again."""
    pad = size + 1
    wide = F.pad(images, [pad] * 4)
    for i in range(len(wide)):
        top = center_y[i].item() + pad - size // 2
        left = center_x[i].item() + pad - size // 2
        wide[i, :, top : top + size, left : left + size] = fill
    return wide[:, :, pad:-pad, pad:-pad].contiguous()
