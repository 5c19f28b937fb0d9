def drop_rates(num_blocks, final_rate):
    return torch.arange(1, num_blocks + 1) / num_blocks * final_rate
