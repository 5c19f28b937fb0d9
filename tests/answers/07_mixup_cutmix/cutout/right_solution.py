def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist(), strict=True)):
        top, left = y - size // 2, x - size // 2
        holed[i, :, max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = fill
    return holed
