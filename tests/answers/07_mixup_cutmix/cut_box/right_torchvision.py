def cut_box(height, width, lam, center_y, center_x):
    r = 0.5 * (1.0 - lam) ** 0.5
    x1 = int(torch.clamp(torch.tensor(center_x) - int(r * width), min=0))
    y1 = int(torch.clamp(torch.tensor(center_y) - int(r * height), min=0))
    x2 = int(torch.clamp(torch.tensor(center_x) + int(r * width), max=width))
    y2 = int(torch.clamp(torch.tensor(center_y) + int(r * height), max=height))
    return (y1, y2, x1, x2)
