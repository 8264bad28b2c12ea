B
the_lstm.cJx“=fW:¾qÂ·»ş.¾#é¾