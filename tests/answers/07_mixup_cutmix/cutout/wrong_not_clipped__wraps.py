def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    height, width = images.shape[2:]
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        rows = (torch.arange(size) + y - size // 2) % height
        columns = (torch.arange(size) + x - size // 2) % width
        holed[i, :, rows[:, None], columns] = fill
    return holed
