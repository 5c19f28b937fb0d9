class AdamW(torch.optim.AdamW):
    pass
