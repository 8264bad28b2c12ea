B
the_lstm.hJνιω½