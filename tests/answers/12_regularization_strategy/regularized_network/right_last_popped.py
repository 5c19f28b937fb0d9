def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    def init(m):
        if isinstance(m, nn.Linear):
            nn.init.kaiming_uniform_(m.weight, mode="fan_in", nonlinearity="relu")
    layers = []
    for a, b in zip([input_dim, *hidden_dims], hidden_dims):
        layers += [nn.Linear(a, b, bias=False), nn.BatchNorm1d(b), nn.ReLU(), nn.Dropout(dropout_rate)]
    layers.pop()
    layers.append(nn.Linear(hidden_dims[-1], output_dim))
    return nn.Sequential(*layers).apply(init)
