B
the_lstm.hJg!=