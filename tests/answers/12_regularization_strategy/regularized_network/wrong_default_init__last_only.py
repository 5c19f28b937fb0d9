def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    layers, inside = [], input_dim
    for place, outside in enumerate(hidden_dims):
        lin = nn.Linear(inside, outside)
        layers += [lin, nn.BatchNorm1d(outside), nn.ReLU()]
        if place < len(hidden_dims) - 1:
            layers.append(nn.Dropout(dropout_rate))
        inside = outside
    nn.init.kaiming_normal_(lin.weight, nonlinearity="relu")
    return nn.Sequential(*layers, nn.Linear(inside, output_dim))
