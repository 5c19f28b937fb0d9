def cut_box(height, width, lam, center_y, center_x):
    h, w = max(1, int(height * math.sqrt(1 - lam) / 2)), max(1, int(width * math.sqrt(1 - lam) / 2))
    return max(center_y - h, 0), min(center_y + h, height), max(center_x - w, 0), min(center_x + w, width)
