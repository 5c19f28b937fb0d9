class Net(nn.Module):
    def __init__(self, i, h, o, p):
        super().__init__()
        self.p = p
        self.lins = nn.ModuleList(); self.norms = nn.ModuleList()
        for w in h:
            l = nn.Linear(i, w); nn.init.kaiming_normal_(l.weight, nonlinearity="relu")
            self.lins.append(l); self.norms.append(nn.BatchNorm1d(w)); i = w
        self.out = nn.Linear(i, o)
    def forward(self, x):
        for k, (l, n) in enumerate(zip(self.lins, self.norms)):
            x = F.relu(n(l(x)))
            if k < len(self.lins) - 1:
                x = F.dropout(x, self.p)
        return self.out(x)
def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    return Net(input_dim, hidden_dims, output_dim, dropout_rate)
