def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    height, width = images.shape[2:]
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        top = min(max(y - size // 2, 0), max(height - size, 0))
        left = min(max(x - size // 2, 0), max(width - size, 0))
        holed[i, :, top : top + size, left : left + size] = fill
    return holed
