B
the_lstm.cJ{ºÿ»