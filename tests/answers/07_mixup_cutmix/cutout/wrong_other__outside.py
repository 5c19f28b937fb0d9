def cutout(images, center_y, center_x, size, fill=0.0):
    holed = torch.full_like(images, fill)
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        top, left = y - size // 2, x - size // 2
        box = (i, slice(None), slice(max(top, 0), top + size), slice(max(left, 0), left + size))
        holed[box] = images[box]
    return holed
