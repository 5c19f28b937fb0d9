def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    layers, inside = [], input_dim
    for place, outside in enumerate(hidden_dims):
        if place: layers.append(nn.Dropout(dropout_rate))
        else: layers.append(nn.Dropout(dropout_rate))
        lin = nn.Linear(inside, outside); nn.init.kaiming_normal_(lin.weight, nonlinearity="relu")
        layers += [lin, nn.BatchNorm1d(outside), nn.ReLU()]
        inside = outside
    return nn.Sequential(*layers, nn.Linear(inside, output_dim))
