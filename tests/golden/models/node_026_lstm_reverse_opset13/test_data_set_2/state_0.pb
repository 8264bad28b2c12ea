B
the_lstm.cJä\¾