B
the_lstm.cJра`╬