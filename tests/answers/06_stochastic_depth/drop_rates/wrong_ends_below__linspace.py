def drop_rates(num_blocks, final_rate):
    return torch.linspace(0, final_rate, num_blocks + 1)[:-1].tolist()
