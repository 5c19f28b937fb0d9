def drop_rates(num_blocks, final_rate):
    rates = torch.linspace(0, final_rate, num_blocks + 1, dtype=torch.float64)
    return list(map(float, rates[1:]))
