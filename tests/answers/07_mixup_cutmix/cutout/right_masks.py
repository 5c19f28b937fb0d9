def cutout(images, center_y, center_x, size, fill=0.0):
    n, _, height, width = images.shape
    top, left = center_y - size // 2, center_x - size // 2
    rows, columns = torch.arange(height), torch.arange(width)
    in_y = (rows >= top[:, None]) & (rows < top[:, None] + size)
    in_x = (columns >= left[:, None]) & (columns < left[:, None] + size)
    return images.masked_fill((in_y[:, :, None] & in_x[:, None, :])[:, None], fill)
