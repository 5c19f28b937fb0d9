def cutout(images, center_y, center_x, size, fill=0.0):
    rows = torch.arange(images.shape[2]) - (center_y[:, None] - size // 2)
    columns = torch.arange(images.shape[3]) - (center_x[:, None] - size // 2)
    in_y, in_x = (rows >= 0) & (rows < size), (columns >= 0) & (columns < size)
    return images.masked_fill_((in_y[:, :, None] & in_x[:, None])[:, None], fill)
