def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    other = images.index_select(0, permutation)
    rows, columns = torch.arange(images.size(2)), torch.arange(images.size(3))
    inside = ((rows >= y1) & (rows < y2)).outer((columns >= x1) & (columns < x2))
    share = inside.sum().item() / inside.numel()
    inside = inside.to(images.dtype)
    return other * inside + images * (1 - inside), targets + share * (targets[permutation] - targets)
