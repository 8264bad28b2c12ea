B
the_lstm.hJsZ=