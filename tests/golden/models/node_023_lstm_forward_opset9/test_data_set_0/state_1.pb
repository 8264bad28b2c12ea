B
the_lstm.hJl³6=