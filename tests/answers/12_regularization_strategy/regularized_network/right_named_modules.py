def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    net = nn.Sequential()
    sizes = [input_dim] + list(hidden_dims)
    for k in range(len(hidden_dims)):
        net.add_module(f"lin{k}", nn.Linear(sizes[k], sizes[k + 1]))
        net.add_module(f"bn{k}", nn.BatchNorm1d(sizes[k + 1]))
        net.add_module(f"act{k}", nn.ReLU(inplace=True))
        if k != len(hidden_dims) - 1:
            net.add_module(f"drop{k}", nn.Dropout(p=dropout_rate, inplace=True))
    net.add_module("out", nn.Linear(sizes[-1], output_dim))
    for m in list(net)[:-1]:
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, 0.0, (2 / m.in_features) ** 0.5)
            nn.init.zeros_(m.bias)
    return net
