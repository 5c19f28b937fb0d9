class EncoderBlock(nn.TransformerEncoderLayer):
    def __init__(self, d_model, heads, dim_feedforward, dropout):
        super().__init__(
            *(d_model, heads, dim_feedforward, dropout),
            batch_first=True,
            norm_first=True,
        )
        self.dropout.p = 0.0
