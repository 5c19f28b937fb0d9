def drop_rates(num_blocks, final_rate):
    return torch.linspace(final_rate / num_blocks, final_rate, num_blocks).tolist()
