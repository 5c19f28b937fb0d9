def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    layers, inside = [], input_dim
    for place, outside in enumerate(hidden_dims):
        lin = nn.Linear(inside, outside); nn.init.normal_(lin.weight, std=2 / inside)
        layers += [lin, nn.BatchNorm1d(outside), nn.ReLU()]
        if place < len(hidden_dims) - 1:
            layers.append(nn.Dropout(dropout_rate))
        inside = outside
    return nn.Sequential(*layers, nn.Linear(inside, output_dim))
