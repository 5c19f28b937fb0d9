class EncoderBlock(nn.Module):
    def __init__(self, d_model, heads, dim_feedforward, dropout):
        super().__init__()
        self.heads = heads
        self.drop = nn.Dropout(dropout)
        self.a, self.b = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        self.up = nn.Linear(d_model, dim_feedforward)
        self.down = nn.Linear(dim_feedforward, d_model)

    def forward(self, x):
        n, t, d = x.shape
        qkv = self.qkv(self.a(x)).view(n, t, 3, self.heads, d // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = self.drop(q @ k.transpose(-1, -2) / (d // self.heads) ** 0.5)
        z = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, d)
        x = x + self.drop(self.out(z))
        return x + self.drop(self.down(self.up(self.b(x)).relu()))
