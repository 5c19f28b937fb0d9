class EncoderBlock(nn.Module):
    def __init__(self, d_model, heads, dim_feedforward, dropout):
        super().__init__()
        self.heads, self.p = heads, dropout
        self.a, self.b = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        self.feed = nn.Sequential(
            nn.Linear(d_model, dim_feedforward),
            nn.ReLU(),
            nn.Linear(dim_feedforward, d_model),
            nn.Dropout(dropout),
        )

    def forward(self, x):
        n, t, d = x.shape
        qkv = self.qkv(self.a(x)).view(n, t, 3, self.heads, d // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) / (d // self.heads) ** 0.5).softmax(-1)
        weights = F.dropout(weights, self.p, self.training)
        mixed = self.out((weights @ v).transpose(1, 2).reshape(n, t, d))
        x = x + F.dropout(mixed, self.p, self.training)
        return x + self.feed(self.b(x))
